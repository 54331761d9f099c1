import type { Lease, LeaseQueue, SharedStore } from '../domain/queue.ts'
import type { StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { Clock } from '../lib/clock.ts'
import type { Bell } from './worker-bell.ts'
import type { Book } from './worker-book.ts'
import { expirySeconds, largestChunk, policyOf, tasksIn } from './worker-chunks.ts'
import type { Holding, Holdings } from './worker-holding.ts'
import type { Slots } from './worker-slots.ts'
import { isShared } from './worker-submit.ts'

/** What claims are made with. */
export interface ClaimerParts {
  readonly store: Pick<SharedStore, 'heads' | 'open' | 'transaction'>
  readonly queue: LeaseQueue
  readonly clock: Clock
  readonly random: () => number
  readonly log: (line: string) => void
  readonly bell: Bell
  readonly slots: Slots
  readonly slotCount: number
  readonly holdings: Holdings
  readonly book: Book
  /** Wait between two looks at an empty queue. */
  readonly pollMs: number
  /** Wait between two looks for tasks that are worked on alone. */
  readonly aloneMs: number
  /** A chunk that was lost so often is cut into single tasks. */
  readonly lossesBorne: number
  /** Begins the tasks of a chunk. */
  readonly begin: (run: StoredRun, tasks: readonly StoredTask[]) => void
}

/** Tasks that are held without a result, as a multiple of the slots: the rest of them waits for a retry. */
const heldPerSlot = 4

interface Alone {
  readonly holding: Holding
  readonly tasks: readonly StoredTask[]
  isBegun: boolean
}

/** Takes chunks from the queue as slots get free, at most one slot-load ahead. */
export class Claimer {
  readonly #parts: ClaimerParts
  #chunkSize = largestChunk
  #lookAloneAt = 0
  /** A chunk that waits until nothing else is held, with its tasks. */
  #alone: Alone | undefined

  constructor(parts: ClaimerParts) {
    this.#parts = parts
    this.#lookAloneAt = parts.clock.monotonic() + parts.aloneMs
  }

  /** Claims until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { bell, log, pollMs, random } = this.#parts
    while (!signal.aborted) {
      let waitMs = pollMs
      try {
        waitMs = await this.#step()
      } catch (error) {
        log(`no chunk could be claimed: ${String(error)}`)
      }
      // Workers that were started together do not ask together.
      if (waitMs > 0) await bell.wait(waitMs * (0.75 + random() / 2), signal)
    }
  }

  /** Gives how long to wait before the next step. */
  async #step(): Promise<number> {
    const { slots, slotCount, holdings, clock, aloneMs, pollMs, queue } = this.#parts
    if (this.#alone !== undefined) return this.#tendAlone(this.#alone)
    if (clock.monotonic() >= this.#lookAloneAt) {
      this.#lookAloneAt = clock.monotonic() + aloneMs
      if (await this.#receive(await queue.claim(1, true))) return 0
    }
    const isFull = slots.waiting > slotCount / 2 || holdings.left >= heldPerSlot * slotCount
    if (isFull) return pollMs
    const room = Math.floor((slotCount - slots.waiting) / this.#chunkSize)
    return (await this.#receive(await queue.claim(Math.max(1, room), false))) ? 0 : pollMs
  }

  /** Whoever works on a task that may end its process holds nothing else, so that it takes nobody with it. */
  #tendAlone(alone: Alone): number {
    const { holdings, begin, clock, pollMs } = this.#parts
    const { holding, tasks } = alone
    // Done, lost, or of a run that has ended meanwhile.
    if (holding.state !== 'held' || !holdings.all.has(holding.lease.jobId)) {
      this.#alone = undefined
      // Where one was, there are more.
      this.#lookAloneAt = clock.monotonic()
      return 0
    }
    if (!alone.isBegun && holdings.all.size === 1) {
      alone.isBegun = true
      begin(holding.run, tasks)
    }
    return pollMs
  }

  /** Begins what was claimed; gives whether there was anything. */
  async #receive(leases: readonly Lease[]): Promise<boolean> {
    if (leases.length === 0) return false
    const { store, book, holdings, lossesBorne } = this.#parts
    const runIds = [...new Set(leases.map(({ runId }) => runId))]
    const [heads, open] = await Promise.all([store.heads(runIds), store.open(leases)])
    this.#chunkSize = Math.max(1, Math.ceil(leases.reduce((sum, { from, to }) => sum + to - from, 0) / leases.length))
    for (const lease of leases) {
      const run = heads.get(lease.runId)
      const tasks = tasksIn(open, lease)
      if (run === undefined || !isOpen(run) || tasks.length === 0)
        book.settle(holdings.add(lease, run ?? unknownRun(lease), []))
      else if (!lease.alone && lease.retryCount >= lossesBorne) await this.#cut(lease, run, tasks)
      else this.#hold(lease, run, tasks)
    }
    return true
  }

  #hold(lease: Lease, run: StoredRun, tasks: readonly StoredTask[]): void {
    const holding = this.#parts.holdings.add(lease, run, tasks)
    if (lease.alone) this.#alone = { holding, tasks, isBegun: false }
    else this.#parts.begin(run, tasks)
  }

  /** In place of a chunk that went down with its holders, each of its tasks on its own. */
  async #cut(lease: Lease, run: StoredRun, tasks: readonly StoredTask[]): Promise<void> {
    const { store, queue, log } = this.#parts
    const expireSeconds = expirySeconds(1, policyOf(run))
    const singles = tasks.map(({ seq }) => ({ runId: run.id, from: seq, to: seq + 1, alone: true, expireSeconds }))
    log(`a chunk of ${tasks.length} tasks of run ${run.id} was lost ${lease.retryCount} times: each is tried alone`)
    await store.transaction(async (tx) => {
      const settled = await queue.settle([lease], tx)
      if (settled.has(lease.jobId)) await queue.put(singles, tx)
    })
  }
}

/** Whether work on a run makes sense. */
export function isOpen(run: StoredRun): boolean {
  return run.state === 'running' && run.cancelRequested === undefined && isShared(run)
}

function unknownRun({ runId }: Lease): StoredRun {
  return { id: runId, kind: 'trial', title: '', input: null, state: 'cancelled', createdAt: 0, epoch: 0 }
}
