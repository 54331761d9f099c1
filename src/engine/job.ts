import type { FinalState, Task, TaskAttempt, TaskError, TaskResult } from '../domain/task.ts'
import type { AttemptsBefore } from './options.ts'

/** Nothing used; shared, because most tasks that are cancelled share it. */
const unused = Object.freeze({ tokens: 0, costUsd: 0 })
const none: readonly TaskAttempt[] = Object.freeze([])
const nothing: AttemptsBefore = Object.freeze({ numbered: 0, counted: 0 })

/** Stands for a moment that is not known yet. */
export const notYet = -1

/** A task on its way through the engine. Times in milliseconds of the clock that never jumps. */
export class Job<P> {
  readonly task: Task<P>
  /** Its place among the tasks of the run, from 0. */
  readonly seq: number
  /** What it has behind it from an earlier part of the run. */
  earlier: AttemptsBefore = nothing
  /** Those that are over. */
  attempts: readonly TaskAttempt[] = none
  /** When it could have begun, if there had been room. */
  readyAt: number = notYet
  /** Wait for the rate limit since then. */
  rateMs = 0
  /** When its last attempt was begun. */
  startAt: number = notYet

  constructor(task: Task<P>, seq: number) {
    this.task = task
    this.seq = seq
  }

  /** Number of its next attempt, or of the one that runs. */
  get number(): number {
    return this.earlier.numbered + this.attempts.length + 1
  }

  /** Attempts that are over and count against the policy. */
  get counted(): number {
    return this.earlier.counted + this.attempts.length
  }

  /** Adds an attempt that is over. */
  add(attempt: TaskAttempt): void {
    if (this.attempts.length === 0) this.attempts = [attempt]
    else (this.attempts as TaskAttempt[]).push(attempt)
  }

  /** Whether an attempt was made before the running one in this run. */
  get isRetried(): boolean {
    return this.attempts.length > 0
  }

  /** Its result, now that it is over. */
  result<O>(state: FinalState, error: TaskError | undefined, output?: O): TaskResult<O, P> {
    const { task, attempts } = this
    const usage = usageOf(attempts)
    if (error === undefined) {
      return output === undefined ? { task, state, attempts, usage } : { task, state, output, attempts, usage }
    }
    return { task, state, ...(output === undefined ? {} : { output }), attempts, error, usage }
  }
}

function usageOf(attempts: readonly TaskAttempt[]): TaskResult['usage'] {
  if (attempts.every(({ usage }) => usage === undefined)) return unused
  let tokens = 0
  let costUsd = 0
  for (const { usage } of attempts) {
    tokens += usage?.tokens ?? 0
    costUsd += usage?.costUsd ?? 0
  }
  return { tokens, costUsd }
}
