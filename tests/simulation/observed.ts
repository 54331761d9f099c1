import type { Policy } from '../../src/domain/policy.ts'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { TaskAttempt, TaskResult } from '../../src/domain/task.ts'
import type { Recorded } from './journal.ts'
import type { Entry, Life } from './log.ts'
import type { Act, SimulatedTask, World } from './world.ts'

/** One attempt as it was seen from the handler, with what the engine says of it. */
export interface Try {
  readonly task: SimulatedTask
  readonly number: number
  readonly act: Act
  /** Milliseconds after which it is cut off; `Infinity` without a limit. */
  readonly limitMs: number
  /** Index in the log of its start. */
  readonly index: number
  readonly startAt: number
  readonly width: number
  readonly answerAt: number | undefined
  readonly abortAt: number | undefined
  /** Absent where the engine never told. */
  readonly record: TaskAttempt | undefined
  /** The last one of its task. */
  readonly final: boolean
}

/** A life in the form in which rules are checked. */
export interface Observed {
  readonly world: World
  readonly policy: Policy
  readonly log: readonly Entry[]
  readonly recorded: Recorded
  /** In the order of their starts. */
  readonly tries: readonly Try[]
  readonly triesOf: ReadonlyMap<string, readonly Try[]>
  /** Ids of the tasks that the engine took, in their order. */
  readonly offered: readonly string[]
  /** In the order in which they were given out. */
  readonly results: readonly TaskResult[]
  readonly beginAt: number
  readonly over: Extract<Entry, { kind: 'over' }> | undefined
  /** Since then nothing may begin: somebody's wish, or the limit of the run. `Infinity`: never. */
  readonly endedAt: number
}

/** Brings a life into the form in which rules are checked. */
export function observe({ world, log, recorded }: Life): Observed {
  const policy = parsePolicy(world.policy)
  const tasks = new Map<string, SimulatedTask>()
  // A task that a source gives when nobody wants one any more was not taken.
  const end = log.findIndex(
    ({ kind }) => kind === 'over' || kind === 'fault' || (kind === 'returned' && world.source === 'steps'),
  )
  const given = entriesOf(end < 0 ? log : log.slice(0, end), 'offered').map(({ task }) => task)
  for (const id of given) tasks.set(id, world.task(Number(id.slice(1))))
  const over = entriesOf(log, 'over')[0]
  // How much of an array was taken cannot be seen, only told.
  const isCut = world.source === 'array' && over?.sourceExhausted === false
  const results =
    world.receiver === 'keep' ? (over?.results ?? []) : entriesOf(log, 'result').map(({ result }) => result)
  const offered = isCut ? given.slice(0, over.statistics.total) : withoutDropped(given, { log, world, results })
  const tries = findTries(log, { policy, tasks, results })
  const beginAt = entriesOf(log, 'begin')[0]?.at ?? 0
  const cancelAt = entriesOf(log, 'cancel')[0]?.at ?? Infinity
  return {
    world,
    policy,
    log,
    recorded,
    tries,
    triesOf: Map.groupBy(tries, ({ task }) => task.id),
    offered,
    results,
    beginAt,
    over,
    endedAt: Math.min(cancelAt, faultAt(log, world), beginAt + (policy.stop.timeoutSeconds ?? Infinity) * 1000),
  }
}

/** A generator that is told to return while it makes a task still gives that one, and then to nobody. */
function withoutDropped(
  given: readonly string[],
  { log, world, results }: Pick<Observed, 'log' | 'world' | 'results'>,
): readonly string[] {
  const last = log.findLastIndex(({ kind }) => kind === 'offered')
  const isReturned = log[last + 1]?.kind === 'returned' && log[last + 1]?.at === log[last]?.at
  const hasResult = results.some(({ task }) => task.id === given.at(-1))
  return world.source === 'async' && isReturned && !hasResult ? given.slice(0, -1) : given
}

/** When something threw that ended the run; what a source throws that was told to return ends nothing. */
function faultAt(log: readonly Entry[], { receiverFaultAt = Infinity }: World): number {
  if (!log.some(({ kind }) => kind === 'fault')) return Infinity
  const ofReceiver = entriesOf(log, 'result')[receiverFaultAt]?.at ?? Infinity
  const others = log.find(({ kind }) => kind === 'source-fault' || kind === 'hook-fault')
  return Math.min(ofReceiver, others?.at ?? Infinity)
}

/** The entries of one kind, in their order. */
export function entriesOf<K extends Entry['kind']>(
  log: readonly Entry[],
  kind: K,
): readonly Extract<Entry, { kind: K }>[] {
  return log.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind)
}

interface Findings {
  readonly policy: Policy
  readonly tasks: ReadonlyMap<string, SimulatedTask>
  readonly results: readonly TaskResult[]
}

function findTries(log: readonly Entry[], { policy, tasks, results }: Findings): readonly Try[] {
  const key = (task: string, attempt: number): string => `${task}/${attempt}`
  const answers = new Map(entriesOf(log, 'answer').map(({ task, attempt, at }) => [key(task, attempt), at]))
  const aborts = new Map(entriesOf(log, 'abort').map(({ task, attempt, at }) => [key(task, attempt), at]))
  const records = new Map(entriesOf(log, 'attempt').map(({ task, record }) => [key(task, record.number), record]))
  const last = new Map<string, number>()
  for (const { task, attempts } of results) {
    for (const attempt of attempts) records.set(key(task.id, attempt.number), attempt)
    last.set(task.id, attempts.at(-1)?.number ?? 0)
  }
  return log.flatMap((entry, index): readonly Try[] => {
    const task = entry.kind === 'start' ? tasks.get(entry.task) : undefined
    if (entry.kind !== 'start' || task === undefined) return []
    const { attempt: number, at: startAt, width } = entry
    const id = key(task.id, number)
    return [
      {
        task,
        number,
        act: actOf(task, number),
        limitMs: task.timeoutMs ?? (policy.timeoutSeconds ?? Infinity) * 1000,
        index,
        startAt,
        width,
        answerAt: answers.get(id),
        abortAt: aborts.get(id),
        record: records.get(id),
        final: last.get(task.id) === number,
      },
    ]
  })
}

/** What a task does at an attempt: the last act is repeated. */
export function actOf(task: SimulatedTask, attempt: number): Act {
  const act = task.payload[Math.min(attempt, task.payload.length) - 1]
  if (act === undefined) throw new RangeError(`${task.id} has no act for attempt ${attempt}`)
  return act
}

/** When an attempt was over at the latest: by its record, else by its answer or its limit. */
export function endOf({ record, startAt, answerAt, limitMs }: Try): number {
  return Math.min(record?.endedAt ?? Infinity, answerAt ?? Infinity, startAt + limitMs)
}
