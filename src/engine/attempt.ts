import type { TaskContext } from '../domain/task.ts'
import type { Linked } from '../lib/linked.ts'
import type { Job } from './job.ts'

/** How an attempt begins. */
export interface AttemptStart<P> {
  readonly job: Job<P>
  readonly runId: string
  /** Limit in milliseconds; `Infinity` for none. */
  readonly timeoutMs: number
  /** Milliseconds of the clock that never jumps. */
  readonly startAt: number
  /** Epoch milliseconds. */
  readonly startedAt: number
}

/**
 * An attempt that is running, and what its handler is told of it. What costs time is made when it is asked for, so the
 * members are read from this object, not copied.
 */
export class Attempt<P> implements TaskContext, Linked<Attempt<P>> {
  before: Attempt<P> | undefined = undefined
  after: Attempt<P> | undefined = undefined
  readonly job: Job<P>
  readonly attempt: number
  readonly timeoutMs: number
  readonly startAt: number
  readonly startedAt: number
  readonly queueMs: number
  isOver = false
  #controller: AbortController | undefined = undefined
  #reason: unknown = undefined
  #isAborted = false
  readonly #runId: string

  constructor({ job, runId, timeoutMs, startAt, startedAt }: AttemptStart<P>) {
    this.job = job
    this.attempt = job.number
    this.timeoutMs = timeoutMs
    this.startAt = startAt
    this.startedAt = startedAt
    // A rounding of the clock must not make a wait negative.
    this.queueMs = Math.max(0, startAt - job.readyAt - job.rateMs)
    this.#runId = runId
  }

  get key(): string {
    return `${this.#runId}/${this.job.task.id}`
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isAborted) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Whether its handler was told to end. */
  get isAborted(): boolean {
    return this.#isAborted
  }

  /** Tells the handler to end. */
  abort(reason: unknown): void {
    this.#isAborted = true
    this.#reason ??= reason
    this.#controller?.abort(this.#reason)
  }
}
