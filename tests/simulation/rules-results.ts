import type { FinalState, TaskResult, TaskStatistics } from '../../src/domain/task.ts'
import type { Observed } from './observed.ts'
import { entriesOf } from './observed.ts'
import type { Breach } from './rules.ts'
import { isRefused } from './world.ts'

/** Every task that was taken has exactly one result, and nothing else has one. */
export function* oneResultEach({ results, offered, log, over }: Observed): Iterable<Breach> {
  const counts = new Map<string, number>(offered.map((id) => [id, 0]))
  for (const { task } of results) {
    const count = counts.get(task.id)
    if (count === undefined) yield { message: `${task.id} has a result and was never taken` }
    counts.set(task.id, (count ?? 0) + 1)
  }
  const broken = log.some(({ kind }) => kind === 'fault' || kind === 'crash' || kind === 'stuck')
  for (const [id, count] of counts) {
    if (count > 1 || (count === 0 && !broken)) yield { message: `${id} has ${count} results` }
  }
  if (over !== undefined && over.statistics.total !== offered.length) {
    yield { message: `${offered.length} tasks were taken and ${over.statistics.total} counted` }
  }
}

/** A run comes back; nothing waits for something that never comes. */
export function* comesBack({ log }: Observed): Iterable<Breach> {
  const index = log.findIndex(({ kind }) => kind === 'stuck')
  if (index >= 0) yield { message: 'no timer is left, and the run has not come back', index }
}

/** Kept results stand in the order of their tasks. */
export function* inOrder({ world, results, offered, over }: Observed): Iterable<Breach> {
  if (over === undefined) return
  if (world.receiver !== 'keep') {
    if (over.results.length > 0) yield { message: 'results were given out and kept as well' }
    return
  }
  const ids = results.map(({ task }) => task.id)
  if (ids.join() !== offered.join()) yield { message: `results stand as ${ids.join(' ')}` }
}

/** The source is asked for one task at a time, to its end or until the engine says that it wants no more. */
export function* sourceIsTreatedWell({ world, log, over, offered, recorded }: Observed): Iterable<Breach> {
  let asked = false
  let closed = false
  for (const [index, { kind }] of log.entries()) {
    if (kind === 'asked') {
      if (asked) yield { message: 'the source was asked while it had not answered', index }
      if (closed) yield { message: 'the source was asked after its end', index }
      asked = true
    }
    if (kind === 'offered' || kind === 'exhausted' || kind === 'source-fault') asked = false
    if (kind === 'exhausted' || kind === 'source-fault' || kind === 'returned') closed = true
  }
  if (over === undefined) return
  const exhausted = entriesOf(log, 'exhausted').length > 0
  if (world.source === 'array') {
    if (!over.sourceExhausted && over.stopped === undefined) yield { message: 'an array was left without a reason' }
    return
  }
  if (over.sourceExhausted !== exhausted)
    yield { message: `sourceExhausted is ${over.sourceExhausted} and was ${exhausted}` }
  // A generator that hangs in its step cannot be told.
  const canHear = world.source !== 'async' || !asked
  const wasAsked = log.some(({ kind }) => kind === 'asked')
  if (!closed && canHear && wasAsked) yield { message: 'a source that was not drained was not told' }
  if (!exhausted && over.stopped === undefined) yield { message: 'tasks were left without a reason' }
  if (exhausted && offered.length !== world.count - recorded.finished.size)
    yield { message: 'tasks were lost on their way from the source' }
}

/** What a run says of itself is what its results add up to. */
export function* statisticsAddUp({ over, results }: Observed): Iterable<Breach> {
  if (over === undefined) return
  const expected = recount(results)
  for (const [name, value] of Object.entries(expected) as [keyof TaskStatistics, number][]) {
    if (Math.abs(over.statistics[name] - value) > 1e-6) {
      yield { message: `${name} is ${over.statistics[name]} and adds up to ${value}` }
    }
  }
}

/** Statistics from results alone. */
function recount(results: readonly TaskResult[]): TaskStatistics {
  const attempts = results.flatMap((result) => result.attempts)
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const count = (state: FinalState): number => results.filter((result) => result.state === state).length
  return {
    total: results.length,
    succeeded: count('succeeded'),
    failed: count('failed'),
    timeout: count('timeout'),
    cancelled: count('cancelled'),
    error: count('error'),
    attempts: attempts.length,
    retries: sum(results.map((result) => Math.max(0, result.attempts.length - 1))),
    serviceMs: sum(attempts.map(({ serviceMs }) => serviceMs)),
    queueMs: sum(attempts.map(({ queueMs }) => queueMs)),
    rateMs: sum(attempts.map(({ rateMs }) => rateMs)),
    tokens: sum(attempts.map(({ usage }) => usage?.tokens ?? 0)),
    costUsd: sum(attempts.map(({ usage }) => usage?.costUsd ?? 0)),
  }
}

