import { GreenloopError } from '../domain/errors.ts'
import type { ChunkRecord, LeaseQueue, SharedStore } from '../domain/queue.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Holding, Holdings } from './worker-holding.ts'

/** What a book is written with. */
export interface BookParts {
  readonly store: Pick<SharedStore, 'transaction' | 'record'>
  readonly queue: Pick<LeaseQueue, 'renew' | 'settle'>
  readonly holdings: Holdings
  readonly clock: Pick<Clock, 'after' | 'monotonic'>
  readonly log: (line: string) => void
  /** Runs one piece of work after the other: heartbeats and flushes touch the same rows. */
  readonly serial: <T>(work: () => Promise<T>) => Promise<T>
  /** What is written waits at most so long for company. */
  readonly flushMs: number
  /** Told when chunks are settled. */
  readonly onSettled: () => void
}

/** Records of a group: few enough that its transaction is short, many enough that its commit is cheap. */
const groupSize = 512
/** So many records in memory, and the worker waits for its writer. */
const behind = 8 * groupSize
const retryMs = 250
const lastTries = 5

interface Page {
  records: ChunkRecord[]
  readonly since: number
}

/** Collects what became of attempts, and writes it in groups: each is one transaction with the chunks it completes. */
export class Book {
  readonly #parts: BookParts
  readonly #pages = new Map<Holding, Page>()
  #records = 0
  /** Records of chunks that are complete. */
  #ready = 0
  #limit = groupSize
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #waiters: (() => void)[] = []

  constructor(parts: BookParts) {
    this.#parts = parts
  }

  /** Takes a record. Gives a promise to wait for where the writer is behind. */
  write(holding: Holding, record: ChunkRecord): Promise<void> | undefined {
    this.#add(holding, [record])
    if (this.#records < behind) return undefined
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Completes a chunk without a further record. */
  settle(holding: Holding): void {
    this.#add(holding, [])
  }

  /** Writes everything that is there; gives up after some failures. */
  async close(): Promise<void> {
    let triesLeft = lastTries
    while (this.#pages.size > 0 && triesLeft > 0) {
      await this.#writing
      try {
        await this.#flush(true)
      } catch (error) {
        triesLeft--
        this.#parts.log(`results could not be written: ${String(error)}`)
      }
    }
    this.#timer?.cancel()
  }

  #add(holding: Holding, records: readonly ChunkRecord[]): void {
    let page = this.#pages.get(holding)
    if (page === undefined) {
      page = { records: [], since: this.#parts.clock.monotonic() }
      this.#pages.set(holding, page)
    }
    page.records.push(...records)
    this.#records += records.length
    if (holding.left === 0) this.#ready += page.records.length + 1
    this.#schedule()
  }

  #schedule(): void {
    if (this.#writing !== undefined || this.#pages.size === 0) return
    const isFull = this.#ready >= groupSize && this.#limit === groupSize
    if (isFull) return this.#begin()
    const delayMs = this.#limit < groupSize ? retryMs : this.#parts.flushMs
    this.#timer ??= this.#parts.clock.after(delayMs, () => this.#begin())
  }

  #begin(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#writing ??= this.#flush(false)
      .catch((error: unknown) => this.#parts.log(`results could not be written yet: ${String(error)}`))
      .finally(() => {
        this.#writing = undefined
        this.#schedule()
      })
  }

  async #flush(all: boolean): Promise<void> {
    const group = this.#take(all)
    if (group.length === 0) return
    try {
      const confirmed = await this.#parts.serial(() => writeGroup(group, this.#parts))
      this.#limit = Math.min(groupSize, this.#limit * 2)
      conclude(group, confirmed, this.#parts.holdings)
    } catch (error) {
      this.#fail(group, error)
      throw error
    } finally {
      for (const resume of this.#waiters.splice(0)) resume()
    }
    this.#parts.onSettled()
  }

  #take(all: boolean): readonly Entry[] {
    const group: Entry[] = []
    const dueSince = this.#parts.clock.monotonic() - this.#parts.flushMs
    let size = 0
    for (const [holding, { records, since }] of this.#pages) {
      // What is not complete goes along once it is old enough, for it needs a fence of its own.
      if (!all && holding.left > 0 && since > dueSince) continue
      this.#pages.delete(holding)
      // Decided now: a chunk may become complete while the transaction runs.
      group.push({ holding, records, since, isDone: holding.left === 0 })
      size += records.length + 1
      if (size >= this.#limit) break
    }
    for (const { records } of group) this.#records -= records.length
    this.#ready = this.#pages.size === 0 ? 0 : Math.max(0, this.#ready - size)
    return group
  }

  /** After a failure the same records first and one chunk at a time, until what cannot be written is alone. */
  #fail(group: readonly Entry[], error: unknown): void {
    const isPassing = error instanceof GreenloopError && error.code === 'store_unavailable'
    if (this.#limit === 1 && !isPassing) {
      this.#limit = groupSize
      for (const { holding } of group) this.#parts.holdings.lose(holding)
      return
    }
    this.#limit = 1
    const later = [...this.#pages]
    this.#pages.clear()
    for (const { holding, records, since } of group) {
      this.#pages.set(holding, { records: [...records], since })
      this.#records += records.length
    }
    for (const [holding, page] of later) {
      const earlier = this.#pages.get(holding)
      if (earlier === undefined) this.#pages.set(holding, page)
      else earlier.records.push(...page.records)
    }
  }
}

interface Entry {
  readonly holding: Holding
  readonly records: readonly ChunkRecord[]
  readonly since: number
  readonly isDone: boolean
}

async function writeGroup(group: readonly Entry[], { store, queue }: BookParts): Promise<ReadonlySet<string>> {
  // A chunk that was let go in the meantime must come again with all that was not written.
  const ours = group.filter(({ holding }) => holding.state !== 'lost')
  const done = ours.filter(({ isDone }) => isDone).map(({ holding }) => holding.lease)
  const partial = ours.filter(({ isDone }) => !isDone).map(({ holding }) => holding.lease)
  return store.transaction(async (tx) => {
    const settled = done.length === 0 ? [] : await queue.settle(done, tx)
    const renewed = partial.length === 0 ? [] : await queue.renew(partial, tx)
    const confirmed = new Set([...settled, ...renewed])
    // What another worker holds by now is not ours to write: the fence drops those rows, and no others.
    const rows = ours.flatMap(({ holding, records }) =>
      confirmed.has(holding.lease.jobId) && holding.state === 'held' ? records : [],
    )
    if (rows.length === 0) return confirmed
    await store.record(rows, tx)
    return confirmed
  })
}

function conclude(group: readonly Entry[], confirmed: ReadonlySet<string>, holdings: Holdings): void {
  for (const { holding, isDone } of group) {
    if (!confirmed.has(holding.lease.jobId)) holdings.lose(holding)
    else if (isDone) holdings.remove(holding)
  }
}
