import type { LeaseQueue, SharedStore, TokenStore } from '../domain/queue.ts'
import type { RunKind, RunStore, StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { Clock } from '../lib/clock.ts'
import { Coordinator } from './coordinator.ts'
import { createBell, createSerial } from './worker-bell.ts'
import type { Bell } from './worker-bell.ts'
import { Book } from './worker-book.ts'
import { Claimer, isOpen } from './worker-claims.ts'
import { expirySeconds, policyOf } from './worker-chunks.ts'
import { createHoldings } from './worker-holding.ts'
import type { Holding, Holdings } from './worker-holding.ts'
import { Lane } from './worker-lane.ts'
import type { HandlerFactory, LaneParts } from './worker-lane.ts'
import { Slots } from './worker-slots.ts'

/** What makes the handlers of each kind of run. */
type HandlerTable = Readonly<Record<RunKind, HandlerFactory>>

/** What a worker is made of. Times in milliseconds. */
export interface WorkerParts {
  readonly store: RunStore & SharedStore & TokenStore
  readonly queue: LeaseQueue
  readonly handlers: HandlerTable
  /** Tasks at a time. */
  readonly slots: number
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1: for jitter. */
  readonly random: () => number
  readonly log: (line: string) => void
  /** What is done waits at most so long to be written; 200 unless set. */
  readonly flushMs?: number | undefined
  /** Wait between two looks at an empty queue; 1,000 unless set. */
  readonly pollMs?: number | undefined
  /** Wait between two looks for tasks that are worked on alone; 2,000 unless set. */
  readonly aloneMs?: number | undefined
  /** Attempts that run when the worker is asked to stop may go on for so long; 10,000 unless set. */
  readonly graceMs?: number | undefined
  /** A chunk that was lost so often is cut into single tasks; 2 unless set. */
  readonly lossesBorne?: number | undefined
}

/**
 * Works on the runs of a shared store until the signal aborts; then begins nothing more, lets attempts that run finish
 * within the grace, gives back what is left, and settles. Trouble with the database is logged and waited out.
 */
export async function runWorker(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const worker = new Worker(parts)
  const listener = await parts.store.listen((runId) => worker.hear(runId))
  try {
    await worker.run(signal)
  } finally {
    await listener.close()
  }
}

class Worker {
  readonly #parts: WorkerParts
  readonly #bell: Bell
  readonly #serial = createSerial()
  readonly #holdings: Holdings
  readonly #slots: Slots
  readonly #book: Book
  readonly #lanes = new Map<string, Lane>()
  readonly #news = new Set<string>()
  readonly #pulseBell: Bell
  #renewedAt: number

  constructor(parts: WorkerParts) {
    const { flushMs = 200, slots, clock } = parts
    this.#parts = parts
    this.#bell = createBell(clock)
    this.#pulseBell = createBell(clock)
    this.#renewedAt = clock.monotonic()
    this.#holdings = createHoldings((holding) => this.#noteLoss(holding))
    this.#slots = new Slots(slots, {
      // Whoever has slept through a heartbeat asks first what is still its own.
      mayBegin: () => clock.monotonic() - this.#renewedAt < parts.queue.heartbeatMs,
      onRoom: () => this.#bell.ring(),
    })
    this.#book = new Book({
      ...parts,
      holdings: this.#holdings,
      serial: this.#serial,
      flushMs,
      onSettled: () => this.#bell.ring(),
    })
  }

  /** A run has changed: begun, cancelled or ended. */
  hear(runId: string): void {
    if (!this.#lanes.has(runId)) return this.#bell.ring()
    this.#news.add(runId)
    this.#pulseBell.ring()
  }

  async run(signal: AbortSignal): Promise<void> {
    const { pollMs = 1000, aloneMs = 2000, lossesBorne = 2, slots: slotCount } = this.#parts
    const claimer = new Claimer({
      ...this.#parts,
      bell: this.#bell,
      slots: this.#slots,
      slotCount,
      holdings: this.#holdings,
      book: this.#book,
      pollMs,
      aloneMs,
      lossesBorne,
      begin: (run, tasks) => this.#begin(run, tasks),
    })
    const over = new AbortController()
    const coordinator = new Coordinator(this.#parts)
    const background = Promise.all([this.#pulse(over.signal), coordinator.run(signal)])
    await claimer.run(signal)
    await this.#drain()
    over.abort()
    await background
  }

  #begin(run: StoredRun, tasks: readonly StoredTask[]): void {
    const { handlers, slots: slotCount } = this.#parts
    let lane = this.#lanes.get(run.id)
    if (lane === undefined) {
      const parts: LaneParts = {
        ...this.#parts,
        slots: this.#slots,
        slotCount,
        holdings: this.#holdings,
        book: this.#book,
      }
      lane = this.#open(new Lane(run, handlers[run.kind], parts))
    }
    lane.add(tasks)
  }

  #open(lane: Lane): Lane {
    const { id } = lane.run
    this.#lanes.set(id, lane)
    void lane.over.finally(() => {
      if (this.#lanes.get(id) === lane) this.#lanes.delete(id)
    })
    return lane
  }

  #noteLoss(holding: Holding): void {
    this.#parts.log(`a chunk of run ${holding.lease.runId} is with another worker by now`)
    this.#lanes.get(holding.lease.runId)?.withdraw(holding)
  }

  /** Keeps what is held and learns what became of the runs, three times in a heartbeat and whenever there is news. */
  async #pulse(over: AbortSignal): Promise<void> {
    const { queue, clock, log } = this.#parts
    const { heartbeatMs } = queue
    while (!over.aborted) {
      await this.#pulseBell.wait(heartbeatMs / 3, over)
      const isDue = clock.monotonic() - this.#renewedAt >= heartbeatMs / 4
      const runIds = isDue ? [...this.#lanes.keys()] : [...this.#news]
      this.#news.clear()
      try {
        if (isDue) await this.#serial(() => this.#renew())
        await this.#look(runIds)
      } catch (error) {
        log(`no heartbeat: ${String(error)}`)
      }
    }
  }

  async #renew(): Promise<void> {
    const { queue, clock } = this.#parts
    const askedAt = clock.monotonic()
    const held = [...this.#holdings.all.values()]
    const kept = held.length === 0 ? new Set() : await queue.renew(held.map(({ lease }) => lease))
    for (const holding of held) if (!kept.has(holding.lease.jobId)) this.#holdings.lose(holding)
    this.#renewedAt = askedAt
    this.#slots.serve()
  }

  async #look(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return
    const heads = await this.#parts.store.heads(runIds)
    for (const runId of runIds) {
      const run = heads.get(runId)
      if (run === undefined || !isOpen(run))
        this.#endRun(runId, run?.reason ?? run?.cancelRequested ?? 'the run is over')
    }
  }

  /** Aborts what runs of a run that is over, and settles its chunks without results. */
  #endRun(runId: string, reason: string): void {
    const lane = this.#lanes.get(runId)
    this.#lanes.delete(runId)
    for (const holding of this.#holdings.all.values()) {
      if (holding.lease.runId !== runId) continue
      this.#holdings.retire(holding)
      this.#book.settle(holding)
    }
    lane?.stop(reason)
  }

  async #drain(): Promise<void> {
    const { graceMs = 10_000, clock, log } = this.#parts
    const lanes = [...this.#lanes.values()]
    for (const lane of lanes) lane.close()
    const over = Promise.all(lanes.map((lane) => lane.over))
    const timer = clock.after(graceMs, () => {
      for (const lane of lanes) lane.stop('the worker stops')
    })
    await over
    timer.cancel()
    await this.#book.close()
    try {
      await this.#serial(() => this.#giveBack())
    } catch (error) {
      log(`chunks could not be given back, they lapse: ${String(error)}`)
    }
  }

  /** A fresh chunk for each that is not finished: no loss is counted against it. */
  async #giveBack(): Promise<void> {
    const { store, queue } = this.#parts
    const held = [...this.#holdings.all.values()]
    if (held.length === 0) return
    await store.transaction(async (tx) => {
      const ours = await queue.settle(
        held.map(({ lease }) => lease),
        tx,
      )
      const chunks = held
        .filter(({ lease }) => ours.has(lease.jobId))
        .map(({ run, lease: { runId, from, to, alone } }) => {
          return { runId, from, to, alone, expireSeconds: expirySeconds(to - from, policyOf(run)) }
        })
      await queue.put(chunks, tx)
    })
  }
}
