import type { Handler, StopReason, TaskAttempt } from '../domain/task.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { isExhausted } from '../lib/exhausted.ts'
import { isThenable } from '../lib/thenable.ts'
import type { Attempt } from './attempt.ts'
import type { ErrorFacts } from './classify.ts'
import { endingOfError, endingOfStop, endingOfTimeout, endingOfValue, timeoutMessage } from './ending.ts'
import type { Ending } from './ending.ts'
import type { Job } from './job.ts'
import { Running } from './running.ts'
import { Slots } from './slots.ts'

/** What attempts are made with. */
export interface PerformerParts<P, O> {
  readonly handler: Handler<P, O>
  readonly classify: (error: unknown, nowMs: number) => ErrorFacts
  readonly clock: Clock
  readonly graceMs: number
  readonly events: PerformerEvents<P>
}

/** Whoever is told. */
interface PerformerEvents<P> {
  /** An attempt is over, and its slot is free. */
  readonly onEnd: (job: Job<P>, attempt: TaskAttempt, ending: Ending) => void
  /** Something that was waited for has come, and its consequences have to be drawn. */
  readonly onReady: () => void
  /** What is not the handler's has failed. */
  readonly onFault: (error: unknown) => void
}

/** Makes attempts: calls the handler, sees to its limit, and takes its first answer only. */
export class Performer<P, O> {
  readonly #parts: PerformerParts<P, O>
  readonly #running: Running<P>
  readonly #slots: Slots<P>
  #stopped: StopReason | undefined
  #grace: Timer | undefined

  constructor(parts: PerformerParts<P, O>) {
    this.#parts = parts
    this.#running = new Running(parts.clock, (attempt) => this.#expire(attempt))
    this.#slots = new Slots({
      onValue: (attempt, value) => {
        if (attempt.isOver) return
        this.#end(attempt, endingOfValue(value))
        parts.events.onReady()
      },
      onError: (attempt, error) => {
        if (attempt.isOver) return
        this.#endOfError(attempt, error)
        parts.events.onReady()
      },
    })
  }

  get inFlight(): number {
    return this.#running.count
  }

  /** Makes an attempt. What comes of it is told by the events, perhaps before this comes back. */
  begin(attempt: Attempt<P>): void {
    this.#running.add(attempt)
    let value: unknown
    try {
      value = this.#parts.handler(attempt.job.task, attempt)
    } catch (error) {
      return this.#endOfError(attempt, error)
    }
    if (isThenable(value)) this.#slots.watch(attempt, value)
    else this.#end(attempt, endingOfValue(value))
  }

  /** Tells all handlers to end, and ends what has not ended after the grace. */
  abort(stopped: StopReason, reason: unknown): void {
    if (this.#stopped !== undefined) return
    this.#stopped = stopped
    for (const attempt of this.#running.all()) attempt.abort(reason)
    this.#grace = this.#parts.clock.after(this.#parts.graceMs, () => {
      for (const attempt of this.#running.all()) this.#end(attempt, endingOfStop(stopped))
      this.#parts.events.onReady()
    })
  }

  close(): void {
    this.#running.close()
    this.#grace?.cancel()
  }

  #endOfError(attempt: Attempt<P>, error: unknown): void {
    // Whatever a handler throws that was told to end, it ended because of that.
    const stopped = attempt.isAborted ? this.#stopped : undefined
    this.#end(attempt, stopped === undefined ? endingOfError(this.#read(error)) : endingOfStop(stopped))
  }

  #read(error: unknown): ErrorFacts {
    const { classify, clock, events } = this.#parts
    try {
      const facts = classify(error, clock.now())
      return isExhausted(error) ? { ...facts, retryable: false } : facts
    } catch (fault) {
      events.onFault(fault)
      return unread
    }
  }

  #expire(attempt: Attempt<P>): void {
    this.#end(attempt, endingOfTimeout(attempt.timeoutMs))
    attempt.abort(new DOMException(timeoutMessage(attempt.timeoutMs), 'TimeoutError'))
    this.#parts.events.onReady()
  }

  #end(attempt: Attempt<P>, ending: Ending): void {
    attempt.isOver = true
    this.#running.remove(attempt)
    this.#parts.events.onEnd(attempt.job, recordOf(attempt, ending, this.#parts.clock.monotonic()), ending)
  }
}

function recordOf<P>(attempt: Attempt<P>, { state, error, usage }: Ending, endAt: number): TaskAttempt {
  const { job, attempt: number, startedAt, queueMs } = attempt
  const serviceMs = Math.max(0, endAt - attempt.startAt)
  const endedAt = startedAt + Math.round(serviceMs)
  const record = { number, state, startedAt, endedAt, serviceMs, queueMs, rateMs: job.rateMs }
  return error === undefined && usage === undefined
    ? record
    : { ...record, ...(error && { error }), ...(usage && { usage }) }
}

/** Stands for an error that could not be classified; the run ends because of that. */
const unread: ErrorFacts = {
  class: 'system_error',
  message: 'the error could not be classified',
  retryable: false,
  overload: false,
}
