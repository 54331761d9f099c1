import type { Clock } from '../lib/clock.ts'
import type { Limiter } from '../lib/limiter.ts'
import type { Batches } from './batches.ts'
import { Job, notYet } from './job.ts'
import type { Source } from './source.ts'
import { createWaiting } from './waiting.ts'
import type { Waiting } from './waiting.ts'

/** What tasks come from, and what they pass on their way to their first and every further attempt. */
export interface IntakeParts<P> {
  readonly source: Source<P>
  readonly batches: Batches
  readonly limiter: Limiter | undefined
  readonly clock: Clock
  /** So many tasks may wait before no new one is taken. */
  readonly maxWaiting: number
  /** Aborts when nothing will begin any more. */
  readonly stop: AbortSignal
  readonly events: IntakeEvents<P>
}

/** Whoever is told, and asked. */
interface IntakeEvents<P> {
  /** Asked of each task before it takes its tokens: whether it may begin now. */
  readonly mayBegin: () => boolean
  /** Told of each task that was taken from the source. */
  readonly onNew: (job: Job<P>) => void
  /** A task may be there. */
  readonly onReady: () => void
  /** A task asks for tokens that it cannot have. */
  readonly onRefused: (job: Job<P>, error: unknown) => void
}

/**
 * Gives out the task whose turn it is: one whose wait is over, or the next one of the source. One task at a time stands
 * at the head and gets its tokens there, at the very moment at which it can begin.
 */
export class Intake<P> {
  readonly #parts: IntakeParts<P>
  readonly #waiting: Waiting<P>
  #head: Job<P> | undefined
  #tokens: 'none' | 'asked' | 'granted' = 'none'
  /** The first task of a batch, which waits for the pause before it. */
  #paused: Job<P> | undefined
  #count = 0
  #isSourceDone = false

  constructor(parts: IntakeParts<P>) {
    this.#parts = parts
    this.#waiting = createWaiting(parts.clock, parts.events.onReady)
  }

  /** Whether nothing is left, here and in the source. */
  get isEmpty(): boolean {
    return this.#isSourceDone && this.isIdle
  }

  /** Whether nothing that was taken from the source is here. */
  get isIdle(): boolean {
    return this.#head === undefined && this.#waiting.size === 0
  }

  /** Takes out a task that begins now; `undefined` where there is none. */
  take(): Job<P> | undefined {
    if (this.#tokens === 'asked') return undefined
    this.#head ??= this.#next()
    const job = this.#head
    if (job === undefined) return undefined
    if (!this.#parts.events.mayBegin() || !this.#getTokens(job)) {
      if (job.readyAt === notYet) job.readyAt = this.#parts.clock.monotonic()
      return undefined
    }
    this.#head = undefined
    this.#tokens = 'none'
    return job
  }

  /** Makes the job of a task that was taken from the source. */
  admit(task: Job<P>['task']): Job<P> {
    return new Job(task, this.#count++)
  }

  /** Has a task wait for its next attempt. */
  delay(job: Job<P>, waitMs: number): void {
    job.readyAt = this.#parts.clock.monotonic() + waitMs
    job.rateMs = 0
    this.#waiting.add(job)
  }

  /** Takes out a task that has not begun and will not; `undefined` where there is none. */
  withdraw(): Job<P> | undefined {
    const job = this.#head ?? this.#waiting.takeAny()
    this.#head = undefined
    return job
  }

  close(): void {
    this.#waiting.close()
  }

  get #isGranted(): boolean {
    return this.#tokens === 'granted'
  }

  #next(): Job<P> | undefined {
    const { batches, source, maxWaiting, events } = this.#parts
    const ready = this.#waiting.takeReady()
    if (ready !== undefined) {
      if (ready === this.#paused) batches.onPauseOver()
      return ready
    }
    if (this.#isSourceDone || this.#waiting.size >= maxWaiting || !batches.canTake()) return undefined
    const given = source.take()
    if (given === 'done') this.#isSourceDone = true
    if (given === 'done' || given === 'later') return undefined
    const job = this.admit(given)
    events.onNew(job)
    const pauseMs = batches.take()
    if (pauseMs === 0) return job
    this.#paused = job
    this.delay(job, pauseMs)
    return undefined
  }

  /** Without waiting where that is possible. */
  #getTokens(job: Job<P>): boolean {
    const { limiter } = this.#parts
    if (limiter === undefined || this.#tokens === 'granted') return true
    const weight = job.task.weight ?? 1
    if (limiter.tryAcquire(weight)) return true
    void this.#waitForTokens(job, { limiter, weight })
    return false
  }

  async #waitForTokens(job: Job<P>, { limiter, weight }: { limiter: Limiter; weight: number }): Promise<void> {
    const { clock, stop, events } = this.#parts
    const since = clock.monotonic()
    this.#tokens = 'asked'
    try {
      await limiter.acquire(weight, stop)
    } catch (error) {
      this.#tokens = 'none'
      if (this.#head !== job) return
      this.#head = undefined
      return events.onRefused(job, error)
    }
    job.rateMs += clock.monotonic() - since
    if (this.#head === job) {
      this.#tokens = 'granted'
      events.onReady()
      // It has begun, and may even stand here again for its next attempt.
      if (!this.#isGranted) return
    }
    // It was ended meanwhile, or there is no room any more: then tokens are asked for again when there is.
    this.#tokens = 'none'
    limiter.release?.(weight)
  }
}
