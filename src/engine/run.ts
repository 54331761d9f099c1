import { GreenloopError } from '../domain/errors.ts'
import type { Policy } from '../domain/policy.ts'
import type { StopReason, TaskAttempt } from '../domain/task.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { createLimiter } from '../lib/limiter.ts'
import type { Limiter } from '../lib/limiter.ts'
import { createWidth } from './adaptive.ts'
import type { Width } from './adaptive.ts'
import { Attempt } from './attempt.ts'
import type { AttemptFrame } from './attempt.ts'
import { createBatches } from './batches.ts'
import type { Batches } from './batches.ts'
import { classify } from './classify.ts'
import { Dates } from './dates.ts'
import { Drain } from './drain.ts'
import { endingOfError, endingOfStop } from './ending.ts'
import type { Ending } from './ending.ts'
import { Intake } from './intake.ts'
import type { Job } from './job.ts'
import type { EngineParts, RunInput, RunOptions, RunResult } from './options.ts'
import { Performer } from './perform.ts'
import { Reporter } from './report.ts'
import { createRetries } from './retry.ts'
import type { Retries } from './retry.ts'
import { openSource } from './source.ts'
import type { Source } from './source.ts'
import { Tally } from './statistics.ts'
import { createGate, reasonOfAbort, reasonOfTimeout } from './stop.ts'
import type { Gate } from './stop.ts'
import { Turns } from './turns.ts'

/** What a run is made with: the parts with every default filled. */
export interface RunParts<P, O> extends RunInput<P, O> {
  readonly policy: Policy
  readonly engine: { readonly [K in keyof EngineParts]-?: NonNullable<EngineParts[K]> }
}

/** So many tasks may wait for their next attempt for each that may run, before no new one is begun. */
const waitingPerSlot = 8
const leastWaiting = 1024

/**
 * One run from its beginning to its end. Whatever happens calls {@link Run.pump}, which begins what can begin; it is the
 * one place where attempts begin, in the order: stop and budget, tokens, slot, call.
 */
export class Run<P, O> {
  readonly tally = new Tally()
  readonly #policy: Policy
  readonly #clock: Clock
  readonly #options: RunOptions<P, O>
  readonly #drainMs: number
  readonly #source: Source<P>
  readonly #limiter: Limiter | undefined
  readonly #width: Width
  readonly #retries: Retries
  readonly #batches: Batches
  readonly #gate: Gate
  readonly #frame: AttemptFrame
  readonly #turns: Turns
  readonly #reporter: Reporter<P, O>
  readonly #performer: Performer<P, O>
  readonly #intake: Intake<P>
  readonly #stopping = new AbortController()
  readonly #end = Promise.withResolvers<RunResult<O, P>>()
  #timer: Timer | undefined
  #stopped: StopReason | undefined
  #drain: Drain<P> | undefined
  #leftover: Ending | undefined
  #fault: { readonly error: unknown } | undefined
  #isPumping = false
  #isPaused = false
  #isOver = false

