import type { TaskContext } from '../domain/task.ts'
import type { Linked } from '../lib/linked.ts'
import type { Dates } from './dates.ts'
import { notYet } from './job.ts'
import type { Job } from './job.ts'

/** What all attempts of a run share. */
export interface AttemptFrame {
  readonly runId: string
  /** Limit of an attempt whose task has none of its own, in milliseconds; `Infinity` for none. */
  readonly timeoutMs: number
  readonly dates: Dates
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
  /** Limit in milliseconds; `Infinity` for none. */
  readonly timeoutMs: number
  /** Milliseconds of the clock that never jumps. */
  readonly startAt: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  isOver = false
  /** Whether its handler was told to end. */
  isAborted = false
  readonly #frame: AttemptFrame
  /** Made when the handler asks for its signal. */
  #controller: AbortController | undefined = undefined

  constructor(job: Job<P>, frame: AttemptFrame, startAt: number) {
    this.job = job
    this.attempt = job.number
    this.timeoutMs = job.task.timeoutMs ?? frame.timeoutMs
    this.startAt = startAt
    this.startedAt = frame.dates.of(startAt)
    this.#frame = frame
  }

  get key(): string {
    return `${this.#frame.runId}/${this.job.task.id}`
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Milliseconds of waiting for a slot; a rounding of the clock does not make it negative. */
  get queueMs(): number {
    const { readyAt, rateMs } = this.job
    return readyAt === notYet ? 0 : Math.max(0, this.startAt - readyAt - rateMs)
  }

  /** Tells the handler to end; the first reason stays. */
  abort(reason: unknown): void {
    this.isAborted = true
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }
}
