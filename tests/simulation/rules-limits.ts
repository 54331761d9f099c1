import type { Entry } from './log.ts'
import type { Observed, Try } from './observed.ts'
import { endOf } from './observed.ts'
import type { Breach } from './rules.ts'

/** Attempts that are surely still under way when another one starts: begun earlier in the log and over later. */
function inFlightAt(seen: Observed, index: number): readonly Try[] {
  const at = seen.log[index]?.at ?? 0
  return seen.tries.filter((one) => one.index < index && endOf(one) > at)
}

/** Never more attempts at once than the policy allows, nor than the adaptive width at the start of each. */
export function* widthIsKept(seen: Observed): Iterable<Breach> {
  const { policy, tries } = seen
  const least = Math.min(policy.adaptive?.min ?? policy.concurrency, policy.concurrency)
  for (const { index, width } of tries) {
    const busy = inFlightAt(seen, index).length + 1
    if (busy > policy.concurrency)
      yield { message: `${busy} attempts at once, and ${policy.concurrency} are allowed`, index }
    if (busy > width) yield { message: `${busy} attempts at once within a width of ${width}`, index }
    if (width < least || width > policy.concurrency) yield { message: `a width of ${width}`, index }
  }
}

/**
 * The adaptive width shrinks only after an overload, and one overload leaves its share of it: attempts that were begun
 * before an overload was noticed belong to it.
 */
export function* widthShrinksForAReason({ policy, log, tries }: Observed): Iterable<Breach> {
  const { adaptive } = policy
  if (adaptive === undefined) return
  const overloads = overloadsIn(tries)
  const least = Math.min(adaptive.min, policy.concurrency)
  let width = Math.max(Math.min(adaptive.start, policy.concurrency), least)
  let sampledAt = -Infinity
  let noticedAt = -Infinity
  let floor = width
  for (const [index, entry] of log.entries()) {
    const next = widthIn(entry)
    if (next === undefined) continue
    if (next < width) {
      const from = sampledAt
      const causes = overloads.filter(({ at }) => at >= from && at <= entry.at)
      if (causes.length === 0) yield { message: `the width fell from ${width} to ${next} without an overload`, index }
      let lowest = width
      for (const { at, startAt } of causes) {
        if (startAt <= noticedAt) continue
        noticedAt = at
        // With several in one moment it does not show which of them came first.
        floor = Math.max(least, Math.floor((causes.length > 1 ? next : lowest) * adaptive.decrease))
        lowest = Math.min(lowest, floor)
      }
      if (next < floor) yield { message: `a cut from ${width} to ${next}, and ${floor} has to be left`, index }
    }
    sampledAt = entry.at
    width = next
  }
}

function widthIn(entry: Entry): number | undefined {
  return entry.kind === 'start' || entry.kind === 'width' ? entry.width : undefined
}

/** In every window of every length no more tokens are given than the bucket holds: burst + rate × t. */
export function* rateIsKept({ policy, log, tries, world }: Observed): Iterable<Breach> {
  const limit = policy.rateLimit
  if (limit === undefined) return
  const grants = world.sharedLimiter
    ? grantsIn(log)
    : tries.map(({ task, startAt, index }) => ({ tokens: task.weight ?? 1, at: startAt, index }))
  const perMs = limit.perMinute / 60_000
  // The highest fill that a window ending here can have: a bucket that leaks at the rate.
  let fill = 0
  let last = 0
  const asked = overloadsIn(tries).filter(({ isAsked }) => isAsked)
  for (const { tokens, at, index } of grants) {
    // Retry-After holds for everybody, and no burst comes right behind it.
    for (let pause = asked[0]; pause !== undefined && pause.at < at; pause = asked[0]) {
      fill = Math.max(0, fill - (pause.at - last) * perMs, limit.burst + pause.forMs * perMs)
      last = pause.at
      asked.shift()
    }
    fill = Math.max(0, Math.max(0, fill - (at - last) * perMs) + tokens)
    last = at
    if (fill > limit.burst + 1e-6) yield { message: `${fill.toFixed(3)} tokens in a bucket of ${limit.burst}`, index }
  }
  if (!world.sharedLimiter) return
  const granted = grants.reduce((sum, { tokens }) => sum + tokens, 0)
  const spent = tries.reduce((sum, { task }) => sum + (task.weight ?? 1), 0)
  if (spent > granted) yield { message: `${spent} tokens were spent and ${granted} given` }
}

/** When the other side had too much to do, and for how long it asked to be left alone, if it did. */
interface Overload {
  readonly at: number
  readonly startAt: number
  readonly forMs: number
  readonly isAsked: boolean
}

function overloadsIn(tries: readonly Try[]): Overload[] {
  return tries
    .flatMap(({ act, answerAt, startAt, limitMs }) => {
      if (act.kind !== 'overload' || answerAt === undefined || answerAt >= startAt + limitMs) return []
      return [{ at: answerAt, startAt, forMs: act.retryAfterMs ?? 0, isAsked: act.retryAfterMs !== undefined }]
    })
    .toSorted((one, other) => one.at - other.at)
}

