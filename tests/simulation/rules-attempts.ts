import type { FinalState, TaskAttempt } from '../../src/domain/task.ts'
import type { Observed, Try } from './observed.ts'
import { entriesOf } from './observed.ts'
import type { Breach } from './rules.ts'
import type { Act } from './world.ts'

/** Attempts of a task are numbered on from those on record, never overlap, and are no more than allowed. */
export function* attemptsAreNumbered({ triesOf, recorded, policy }: Observed): Iterable<Breach> {
  for (const [id, tries] of triesOf) {
    const before = recorded.numbered.get(id) ?? 0
    const counted = recorded.counted.get(id) ?? 0
    for (const [position, { number, index, startAt }] of tries.entries()) {
      if (number !== before + position + 1) {
        yield { message: `attempt ${number} of ${id} follows ${before + position}`, index }
      }
      // Whatever is on record, one more is made.
      if (position > 0 && counted + position + 1 > policy.retry.maxAttempts) {
        yield {
          message: `attempt ${counted + position + 1} of ${id}, and ${policy.retry.maxAttempts} are allowed`,
          index,
        }
      }
      const previous = tries[position - 1]?.record
      if (previous !== undefined && previous.endedAt > startAt)
        yield { message: `two attempts at ${id} at once`, index }
    }
  }
}

/** What the hooks and results tell of attempts is what the handler saw: each once, announced before it began. */
export function* attemptsAreTold({ log, tries, results }: Observed): Iterable<Breach> {
  const announced = new Set<string>()
  for (const [index, entry] of log.entries()) {
    if (entry.kind !== 'announced' && entry.kind !== 'start') continue
    const key = `${entry.task}/${entry.attempt}`
    const after = log[index + 1]?.kind
    if (entry.kind === 'announced') {
      if (announced.has(key)) yield { message: `${key} was announced twice`, index }
      // What ends the run at this very moment keeps it from beginning.
      if (after !== 'cancel' && after !== 'hook-fault') announced.add(key)
    } else if (!announced.has(key)) yield { message: `${key} began unannounced`, index }
  }
  const seen = new Map(tries.map((one) => [`${one.task.id}/${one.number}`, one]))
  if (announced.size !== seen.size)
    yield { message: `${announced.size} attempts were announced and ${seen.size} began` }
  const told = entriesOf(log, 'attempt').map(({ task, record }) => `${task}/${record.number}`)
  if (new Set(told).size !== told.length) yield { message: 'an attempt was told twice' }
  for (const { task, attempts, state } of results) {
    for (const [position, { number, startedAt }] of attempts.entries()) {
      const key = `${task.id}/${number}`
      if (seen.get(key)?.startAt !== startedAt)
        yield { message: `${key} is in a result and was not seen to begin then` }
      const isLast = position === attempts.length - 1
      if (!isLast && !told.includes(key)) yield { message: `${key} was followed by another and not told` }
      // The wait for the next attempt may have been cut off.
      if (isLast && state !== 'cancelled' && told.includes(key))
        yield { message: `${key} was the last and told as if another followed` }
    }
  }
}

/** Milliseconds after which a handler is done of its own. */
function naturalMs(act: Act): number {
  return 'afterMs' in act ? act.afterMs : Infinity
}

const endings: Readonly<Record<Act['kind'], FinalState>> = {
  succeed: 'succeeded',
  fail: 'failed',
  throw: 'error',
  overload: 'error',
  hang: 'timeout',
  obey: 'timeout',
  late: 'timeout',
}

/** Each attempt ended as its handler, its limit or a cancellation had it, at that moment, and late answers count for nothing. */
export function* attemptsEndAsTheyShould(seen: Observed): Iterable<Breach> {
  for (const one of seen.tries) {
    const { record, index, task, number } = one
    if (record === undefined) continue
    const problem = misjudged(one, record, seen)
    if (problem !== undefined) yield { message: `attempt ${number} of ${task.id}: ${problem}`, index }
  }
}

function misjudged(one: Try, record: TaskAttempt, seen: Observed): string | undefined {
  const { act, startAt, limitMs, answerAt, abortAt } = one
  const { state, endedAt } = record
  const graceMs = seen.world.graceMs
  if (endedAt > seen.endedAt + graceMs) return `it went on for more than ${graceMs} ms after the end of the run`
  const heeds = act.kind === 'obey' || act.kind === 'late'
  if (heeds && endedAt > seen.endedAt && abortAt !== seen.endedAt) return 'it was not told of the end of the run'
  const atLimit = endedAt === startAt + limitMs
  if (endedAt > startAt + limitMs) return `it went on for ${endedAt - startAt} of ${limitMs} ms`
  if (state === 'timeout') {
    if (!atLimit) return `timeout after ${endedAt - startAt} of ${limitMs} ms`
    if (startAt + naturalMs(act) < endedAt) return `timeout, and it was ${endings[act.kind]} before`
    if (heeds && abortAt === undefined) return 'its signal did not abort'
    return undefined
  }
  if (state === 'cancelled')
    return endedAt < seen.endedAt ? 'cancelled, and nobody wished it' : badlyCancelled(act, endedAt, seen)
  if (answerAt !== endedAt) return `${state} at ${endedAt}, and the handler answered at ${answerAt}`
  const isGrace = endedAt >= seen.endedAt
  if (act.kind === 'late' && isGrace) return undefined
  if (endings[act.kind] !== state) return `${state}, and its handler ${act.kind}`
  if ('usage' in act && act.usage?.tokens !== record.usage?.tokens) return 'its usage was lost'
  return undefined
}

