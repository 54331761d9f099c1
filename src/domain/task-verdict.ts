import type { taskVerdicts } from './api-run.ts'
import type { StoredTask } from './stored-run.ts'
import type { TaskError } from './task.ts'

/**
 * Where a task stands by its record. `passed` succeeded at once, `flaky` after an attempt that did not; `failed` says no
 * or ran out of time, also where the answer came and did not pass its checks; `errored` could not be judged. A task of a
 * run that is over and without a result counts as cancelled.
 */
export type TaskVerdict = (typeof taskVerdicts)[number]

/** Tasks of a run by where they stand. */
export interface VerdictCounts extends Readonly<Record<TaskVerdict, number>> {
  readonly total: number
  /** Ids of what runs at this moment, at most 16. */
  readonly runningIds: readonly string[]
}

/** A page of tasks in their order. */
export interface TaskQuery {
  readonly afterSeq: number
  readonly limit: number
  readonly verdicts?: readonly TaskVerdict[] | undefined
  /** Part of the id, whatever the case of Latin letters. */
  readonly search?: string | undefined
}

/** A task with where it stands and why, and every attempt at it with its output. */
export interface JudgedTask extends StoredTask {
  readonly verdict: TaskVerdict
  /** That of the attempt that decided the task, or why it never began. */
  readonly error?: TaskError | undefined
}

/** What became of a task, without what it was and gave. */
export interface TaskOutcome {
  readonly runId: string
  readonly seq: number
  readonly id: string
  readonly verdict: TaskVerdict
  /** Milliseconds that its attempts took together; absent where there was none. */
  readonly durationMs?: number | undefined
}

/** Which outcomes; in the order of the runs' ids, then of the tasks. */
export interface OutcomeQuery {
  readonly runIds: readonly string[]
  /** Only tasks of these ids. */
  readonly ids?: readonly string[] | undefined
  /** Only tasks behind this number, to page through one run. */
  readonly afterSeq?: number | undefined
  readonly limit: number
}

/** What pages of results ask of a store. */
export interface TaskViews {
  /** Tasks that fit; none where there is no such run. */
  tasks(runId: string, query: TaskQuery): Promise<readonly JudgedTask[]>
  /** Throws `run_unknown`. */
  verdicts(runId: string): Promise<VerdictCounts>
  outcomes(query: OutcomeQuery): Promise<readonly TaskOutcome[]>
}