/** A result is what its attempts say: state, error and usage. */
export function* resultsFollowAttempts({ results, world }: Observed): Iterable<Breach> {
  for (const { task, state, attempts, error, usage } of results) {
    const last = attempts.at(-1)
    const given = world.task(Number(task.id.slice(1)))
    const mayBeRefused = state === 'error' && isRefused(given, world.policy)
    if (last === undefined && state !== 'cancelled' && !mayBeRefused) {
      yield { message: `${task.id} is ${state} without an attempt` }
    }
    if (last !== undefined && isRefused(given, world.policy)) yield { message: `${task.id} began without its tokens` }
    // A wait between two attempts can be cut off, and then the task is cancelled whatever its attempt was.
    if (last !== undefined && state !== last.state && state !== 'cancelled') {
      yield { message: `${task.id} is ${state} and its last attempt ${last.state}` }
    }
    if ((error === undefined) !== (state === 'succeeded'))
      yield { message: `${task.id} is ${state} with error ${error?.message}` }
    const tokens = attempts.reduce((sum, attempt) => sum + (attempt.usage?.tokens ?? 0), 0)
    if (usage.tokens !== tokens) yield { message: `${task.id} used ${tokens} tokens and reports ${usage.tokens}` }
    if (JSON.stringify(task) !== JSON.stringify({ ...given, ...task }))
      yield { message: `${task.id} came back changed` }
  }
}

/** A run that ends early says why, and the reason is true; one that does not say so has worked on everything. */
export function* stopsForAReason({ over, results, policy, log, beginAt, tries }: Observed): Iterable<Breach> {
  if (over === undefined) return
  const { maxFailures = Infinity, maxTokens = Infinity, maxCostUsd = Infinity, timeoutSeconds = Infinity } = policy.stop
  const bad = results.filter(({ state }) => state === 'failed' || state === 'timeout' || state === 'error').length
  const { tokens, costUsd } = over.statistics
  const kind = over.stopped?.kind
  const reasons: Readonly<Record<string, boolean>> = {
    max_failures: bad >= maxFailures,
    timeout: over.at >= beginAt + timeoutSeconds * 1000,
    token_budget: tokens > 0 && maxTokens < Infinity,
    cost_budget: costUsd > 0 && maxCostUsd < Infinity,
    cancelled: log.some((entry) => entry.kind === 'cancel'),
  }
  if (kind !== undefined && reasons[kind] !== true) yield { message: `it stopped for ${kind}, which did not happen` }
  if (kind !== undefined) return
  const cancelled = results.filter(({ state }) => state === 'cancelled').length
  if (cancelled > 0) yield { message: `${cancelled} tasks were cancelled without a reason` }
  const over1 = tries.filter((one) => one.record?.state === 'cancelled').length
  if (over1 > 0) yield { message: `${over1} attempts were cancelled without a reason` }
}

/** Nothing is left behind: no timer on the clock, no listener on the caller's signal. */
export function* leavesNothing({ log }: Observed): Iterable<Breach> {
  for (const { timers, listeners } of entriesOf(log, 'left')) {
    if (timers > 0) yield { message: `${timers} timers were left on the clock` }
    if (listeners > 0) yield { message: `${listeners} listeners were left on the signal` }
  }
}

/** A source or a receiver that throws ends the run with its error, and nothing else does. */
export function* faultsAreTold({ log, world, offered, results, over }: Observed): Iterable<Breach> {
  const fault = entriesOf(log, 'fault')[0]
  const end = log.findIndex(({ kind }) => kind === 'over' || kind === 'fault')
  const faultAt = log.findIndex(({ kind }) => kind === 'source-fault')
  const isLeft = log.slice(0, faultAt + 1).some(({ kind }) => kind === 'returned')
  // Whether a generator was told to return while it made its task cannot be seen.
  const mayBeLeft = isLeft || (world.source === 'async' && over?.stopped !== undefined)
  const ofSource = faultAt >= 0 && faultAt < end && !mayBeLeft
  const ofReceiver = world.receiverFaultAt !== undefined && results.length > world.receiverFaultAt
  const ofHook = log.some(({ kind }) => kind === 'hook-fault')
  const happened = ofSource || ofReceiver || ofHook
  if (fault === undefined && happened && log.some(({ kind }) => kind === 'over'))
    yield { message: 'a fault was swallowed' }
  if (fault === undefined) return
  if (!happened) yield { message: `it threw ${fault.message} with ${offered.length} tasks taken` }
  if (!/^simulated (source|receiver|hook) fault$/.test(fault.message)) yield { message: `it threw ${fault.message}` }
}

/** When a run has come back, nothing of it goes on; only what it had given up may still answer. */
export function* overIsOver({ log }: Observed): Iterable<Breach> {
  const end = log.findIndex(({ kind }) => kind === 'over' || kind === 'fault')
  if (end < 0) return
  for (const [index, { kind }] of log.entries()) {
    const isDone =
      kind === 'asked' || kind === 'announced' || kind === 'start' || kind === 'attempt' || kind === 'result'
    if (index > end && isDone) yield { message: `${kind} after the run had come back`, index }
  }
}