function badlyCancelled(act: Act, endedAt: number, { endedAt: wishedAt, world }: Observed): string | undefined {
  const waitedMs = endedAt - wishedAt
  if (waitedMs > world.graceMs)
    return `it was left alone for ${waitedMs} ms after the end, and ${world.graceMs} are granted`
  if (act.kind === 'succeed' && waitedMs < world.graceMs && waitedMs > 0) return 'cancelled before the grace was over'
  return undefined
}

/** Whether an attempt that ended like this may be followed by another, by its class alone. */
function mayRepeat({ act, record }: Try, { policy }: Observed): boolean {
  if (record?.error === undefined || record.error.class === 'cancelled') return false
  if (record.state === 'failed' && act.kind === 'fail' && act.retry !== undefined) return act.retry
  if (record.state === 'error' && act.kind === 'throw' && act.final !== undefined) return false
  return policy.retry.on.includes(record.error.class)
}

/** Only what may end better is tried again. */
export function* retriesAreAllowed(seen: Observed): Iterable<Breach> {
  for (const [id, tries] of seen.triesOf) {
    for (const one of tries.slice(0, -1)) {
      if (!mayRepeat(one, seen))
        yield { message: `${id} was tried again after ${one.record?.error?.class}`, index: one.index }
    }
  }
}

/** What may end better is tried again while attempts are left and nothing stands against it. */
export function* retriesAreMade(seen: Observed): Iterable<Breach> {
  const { over, policy, tries, recorded } = seen
  if (over === undefined || over.stopped !== undefined || policy.retry.budget !== undefined) return
  for (const one of tries) {
    const before = (recorded.numbered.get(one.task.id) ?? 0) - (recorded.counted.get(one.task.id) ?? 0)
    const counted = one.number - before
    if (one.final && counted < policy.retry.maxAttempts && mayRepeat(one, seen)) {
      yield {
        message: `${one.task.id} was given up after attempt ${counted} of ${policy.retry.maxAttempts}`,
        index: one.index,
      }
    }
  }
}

/** Retries over all tasks keep to their budget. */
export function* retriesKeepToTheirBudget({ policy, tries, recorded }: Observed): Iterable<Breach> {
  const { budget } = policy.retry
  if (budget === undefined) return
  let firsts = 0
  let retries = 0
  for (const { number, index, task } of tries) {
    if (number === (recorded.numbered.get(task.id) ?? 0) + 1) firsts++
    else retries++
    if (retries > budget.reserve + budget.ratio * firsts + 1e-9) {
      yield { message: `${retries} retries after ${firsts} first attempts`, index }
    }
  }
}

/** No attempt begins before its backoff or Retry-After has ended, and none waits longer than these. */
export function* backoffIsKept({ triesOf, policy }: Observed): Iterable<Breach> {
  const { backoffSeconds, backoffMultiplier, maxBackoffSeconds, jitter } = policy.retry
  for (const [id, tries] of triesOf) {
    for (const [position, one] of tries.entries()) {
      const previous = tries[position - 1]
      if (previous?.record === undefined) continue
      const bound = 1000 * Math.min(maxBackoffSeconds, backoffSeconds * backoffMultiplier ** (previous.number - 1))
      const asked =
        previous.record.state === 'error' && previous.act.kind === 'overload' ? previous.act.retryAfterMs : 0
      const least = asked || (jitter === 'none' ? bound : 0)
      const most = asked === undefined || asked === 0 ? bound : asked * 1.2
      const waited = one.startAt - previous.record.endedAt
      // Waits are rounded to whole milliseconds.
      if (waited < least - 0.5) yield { message: `${id} began again after ${waited} of ${least} ms`, index: one.index }
      if (one.record === undefined) continue
      const ours = waited - one.record.queueMs - one.record.rateMs
      if (ours > most + 1.5) yield { message: `${id} waited ${ours} ms, and ${most} were due`, index: one.index }
    }
  }
}

/** Times are what a clock would have shown: never negative, nothing of our own waiting in the service time. */
export function* timesAreTrue({ triesOf, beginAt }: Observed): Iterable<Breach> {
  for (const [id, tries] of triesOf) {
    for (const [position, { record, limitMs, index, startAt }] of tries.entries()) {
      if (record === undefined) continue
      const { serviceMs, queueMs, rateMs, startedAt, endedAt } = record
      const since = tries[position - 1]?.record?.endedAt ?? beginAt
      const problems = [
        serviceMs < 0 || queueMs < 0 || rateMs < 0 ? 'a negative time' : '',
        serviceMs > limitMs ? `${serviceMs} ms of service within ${limitMs}` : '',
        startedAt !== startAt ? `begun at ${startedAt}, seen at ${startAt}` : '',
        Math.abs(endedAt - startedAt - serviceMs) > 1e-6
          ? `${serviceMs} ms of service from ${startedAt} to ${endedAt}`
          : '',
        queueMs + rateMs > startAt - since + 1e-6
          ? `${queueMs} + ${rateMs} ms of waiting within ${startAt - since}`
          : '',
      ]
      for (const problem of problems) if (problem !== '') yield { message: `${id}: ${problem}`, index }
    }
  }
}
