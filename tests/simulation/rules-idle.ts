import type { Entry } from './log.ts'
import type { Observed, Try } from './observed.ts'
import { endOf } from './observed.ts'
import type { Breach } from './rules.ts'
import { isRefused } from './world.ts'

/** What is known at a moment at which everything that can happen has happened. */
interface Moment {
  held: boolean
  asked: boolean
  closed: boolean
  /** Results and attempts that were given out, and those among them that were not taken yet. */
  results: number
  attempts: number
  untaken: number
  /** Places of the tasks that were taken and have not begun, in their order. */
  readonly waiting: Map<string, number>
  offered: number
  width: number
  begun: number
  /** When the bucket of tokens is full again. */
  fullAt: number
}

/**
 * No slot is idle while a task is ready and nothing forbids it. Looked at whenever time is about to pass: then every
 * consequence of what happened before must have been drawn.
 */
export function* noIdleSlot(seen: Observed): Iterable<Breach> {
  const { log, policy, tries } = seen
  // A budget sets aside what those in flight may use, which cannot be told from outside.
  if (policy.stop.maxTokens !== undefined || policy.stop.maxCostUsd !== undefined) return
  // Kept results that were never given out cannot tell when their tasks were over.
  if (seen.world.receiver === 'keep' && seen.over === undefined) return
  // When a task was turned away is not on record, and a batch is not over before.
  const { world } = seen
  if (policy.batchSize !== undefined && seen.offered.some((id) => isRefused(world.task(Number(id.slice(1))), policy)))
    return
  const moment: Moment = {
    held: false,
    asked: false,
    closed: false,
    results: 0,
    attempts: 0,
    untaken: 0,
    waiting: new Map(),
    offered: 0,
    width: 1,
    begun: 0,
    fullAt: 0,
  }
  const batchEnds = endsBefore(seen)
  const last = lastIndex(seen)
  for (const [index, entry] of log.entries()) {
    if (index >= last) return
    follow(moment, entry, seen)
    const next = log[index + 1]
    if (next === undefined || next.at <= entry.at) continue
    // Nothing happened until just before the next entry, so whatever was due until then had its consequences.
    const at = next.at - 1
    const busy = tries.slice(0, moment.begun).filter((one) => endOf(one) > at).length
    const nextTry = tries[moment.begun]
    // The width is looked at when something is logged, before that something has its consequences.
    if (next.kind === 'width') moment.width = next.width
    if (busy >= moment.width) continue
    if (isForbidden(moment, at, { seen, nextTry })) continue
    const ready = readyTask(moment, at, { seen, batchEnds })
    if (ready !== undefined) yield { message: `${busy} of ${moment.width} slots were used while ${ready}`, index }
  }
}

/** The moments behind it are not looked at: the run is over, or was about to stop. */
function lastIndex({ log, over, tries, endedAt, policy }: Observed): number {
  let badLeft = policy.stop.maxFailures ?? Infinity
  const stop = log.findIndex((entry) => {
    const state = entry.kind === 'result' ? entry.result.state : 'succeeded'
    if (state !== 'succeeded' && state !== 'cancelled') badLeft--
    const isStopped = badLeft <= 0 || state === 'cancelled' || entry.at >= endedAt
    return isStopped || entry.kind === 'over' || entry.kind === 'fault'
  })
  const end = stop < 0 ? log.length : stop
  return over?.stopped === undefined ? end : Math.min(end, tries.at(-1)?.index ?? 0)
}

/** For each place in the order of the tasks: when all tasks before it were over. */
function endsBefore({ offered, results }: Observed): readonly number[] {
  // A task that was cancelled was over only then, and nothing follows.
  const ended = results.filter(({ state }) => state !== 'cancelled')
  const ends = new Map(ended.map(({ task, attempts }) => [task.id, attempts.at(-1)?.endedAt ?? -Infinity]))
  const before: number[] = [-Infinity]
  for (const id of offered) before.push(Math.max(before.at(-1) ?? -Infinity, ends.get(id) ?? Infinity))
  return before
}