/** What a bucket from outside gave; what came back counts as negative. */
function grantsIn(
  log: readonly Entry[],
): readonly { readonly tokens: number; readonly at: number; readonly index: number }[] {
  return log.flatMap((entry, index) => {
    if (entry.kind === 'grant') return [{ tokens: entry.tokens, at: entry.at, index }]
    return entry.kind === 'refund' ? [{ tokens: -entry.tokens, at: entry.at, index }] : []
  })
}

/** A batch begins when the last one is over and the pause has passed. */
export function* batchesAreKept(seen: Observed): Iterable<Breach> {
  const { policy, offered, triesOf, results } = seen
  const size = policy.batchSize
  const isUntold = seen.world.receiver === 'keep' && seen.over === undefined
  if (size === undefined || isUntold) return
  // A task that was cancelled was over only then, and no other batch begins.
  const ended = results.filter(({ state }) => state !== 'cancelled')
  const finished = new Map(ended.map(({ task, attempts }) => [task.id, attempts.at(-1)?.endedAt ?? -Infinity]))
  let overAt = -Infinity
  for (let from = 0; from < offered.length; from += size) {
    const batch = offered.slice(from, from + size)
    const starts = batch.flatMap((id) => triesOf.get(id)?.[0] ?? [])
    for (const { startAt, index, task } of starts) {
      if (startAt < overAt) yield { message: `${task.id} began before the last batch was over`, index }
      else if (startAt < overAt + policy.batchPauseSeconds * 1000)
        yield { message: `${task.id} began in the pause`, index }
    }
    // A task of a batch that has no result is not over, and no later batch may have begun.
    const ends = batch.map((id) => finished.get(id) ?? Infinity)
    overAt = Math.max(overAt, ...ends)
  }
}

/** Nothing begins while the run is held. */
export function* pausesAreKept({ log }: Observed): Iterable<Breach> {
  let held = false
  for (const [index, { kind }] of log.entries()) {
    if (kind === 'pause') held = true
    if (kind === 'resume') held = false
    if (kind === 'start' && held) yield { message: 'an attempt began in a pause', index }
  }
}

/** Nothing begins while the receiver has as many results and attempts in its hands as may run at once. */
export function* receiverIsNotFlooded({ log, world, policy }: Observed): Iterable<Breach> {
  let results = 0
  let attempts = 0
  let untaken = 0
  for (const [index, { kind }] of log.entries()) {
    if (kind === 'result' && world.receiverMs(results++) > 0) untaken++
    if (kind === 'attempt' && world.attemptMs(attempts++) > 0) untaken++
    if (kind === 'taken') untaken--
    if (kind === 'start' && untaken >= policy.concurrency) {
      yield { message: `it began while ${untaken} were untaken`, index }
    }
  }
}

/** No attempt begins after the run was cancelled, its time was over, or its failures or budget were reached. */
export function* endIsAnEnd(seen: Observed): Iterable<Breach> {
  const { log, beginAt, policy, tries, results } = seen
  const { timeoutSeconds = Infinity, maxFailures = Infinity, maxTokens = Infinity, maxCostUsd = Infinity } = policy.stop
  const cancel = log.findIndex(({ kind }) => kind === 'cancel')
  const badEnds = results
    .filter(
      ({ state, attempts }) => attempts.length > 0 && (state === 'failed' || state === 'timeout' || state === 'error'),
    )
    .map(({ attempts }) => attempts.at(-1)?.endedAt ?? 0)
  for (const { index, startAt, task } of tries) {
    if (cancel >= 0 && index > cancel) yield { message: `${task.id} began after the cancellation`, index }
    if (startAt > beginAt + timeoutSeconds * 1000) yield { message: `${task.id} began after the run's time`, index }
    const failures = badEnds.filter((endedAt) => endedAt < startAt).length
    if (failures >= maxFailures) yield { message: `${task.id} began after ${failures} failures`, index }
    const { tokens, costUsd } = spentBefore(seen, startAt)
    if (tokens >= maxTokens) yield { message: `${task.id} began with ${tokens} tokens spent of ${maxTokens}`, index }
    if (costUsd >= maxCostUsd)
      yield { message: `${task.id} began with ${costUsd} dollars spent of ${maxCostUsd}`, index }
  }
}

/** What the attempts that were over before a moment had used. */
function spentBefore({ tries }: Observed, at: number): { readonly tokens: number; readonly costUsd: number } {
  let tokens = 0
  let costUsd = 0
  for (const { record } of tries) {
    if (record === undefined || record.endedAt >= at) continue
    tokens += record.usage?.tokens ?? 0
    costUsd += record.usage?.costUsd ?? 0
  }
  return { tokens, costUsd }
}
