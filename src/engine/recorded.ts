import { setImmediate as othersTurn } from 'node:timers/promises'
import { GreenloopError } from '../domain/errors.ts'
import type {
  Journal,
  JournalEntry,
  NewRun,
  RunConclusion,
  RunEnding,
  RunStore,
  StoredAttempt,
  StoredRun,
  StoredTask,
} from '../domain/stored-run.ts'
import type { Handler, Task, TaskResult } from '../domain/task.ts'
import type { Clock } from '../lib/clock.ts'
import { keepClaim } from './claim.ts'
import { createScheduler } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'

/** Tasks that are stored or read in one go. */
const pageSize = 1000
/** A task whose attempts broke off this often together with their process is not tried again. */
const maxBrokenOff = 3

/** Keeps a run with all its tasks; from then on it is not lost. The same run again adds nothing. */
export async function submitTasks(
  store: RunStore,
  run: NewRun,
  tasks: Iterable<Task> | AsyncIterable<Task>,
): Promise<StoredRun> {
  const stored = await store.create(run)
  if (stored.taskCount !== undefined) return stored
  let count = 0
  let page: Task[] = []
  const flush = async (): Promise<void> => {
    await store.addTasks(run.id, count - page.length, page)
    page = []
  }
  for await (const task of tasks) {
    count++
    page.push(task)
    if (page.length === pageSize) await flush()
  }
  if (page.length > 0) await flush()
  await store.seal(run.id, count)
  return { ...stored, taskCount: count }
}

/** What carries out a stored run. */
export interface RecordedParts {
  readonly store: RunStore
  readonly clock: Clock
  readonly leaseMs: number
}

/** How it is ended early and watched. */
export interface RecordedOptions {
  readonly signal: AbortSignal
  readonly onResult?: ((result: TaskResult) => void) | undefined
  /** Called once with what can pause and cancel the run. */
  readonly onScheduler?: ((scheduler: Scheduler) => void) | undefined
  /**
   * Called once, before the first task, with what puts a handler's notes on record, and with what waits until they are
   * there, and the beginning of its attempt with them.
   */
  readonly onNotes?: ((note: Note, settled: () => Promise<void>) => void) | undefined
  /** A task whose attempts broke off this often together with their process is not tried again; 3 unless given. */
  readonly maxBrokenOff?: number | undefined
  /** Concludes the run when its tasks are over and on record; {@link endingOf} unless given. */
  readonly ending?: ((conclusion: RunConclusion) => Promise<RunEnding>) | undefined
}

/**
 * Puts something about a task on record as an event, at once: what its handler needs to go on where it stood when its
 * process dies.
 */
export type Note = (kind: string, data: unknown) => void

/**
 * Works on the unfinished tasks of a run that this process has claimed, writes each attempt into the journal, and ends
 * the run. Throws `lease_lost` and `store_full` with the run left as it stands, so that it can be resumed.
 */
export async function carryOut(
  run: StoredRun,
  handler: Handler,
  { parts, options }: { readonly parts: RecordedParts; readonly options: RecordedOptions },
): Promise<RunConclusion> {
  if (run.taskCount === undefined) {
    throw new GreenloopError('run_conflict', `not all tasks of run ${run.id} were handed in`)
  }
  const { store, clock } = parts
  const scheduler = createScheduler(run.policy ?? {}, { clock })
  options.onScheduler?.(scheduler)
  let lost: GreenloopError | undefined
  const claim = keepClaim(run, parts, {
    onCancel: (reason) => scheduler.cancel(reason),
    onLost: (error) => {
      lost = error
      scheduler.cancel(error.message)
    },
  })
  const journal = store.journal(run.id, run.epoch)
  // What ends because the run was lost has not ended: whoever takes it over does it again.
  const write = (entry: JournalEntry): Promise<void> | undefined =>
    lost === undefined ? journal.append(entry) : undefined
  const note: Note = (kind, data) => void write({ kind: 'event', event: { at: clock.now(), kind, data } })
  options.onNotes?.(note, settledOf(journal))
  try {
    const { stopped } = await scheduler.run(
      unfinishedOf(run, store, { journal, maxBrokenOff: options.maxBrokenOff ?? maxBrokenOff }),
      handler,
      {
        signal: options.signal,
        runId: run.id,
        ...(run.epoch > 1 ? { earlier: await store.counts(run.id) } : {}),
        attemptsBefore: (task) => before(storedTask(task).attempts),
        onStart: (task, number, startedAt) =>
          void write({ kind: 'start', seq: storedTask(task).seq, number, startedAt }),
        onAttempt: (task, attempt) => write({ kind: 'attempt', seq: storedTask(task).seq, attempt }),
        onResult: (result) => {
          options.onResult?.(result)
          if (isWorthTelling(result)) void write(told(result, clock.now()))
          return write({ kind: 'result', seq: storedTask(result.task).seq, result })
        },
      },
    )
    if (lost !== undefined) throw lost
    await journal.close()
    const conclusion = { statistics: await store.counts(run.id), stopped }
    const ending = (await options.ending?.(conclusion)) ?? endingOf(conclusion)
    if (lost !== undefined) throw lost
    await store.end(run.id, ending, run.epoch)
    return conclusion
  } catch (error) {
    const cause = lost ?? error
    if (!isResumable(cause)) await store.end(run.id, { state: 'failed', reason: messageOf(cause) }, run.epoch)
    throw cause
  } finally {
    claim.release()
    await journal.close().catch(() => {})
  }
}

