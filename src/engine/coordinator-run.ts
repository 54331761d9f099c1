import type { Policy } from '../domain/policy.ts'
import type { LeaseQueue, SharedStore } from '../domain/queue.ts'
import type { RunStore, StoredRun, TaskCounts } from '../domain/stored-run.ts'
import type { StopReason } from '../domain/task.ts'
import type { Clock } from '../lib/clock.ts'
import { endingOf } from './recorded.ts'
import { expirySeconds, policyOf } from './worker-chunks.ts'
import { runLeaseMs } from './worker-submit.ts'

/** What a run is watched with. */
export interface WatchParts {
  readonly store: RunStore & SharedStore
  readonly queue: LeaseQueue
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: (line: string) => void
}

/** A run without progress for so long is asked whether its chunks are still there. */
const stillMs = 30_000
/** Counting takes at most this share of the time. */
const countingShare = 0.05
const refillPage = 1000

/** What one coordinator remembers of one run; all of it can be found out again. */
export class RunWatch {
  readonly #parts: WatchParts
  /** Every task below this one has its result. */
  #firstOpen = 0
  #movedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY
  #countAt = Number.NEGATIVE_INFINITY
  #batch = -1
  #batchOverAt = 0
  #released = 0

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** Looks at the run once; `now` in epoch milliseconds of the database. */
  async look(run: StoredRun, now: number): Promise<void> {
    if (run.cancelRequested !== undefined) return this.#stop(run, { kind: 'cancelled', message: run.cancelRequested })
    const { clock, store } = this.#parts
    // What happened while another worker looked is not known.
    if (clock.monotonic() - this.#lookedAt > stillMs / 3) this.#movedAt = clock.monotonic()
    this.#lookedAt = clock.monotonic()
    if (clock.monotonic() - this.#renewedAt > runLeaseMs / 3) {
      this.#renewedAt = clock.monotonic()
      await store.renew(run.id, run.epoch, runLeaseMs)
    }
    const policy = policyOf(run)
    const reason = await this.#reason(run, policy, now)
    if (reason !== undefined) return this.#stop(run, reason)
    const [next] = await store.unfinished(run.id, this.#firstOpen - 1, 1)
    if (next === undefined) {
      if (run.taskCount !== undefined) await this.#stop(run, undefined)
      return
    }
    if (next.seq > this.#firstOpen) {
      this.#firstOpen = next.seq
      this.#movedAt = clock.monotonic()
    }
    await this.#letGo(run, policy)
    await this.#refill(run, policy)
  }

  async #stop(run: StoredRun, stopped: StopReason | undefined): Promise<void> {
    const { store, queue, log } = this.#parts
    const counts = await store.counts(run.id)
    // What has no result when the run ends counts as cancelled.
    const statistics = { ...counts, total: counts.total + counts.pending + counts.running }
    if (!(await store.end(run.id, endingOf({ statistics, stopped }), run.epoch))) return
    log(`run ${run.id} is over: ${stopped?.message ?? `${statistics.succeeded} of ${statistics.total} succeeded`}`)
    await store.notify(run.id)
    // Held back for ever otherwise; workers see that the run is over and drop them.
    if (policyOf(run).batchSize !== undefined) await queue.release(run.id)
  }

  async #reason(run: StoredRun, { stop }: Policy, now: number): Promise<StopReason | undefined> {
    const { timeoutSeconds, maxFailures, maxTokens, maxCostUsd } = stop
    if (timeoutSeconds !== undefined && now - Number(run.startedAt) >= timeoutSeconds * 1000)
      return { kind: 'timeout', message: `the run took longer than ${timeoutSeconds} s` }
    if (maxFailures === undefined && maxTokens === undefined && maxCostUsd === undefined) return undefined
    const { clock, store } = this.#parts
    const startedAt = clock.monotonic()
    if (startedAt < this.#countAt) return undefined
    const counts = await store.counts(run.id)
    this.#countAt = startedAt + (clock.monotonic() - startedAt) / countingShare
    return reasonOf(counts, stop)
  }

  /** Lets the next batch go when the one before is over and the pause has passed. */
  async #letGo(run: StoredRun, { batchSize, batchPauseSeconds }: Policy): Promise<void> {
    if (batchSize === undefined) return
    const { clock, queue } = this.#parts
    const batch = Math.floor(this.#firstOpen / batchSize)
    if (batch !== this.#batch) {
      // A coordinator that has just begun does not know when the last batch ended: it keeps the whole pause.
      this.#batchOverAt = clock.monotonic()
      this.#batch = batch
    }
    const isDue = clock.monotonic() - this.#batchOverAt >= batchPauseSeconds * 1000
    // While tasks still come in, some of a batch may come after it was let go.
    if (!isDue || (batch <= this.#released && run.taskCount !== undefined)) return
    await queue.release(run.id, batch)
    this.#released = run.taskCount === undefined ? 0 : batch
  }

  /** Puts chunks in again where a run stands still and has none: nothing that is lost may keep it from ending. */
  async #refill(run: StoredRun, policy: Policy): Promise<void> {
    const { clock, store, queue, log } = this.#parts
    if (clock.monotonic() - this.#movedAt < stillMs) return
    this.#movedAt = clock.monotonic()
    if ((await queue.pending(run.id)) > 0) return
    await store.exclusively(`refill ${run.id}`, async () => {
      if ((await queue.pending(run.id)) > 0) return
      const tasks = await store.unfinished(run.id, -1, refillPage)
      const { batchSize } = policy
      const chunks = tasks
        .filter(({ seq }) => batchSize === undefined || seq < (this.#batch + 1) * batchSize)
        .map(({ seq }) => ({ runId: run.id, from: seq, to: seq + 1, expireSeconds: expirySeconds(1, policy) }))
      log(`run ${run.id} had ${tasks.length} tasks without a chunk`)
      await store.transaction((tx) => queue.put(chunks, tx))
    })
  }
}

function reasonOf(counts: TaskCounts, { maxFailures, maxTokens, maxCostUsd }: Policy['stop']): StopReason | undefined {
  const bad = counts.failed + counts.timeout + counts.error
  if (maxFailures !== undefined && bad >= maxFailures)
    return { kind: 'max_failures', message: `${bad} tasks ended badly; the limit is ${maxFailures}` }
  if (maxTokens !== undefined && counts.tokens >= maxTokens)
    return { kind: 'token_budget', message: `${counts.tokens} tokens were used; the budget is ${maxTokens}` }
  if (maxCostUsd !== undefined && counts.costUsd >= maxCostUsd)
    return {
      kind: 'cost_budget',
      message: `${counts.costUsd.toFixed(4)} US dollars were spent; the budget is ${maxCostUsd}`,
    }
  return undefined
}