function follow(moment: Moment, entry: Entry, seen: Observed): void {
  const { kind } = entry
  if (kind === 'pause' || kind === 'resume') moment.held = kind === 'pause'
  else if (kind === 'asked') moment.asked = true
  else if (kind === 'offered') takeIn(moment, entry.task, seen)
  else if (kind === 'exhausted' || kind === 'returned') moment.closed = true
  else if (kind === 'result') moment.untaken += seen.world.receiverMs(moment.results++) > 0 ? 1 : 0
  else if (kind === 'attempt') moment.untaken += seen.world.attemptMs(moment.attempts++) > 0 ? 1 : 0
  else if (kind === 'taken') moment.untaken--
  else if (kind === 'width') moment.width = entry.width
  else if (kind === 'answer') hear(moment, entry, seen)
  else if (kind === 'start') start(moment, entry, seen)
}

function takeIn(moment: Moment, id: string, { world }: Observed): void {
  moment.asked = false
  // A task that asks for too many tokens is turned away, and when cannot always be seen.
  if (!isRefused(world.task(Number(id.slice(1))), world.policy)) moment.waiting.set(id, moment.offered)
  moment.offered++
}

/** An overload that says for how long pauses the bucket. */
function hear(moment: Moment, { task, attempt, at }: Extract<Entry, { kind: 'answer' }>, seen: Observed): void {
  const { act, record } = seen.triesOf.get(task)?.find(({ number }) => number === attempt) ?? {}
  const isHeard = act?.kind === 'overload' && record?.state === 'error' && record.endedAt === at
  if (!isHeard || act.retryAfterMs === undefined) return
  const { bucketMs } = bucketOf(seen.policy)
  moment.fullAt = Math.max(moment.fullAt, at + act.retryAfterMs + bucketMs)
}

function start(moment: Moment, { task, width, at }: Extract<Entry, { kind: 'start' }>, seen: Observed): void {
  const { tokenMs } = bucketOf(seen.policy)
  moment.width = width
  moment.waiting.delete(task)
  moment.fullAt = Math.max(moment.fullAt, at) + tokenMs * (seen.tries[moment.begun]?.task.weight ?? 1)
  moment.begun++
}

/** Milliseconds in which one token comes, and all of them. */
function bucketOf({ rateLimit }: Observed['policy']): { readonly tokenMs: number; readonly bucketMs: number } {
  const tokenMs = rateLimit === undefined ? 0 : 60_000 / rateLimit.perMinute
  return { tokenMs, bucketMs: tokenMs * (rateLimit?.burst ?? 0) }
}

function isForbidden(
  moment: Moment,
  at: number,
  { seen, nextTry }: { readonly seen: Observed; readonly nextTry: Try | undefined },
): boolean {
  const { policy } = seen
  if (moment.held || moment.untaken >= policy.concurrency) return true
  if (policy.rateLimit === undefined) return false
  const { tokenMs, bucketMs } = bucketOf(policy)
  const weight = nextTry?.task.weight ?? (nextTry === undefined ? policy.rateLimit.burst : 1)
  return Math.max(moment.fullAt, at) + weight * tokenMs - bucketMs - at > -1e-3
}

/** Something that could run at this moment, in words. */
function readyTask(
  moment: Moment,
  at: number,
  { seen, batchEnds }: { readonly seen: Observed; readonly batchEnds: readonly number[] },
): string | undefined {
  const { world, policy, triesOf } = seen
  const { batchSize = Infinity, batchPauseSeconds } = policy
  const overAt = (place: number): number =>
    place < batchSize ? -Infinity : (batchEnds[place - (place % batchSize)] ?? Infinity)
  const [waiting] = moment.waiting
  if (waiting !== undefined) {
    const [id, place] = waiting
    const isFirst = place % batchSize === 0
    if (overAt(place) + (isFirst ? batchPauseSeconds * 1000 : 0) <= at) return `${id} waited`
  } else if (world.source !== 'array' && !moment.asked && !moment.closed && overAt(moment.offered) <= at) {
    return 'the source was not asked'
  }
  for (const [id, tries] of triesOf) {
    for (const [position, { record, startAt }] of tries.entries()) {
      const previous = tries[position - 1]?.record
      if (previous === undefined || record === undefined || startAt <= at || previous.endedAt > at) continue
      if (startAt - record.queueMs - record.rateMs <= at) return `${id} waited for its next attempt`
    }
  }
  return undefined
}