/** One writing for all that wait at the same time. */
function settledOf(journal: Journal): () => Promise<void> {
  let next: Promise<void> | undefined
  return () =>
    (next ??= othersTurn().then(() => {
      next = undefined
      return journal.flush()
    }))
}

/** Whether the run only lost its ground and can go on where it stood. */
function isResumable(error: unknown): boolean {
  return error instanceof GreenloopError && ['lease_lost', 'store_full', 'store_unavailable'].includes(error.code)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Limits that were set for the run: reaching one proves nothing. */
const limits: ReadonlySet<string> = new Set(['token_budget', 'cost_budget', 'timeout'])

/** What a run of tasks concludes: red as soon as one task did not succeed. */
export function endingOf({ statistics, stopped }: RunConclusion): RunEnding {
  const { total, succeeded } = statistics
  const reason = stopped === undefined ? {} : { reason: stopped.message }
  if (stopped?.kind === 'cancelled') return { state: 'cancelled', exitCode: 130, ...reason }
  if (stopped !== undefined && limits.has(stopped.kind)) {
    return { state: 'finished', verdict: 'incomplete', exitCode: 6, ...reason }
  }
  const verdict = total === 0 ? 'empty' : succeeded === total ? 'passed' : 'failed'
  return { state: 'finished', verdict, exitCode: { empty: 4, passed: 0, failed: 1 }[verdict], ...reason }
}

/** A run that is cancelled would otherwise tell of every task that never began. */
function isWorthTelling({ state }: TaskResult): boolean {
  return state !== 'succeeded' && state !== 'cancelled'
}

/** What a log says of a task that did not succeed. */
function told({ task, state, error }: TaskResult, at: number): JournalEntry {
  return { kind: 'event', event: { at, kind: 'task', data: { text: `${state} ${task.id}`, error } } }
}

/** The engine gives back the very tasks it was fed. */
function storedTask(task: Task): StoredTask {
  return task as StoredTask
}

/** Broken-off attempts keep their number and do not count against the policy. */
function before(attempts: readonly StoredAttempt[]): { readonly numbered: number; readonly counted: number } {
  const numbered = attempts.reduce((most, { number }) => Math.max(most, number), 0)
  return { numbered, counted: attempts.filter(({ state }) => state !== undefined).length }
}

/** The tasks without a result, page by page; those that took their process with them too often end here. */
async function* unfinishedOf(
  run: StoredRun,
  store: RunStore,
  { journal, maxBrokenOff: most }: { readonly journal: Journal; readonly maxBrokenOff: number },
): AsyncGenerator<StoredTask> {
  let afterSeq = -1
  for (;;) {
    const page = await store.unfinished(run.id, afterSeq, pageSize)
    for (const task of page) {
      const brokenOff = task.attempts.filter(({ state }) => state === undefined).length
      if (brokenOff < most) yield task
      else await journal.append({ kind: 'result', seq: task.seq, result: crashed(task, brokenOff) })
    }
    const last = page.at(-1)
    if (last === undefined) return
    afterSeq = last.seq
  }
}

function crashed(task: StoredTask, times: number): TaskResult {
  const message = `its process ended ${times} times while it ran`
  return {
    task,
    state: 'error',
    attempts: [],
    error: { class: 'system_error', message, code: 'crashed' },
    usage: { tokens: 0, costUsd: 0 },
  }
}
