import { GreenloopError } from '../domain/errors.ts'
import type { LeaseQueue, SharedLimit, SharedStore, TokenStore } from '../domain/queue.ts'
import { runKinds } from '../domain/stored-run.ts'
import type { RunStore, StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { TaskResult } from '../domain/task.ts'
import type { Clock } from '../lib/clock.ts'
import { RunWatch } from './coordinator-run.ts'
import { createBell } from './worker-bell.ts'
import { tasksIn } from './worker-chunks.ts'
import { isShared } from './worker-submit.ts'

/** What a coordinator works with. */
export interface CoordinatorParts {
  readonly store: RunStore & SharedStore & TokenStore
  readonly queue: LeaseQueue
  readonly clock: Clock
  readonly random: () => number
  readonly log: (line: string) => void
}

/** All workers together look at the runs once a second: whoever gets this token does it. */
const turn: SharedLimit = { key: 'coordinator', perMinute: 60, burst: 1 }
/** A little more than a second, so that the one who looked gets the next token as well. */
const passMs = 1050
/** Wait of the others. */
const lookMs = 3000
const exhaustedAtOnce = 500

/**
 * Looks after all runs: gives chunks of silent workers back, lets batches go, applies stop conditions and ends runs.
 * There is no lock: a worker that sleeps in the middle keeps nobody from the next look, and each step does nothing where
 * another was faster.
 */
export class Coordinator {
  readonly #parts: CoordinatorParts
  readonly #watches = new Map<string, RunWatch>()

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
  }

  /** Looks once a second unless somebody else does, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, random, log } = this.#parts
    const bell = createBell(clock)
    while (!signal.aborted) {
      let isLeading = false
      try {
        const { granted } = await store.take(turn, 1)
        isLeading = granted > 0
        if (isLeading) await this.pass()
      } catch (error) {
        log(`nobody can be asked about the runs: ${String(error)}`)
      }
      await bell.wait(isLeading ? passMs : lookMs * (0.75 + random() / 2), signal)
    }
  }

  /** Looks at everything once. */
  async pass(): Promise<void> {
    const { queue, log } = this.#parts
    const steps = [
      // Before the queue tidies up: what is exhausted is removed by it one day.
      () => this.#writeOff(),
      () => queue.supervise(),
      () => this.#tend(),
    ]
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        log(`a look at the runs failed: ${String(error)}`)
      }
    }
  }

  async #tend(): Promise<void> {
    const { store } = this.#parts
    const [runs, now] = await Promise.all([store.active(runKinds), store.now()])
    const shared = runs.filter(isShared)
    const ids = new Set(shared.map(({ id }) => id))
    for (const id of this.#watches.keys()) if (!ids.has(id)) this.#watches.delete(id)
    for (const run of shared) {
      const watch = this.#watches.get(run.id) ?? new RunWatch(this.#parts)
      this.#watches.set(run.id, watch)
      await this.#look(watch, run, now)
    }
  }

  /** One run that cannot be looked after keeps none of the others from its end. */
  async #look(watch: RunWatch, run: StoredRun, now: number): Promise<void> {
    try {
      await watch.look(run, now)
    } catch (error) {
      if (error instanceof GreenloopError && error.code === 'store_unavailable') throw error
      this.#parts.log(`a look at run ${run.id} failed: ${String(error)}`)
    }
  }

  /** Ends the tasks of chunks that took each of their holders with them. */
  async #writeOff(): Promise<void> {
    const { store, queue, log } = this.#parts
    const leases = await queue.exhausted(exhaustedAtOnce)
    if (leases.length === 0) return
    const [open, heads] = await Promise.all([store.open(leases), store.heads(leases.map(({ runId }) => runId))])
    await store.transaction(async (tx) => {
      const removed = await queue.discard(leases, tx)
      const ours = leases.filter(({ jobId }) => removed.has(jobId))
      // A chunk of several tasks comes here only where nobody was left to cut it.
      const singles = ours
        .filter(({ alone }) => !alone)
        .flatMap((lease) =>
          tasksIn(open, lease).map(({ seq }) => ({ runId: lease.runId, from: seq, to: seq + 1, alone: true })),
        )
      if (singles.length > 0) await queue.put(singles, tx)
      const records = ours
        .filter(({ alone, runId }) => alone && heads.get(runId)?.state === 'running')
        .flatMap((lease) =>
          tasksIn(open, lease).map((task) => ({
            runId: lease.runId,
            seq: task.seq,
            result: crashed(task, lease.retryCount + 1),
          })),
        )
      for (const { runId, result } of records) log(`task ${result.task.id} of run ${runId}: ${result.error?.message}`)
      if (records.length > 0) await store.record(records, tx)
    })
  }
}

function crashed(task: StoredTask, times: number): TaskResult {
  const message = `whoever worked on it alone was lost each time, ${times} times in all: it seems to end its process`
  return {
    task,
    state: 'error',
    attempts: [],
    error: { class: 'system_error', message, code: 'crashed' },
    usage: { tokens: 0, costUsd: 0 },
  }
}
