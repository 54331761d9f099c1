import { GreenloopError } from '../domain/errors.ts'
import type { TokenStore } from '../domain/queue.ts'
import type { StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { Handler, Task, TaskAttempt, TaskContext, TaskResult } from '../domain/task.ts'
import type { Clock } from '../lib/clock.ts'
import { classify } from './classify.ts'
import { createScheduler } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'
import type { Book } from './worker-book.ts'
import { policyOf } from './worker-chunks.ts'
import type { Holding, Holdings } from './worker-holding.ts'
import { SharedLimiter } from './worker-limiter.ts'
import { Feed } from './worker-slots.ts'
import type { Slots } from './worker-slots.ts'

/** Makes the handler for the tasks of a run; called once for each run that a worker works on. */
export type HandlerFactory = (run: StoredRun) => Handler | Promise<Handler>

/** What a lane shares with the others of its worker. */
export interface LaneParts {
  readonly slots: Slots
  readonly slotCount: number
  readonly holdings: Holdings
  readonly book: Book
  readonly store: TokenStore
  readonly clock: Clock
  readonly random: () => number
  readonly log: (line: string) => void
}

/** Ends an attempt at a task that is another worker's by now. */
const lost = new GreenloopError('lease_lost', 'another worker has taken this task over')

/** One run at one worker: its scheduler, fed with the tasks of the chunks that are held. */
export class Lane {
  readonly run: StoredRun
  /** Settles, and never rejects, when the last handler has ended after `close` or `stop`. */
  readonly over: Promise<void>
  readonly #parts: LaneParts
  readonly #feed: Feed
  readonly #scheduler: Scheduler
  readonly #end = new AbortController()

  constructor(run: StoredRun, factory: HandlerFactory, parts: LaneParts) {
    this.run = run
    this.#parts = parts
    this.#feed = new Feed(parts.slots)
    const policy = policyOf(run)
    const concurrency = Math.min(policy.concurrency, parts.slotCount)
    // Batches and stop conditions are about all workers: the coordinator looks after them.
    const { batchSize: _, ...own } = { ...policy, concurrency, batchPauseSeconds: 0, stop: {} }
    this.#scheduler = createScheduler(own, { clock: parts.clock, random: parts.random })
    this.over = this.#carryOut(factory)
  }

  /** Begins the tasks of a chunk as slots get free. */
  add(tasks: readonly StoredTask[]): void {
    this.#feed.push(tasks)
  }

  /** Tasks of a chunk that is lost are not begun. */
  withdraw(holding: Holding): void {
    this.#feed.withdraw((task) => this.#parts.holdings.of(task) === holding)
  }

  /** Begins nothing more; what runs goes on. */
  close(): void {
    this.#feed.close()
  }

  /** Aborts what runs. */
  stop(reason: string): void {
    this.#feed.close()
    this.#scheduler.cancel(reason)
  }

  async #carryOut(factory: HandlerFactory): Promise<void> {
    const { slots, holdings, log } = this.#parts
    try {
      await this.#scheduler.run(this.#feed, this.#handler(factory), {
        runId: this.run.id,
        classify: (error) =>
          error === lost ? { ...classify(error), class: 'cancelled', retryable: false } : classify(error),
        attemptsBefore: (task) => ended((task as StoredTask).attempts),
        limiter: this.#limiter(),
        onStart: (task) => slots.occupy(task),
        onAttempt: (task, attempt) => this.#noteAttempt(task, attempt),
        onResult: (result) => this.#noteResult(result),
      })
    } catch (error) {
      log(`run ${this.run.id} broke down at this worker: ${String(error)}`)
      // Without a heartbeat its chunks come to another worker.
      for (const holding of holdings.all.values()) if (holding.lease.runId === this.run.id) holdings.lose(holding)
    } finally {
      this.#end.abort()
    }
  }

  #limiter(): SharedLimiter | undefined {
    const rate = this.run.policy?.rateLimit
    if (rate === undefined) return undefined
    return new SharedLimiter({ key: `run:${this.run.id}`, ...rate }, { ...this.#parts, signal: this.#end.signal })
  }

  #handler(factory: HandlerFactory): Handler {
    let made: Handler | undefined
    const making = (async () => (made = await factory(this.run)))()
    making.catch(() => {})
    return (task, context) => {
      const holding = this.#parts.holdings.of(task)
      if (holding.state === 'lost') throw lost
      const guarded = guard(context, holding.stop.signal)
      return made === undefined ? making.then((handler) => handler(task, guarded)) : made(task, guarded)
    }
  }

  #noteAttempt(task: Task, attempt: TaskAttempt): void | Promise<void> {
    const { slots, holdings, book } = this.#parts
    slots.vacate(task)
    const holding = holdings.of(task)
    if (holding.state === 'held') return book.write(holding, { ...this.#place(task), attempt })
  }

  #noteResult(result: TaskResult): void | Promise<void> {
    const { slots, holdings, book } = this.#parts
    slots.vacate(result.task)
    const holding = holdings.of(result.task)
    // Cancelled here means stopped by this worker: the task is put back, or its run is over.
    if (holding.state !== 'held' || result.state === 'cancelled') return
    holdings.finish(holding)
    return book.write(holding, { ...this.#place(result.task), result })
  }

  #place(task: Task): { readonly runId: string; readonly seq: number } {
    return { runId: this.run.id, seq: (task as StoredTask).seq }
  }
}

/** Attempts that broke off keep their number and do not count against the policy. */
function ended(attempts: StoredTask['attempts']): { readonly numbered: number; readonly counted: number } {
  const numbered = attempts.reduce((most, { number }) => Math.max(most, number), 0)
  return { numbered, counted: attempts.filter(({ state }) => state !== undefined).length }
}

/** A context whose signal aborts as well when the chunk is lost; joined only where somebody looks at it. */
function guard(context: TaskContext, stop: AbortSignal): TaskContext {
  let joined: AbortSignal | undefined
  return {
    attempt: context.attempt,
    key: context.key,
    get signal() {
      return (joined ??= AbortSignal.any([context.signal, stop]))
    },
  }
}