  constructor({ policy, engine, tasks, handler, options }: RunParts<P, O>) {
    const { clock, random, graceMs, drainMs } = engine
    const onReady = (): void => this.pump()
    const onFault = (error: unknown): void => this.#fail(error)
    this.#policy = policy
    this.#clock = clock
    this.#options = options
    this.#drainMs = drainMs
    const timeoutMs = (policy.timeoutSeconds ?? Infinity) * 1000
    this.#frame = { runId: options.runId ?? 'run', timeoutMs, dates: new Dates(clock) }
    this.#source = openSource(tasks, { onTask: onReady, onFault })
    this.#limiter = options.limiter ?? (policy.rateLimit && createLimiter({ ...policy.rateLimit, clock }))
    this.#width = createWidth(policy, clock)
    this.#retries = createRetries(policy.retry, random)
    this.#batches = createBatches(policy, clock)
    this.#gate = createGate(policy.stop, options.earlier)
    this.#turns = new Turns(clock, onReady)
    const limit = policy.concurrency
    this.#reporter = new Reporter({ options, limit, events: { onSettled: onReady, onFault } })
    this.#performer = new Performer({
      handler,
      classify: options.classify ?? classify,
      clock,
      graceMs,
      events: { onReady, onFault, onEnd: (job, attempt, ending) => this.#settle(job, attempt, ending) },
    })
    this.#intake = new Intake({
      source: this.#source,
      batches: this.#batches,
      limiter: this.#limiter,
      clock,
      maxWaiting: Math.max(leastWaiting, waitingPerSlot * policy.concurrency),
      stop: this.#stopping.signal,
      events: {
        onReady,
        mayBegin: () => this.#mayBegin(),
        onNew: (job) => this.#recall(job),
        onRefused: (job, error) => this.#refuse(job, error),
      },
    })
  }

  /** Attempts that may run at once, at this moment. */
  get width(): number {
    return this.#width.current
  }

  get inFlight(): number {
    return this.#performer.inFlight
  }

  /** Begins. Comes back when the run is over; rejects with what a hook or the source threw. */
  start(): Promise<RunResult<O, P>> {
    // It was cancelled before.
    if (this.#stopped !== undefined) return this.#end.promise
    const { signal } = this.#options
    const { timeoutSeconds } = this.#policy.stop
    if (timeoutSeconds !== undefined) {
      const reason = reasonOfTimeout(timeoutSeconds)
      this.#timer = this.#clock.after(timeoutSeconds * 1000, () => this.#abort(reason, cancelled(reason.message)))
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted === true) this.#onAbort()
    else this.pump()
    return this.#end.promise
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.pump()
  }

  cancel(message: string): void {
    this.#abort({ kind: 'cancelled', message }, cancelled(message))
  }

  /** Begins whatever can begin, and ends the run when nothing is left. */
  pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    try {
      while (this.#step());
    } catch (error) {
      this.#fail(error)
    }
    this.#isPumping = false
    if (this.#isDone()) void this.#finish()
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason
    this.#abort(reasonOfAbort(reason), reason)
  }

  /** Does one thing; says whether there may be another. */
  #step(): boolean {
    if (this.#drain !== undefined) return this.#drainOne(this.#drain)
    if (this.#isPaused || this.#turns.isDue || this.#reporter.isBehind) return false
    if (this.#performer.inFlight >= this.#width.current) return false
    const job = this.#intake.take()
    if (job === undefined) return this.#stopped !== undefined
    this.#begin(job)
    return true
  }

  #drainOne(drain: Drain<P>): boolean {
    if (this.#turns.isDue || this.#reporter.isBehind) return false
    const next = drain.step()
    if (next === 'turn') this.#turns.take()
    return next === 'more'
  }

  #mayBegin(): boolean {
    const verdict = this.#gate.check(this.tally, this.#performer.inFlight)
    if (typeof verdict !== 'string') this.#stop(verdict)
    return verdict === 'go'
  }

  /** What an earlier part of the run has left on record. */
  #recall(job: Job<P>): void {
    const { attemptsBefore } = this.#options
    if (attemptsBefore !== undefined) job.earlier = attemptsBefore(job.task)
  }

  #begin(job: Job<P>): void {
    const attempt = new Attempt(job, this.#frame, this.#clock.monotonic())
    job.startAt = attempt.startAt
    this.#announce(attempt)
    if (this.#leftover !== undefined) return this.#close(job, this.#leftover)
    if (!job.isRetried) this.#retries.onFirst()
    this.#turns.count(attempt.startAt)
    this.#performer.begin(attempt)
  }

  #announce({ job, attempt, startedAt }: Attempt<P>): void {
    const { onStart } = this.#options
    if (onStart === undefined) return
    try {
      onStart(job.task, attempt, startedAt)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Draws the consequences of an attempt that is over. */
  #settle(job: Job<P>, attempt: TaskAttempt, ending: Ending): void {
    this.tally.addAttempt(attempt, job.isRetried)
    this.#learn(ending, job)
    job.add(attempt)
    const waitMs =
      this.#stopped === undefined
        ? this.#retries.waitMs(ending, { number: attempt.number, counted: job.counted })
        : undefined
    if (waitMs === undefined) return this.#close(job, ending)
    this.#intake.delay(job, waitMs)
    this.#reporter.attempt(job.task, attempt)
    this.#stopIfReached()
  }

  #learn({ state, overload, retryAfterMs }: Ending, { isRetried, startAt }: Job<P>): void {
    const others = this.#performer.inFlight
    if (overload === true) {
      this.#width.onOverload({ retryAfterMs: retryAfterMs ?? 0, startAt, others })
      if (retryAfterMs !== undefined) this.#limiter?.penalize(retryAfterMs)
    } else if (state === 'timeout' || state === 'error') this.#width.onTrouble()
    else if (state !== 'cancelled') {
      this.#width.onAnswer({ isFirst: !isRetried, isFull: others + 1 >= this.#width.current })
    }
  }

  #refuse(job: Job<P>, error: unknown): void {
    this.#close(job, endingOfError({ ...classify(error), retryable: false, overload: false }))
    this.pump()
  }

  /** Ends a task. */
  #close(job: Job<P>, { state, error, output }: Ending): void {
    this.tally.addTask(state)
    this.#batches.onOver()
    this.#reporter.result(job.seq, job.result(state, error, output as O | undefined))
    this.#stopIfReached()
  }

  /** A budget that is used up ends the run only if somebody still needs it; that shows later, or for those that wait now. */
  #stopIfReached(): void {
    const reason = this.#stopped === undefined ? this.#gate.reached(this.tally) : undefined
    if (reason !== undefined && (reason.kind === 'max_failures' || !this.#intake.isIdle)) this.#stop(reason)
  }

  /** Nothing begins any more; what runs goes on. */
  #stop(reason: StopReason): void {
    if (this.#stopped !== undefined || this.#isOver) return
    const leftover = endingOfStop(reason)
    this.#stopped = reason
    this.#leftover = leftover
    this.#stopping.abort()
    this.#drain = new Drain({
      source: this.#source,
      clock: this.#clock,
      drainMs: this.#drainMs,
      onTask: (task) => this.#close(this.#intake.admit(task), leftover),
      onCut: () => this.pump(),
    })
    for (let job = this.#intake.withdraw(); job !== undefined; job = this.#intake.withdraw()) this.#close(job, leftover)
  }

  /** Nothing begins any more, and what runs is told to end. */
  #abort(reason: StopReason, cause: unknown): void {
    if (this.#isOver) return
    this.#stop(reason)
    this.#performer.abort(reason, cause)
    this.pump()
  }

  #fail(error: unknown): void {
    this.#fault ??= { error }
    const reason: StopReason = { kind: 'fault', message: classify(error).message }
    this.#stop(reason)
    this.#drain?.cut()
    this.#abort(reason, error)
  }

  #isDone(): boolean {
    if (this.#isOver || this.#performer.inFlight > 0 || this.#reporter.unsettled > 0) return false
    return this.#drain === undefined ? this.#intake.isEmpty : this.#drain.isOver && this.#intake.isIdle
  }

  async #finish(): Promise<void> {
    this.#isOver = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#timer?.cancel()
    this.#turns.close()
    this.#intake.close()
    this.#performer.close()
    if (!this.#source.isExhausted) await this.#letGo()
    if (this.#fault !== undefined) return this.#end.reject(this.#fault.error)
    const stopped = this.#stopped === undefined ? {} : { stopped: this.#stopped }
    const { isExhausted: sourceExhausted } = this.#source
    this.#end.resolve({ results: this.#reporter.kept, statistics: this.tally.snapshot(), ...stopped, sourceExhausted })
  }

  /** A source that does not let go is left behind. */
  async #letGo(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(this.#drainMs, resolve)
    await Promise.race([this.#source.close(), promise])
    timer.cancel()
  }
}

function cancelled(message: string): GreenloopError {
  return new GreenloopError('cancelled', message)
}
