import type { Handler, StopReason, Task, TaskAttempt, TaskResult, TaskStatistics } from '../domain/task.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limiter } from '../lib/limiter.ts'
import type { ErrorFacts } from './classify.ts'

/** Where tasks come from: an array, a generator, an asynchronous generator. It is asked when there is room for a task. */
export type TaskSource<P> = Iterable<Task<P>> | AsyncIterable<Task<P>>

/** What is on record of a task when a run goes on where it stood. */
export interface AttemptsBefore {
  /** Highest number that an attempt has; the next one gets the number behind it. */
  readonly numbered: number
  /** Attempts that count against the policy. Whatever they are, one more is made. */
  readonly counted: number
}

/** What the engine is made with; each part has a default. */
export interface EngineParts {
  readonly clock?: Clock | undefined
  /** Numbers from 0 up to, not including, 1, for the jitter; from the policy's seed unless given. */
  readonly random?: (() => number) | undefined
  /** Milliseconds that attempts have to end after a cancellation; 5,000 unless given. */
  readonly graceMs?: number | undefined
  /** Milliseconds in which a source has to give out what is left after a stop; 5,000 unless given. */
  readonly drainMs?: number | undefined
}

/** How a run is ended early, watched, and told what its errors mean. What a hook throws ends the run with that error. */
export interface RunOptions<P, O> {
  /** Aborting cancels the run. */
  readonly signal?: AbortSignal | undefined
  /** First half of the idempotency keys; `run` unless given. */
  readonly runId?: string | undefined
  /** What a thrown error means; `classify` unless given. */
  readonly classify?: ((error: unknown, nowMs: number) => ErrorFacts) | undefined
  /** A shared limit in place of the policy's. */
  readonly limiter?: Limiter | undefined
  /**
   * Takes the result of each task when it is over; with it, no result is kept. A promise is waited for before the run is
   * over, and no attempt begins while as many are unsettled as attempts may run at once.
   */
  readonly onResult?: ((result: TaskResult<O, P>) => void | Promise<void>) | undefined
  /** Called before each attempt. `startedAt` in epoch milliseconds. */
  readonly onStart?: ((task: Task<P>, attempt: number, startedAt: number) => void) | undefined
  /** Called after each attempt that another one follows; a promise counts like that of `onResult`. */
  readonly onAttempt?: ((task: Task<P>, attempt: TaskAttempt) => void | Promise<void> | undefined) | undefined
  /** What a task has behind it; nothing unless given. */
  readonly attemptsBefore?: ((task: Task<P>) => AttemptsBefore) | undefined
  /** What the run has behind it, which its stop conditions count as well; nothing unless given. */
  readonly earlier?: TaskStatistics | undefined
}

/** How a run ended. */
export interface RunResult<O = unknown, P = unknown> {
  /** In the order of the tasks; empty where `onResult` took them. */
  readonly results: readonly TaskResult<O, P>[]
  readonly statistics: TaskStatistics
  /** Why it ended before its tasks did. */
  readonly stopped?: StopReason | undefined
  /** Whether the source gave out everything; only a run that was stopped may leave something there. */
  readonly sourceExhausted: boolean
}

/** A run as the scheduler starts it. */
export interface RunInput<P, O> {
  readonly tasks: TaskSource<P>
  readonly handler: Handler<P, O>
  readonly options: RunOptions<P, O>
}
