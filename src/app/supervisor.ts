import { GreenloopError } from '../domain/errors.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { after, every } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { startCarrier } from './carrier.ts'
import type { Carrier } from './carrier.ts'
import { startedBy } from './carry.ts'
import type { CarriedOrder } from './hand-in.ts'
import { isOver, standing } from './standing.ts'

/** What the supervisor works with. */
export interface SupervisorParts {
  readonly store: RunStore
  readonly storeAt: string
  readonly root: string
  /** Runs side by side. */
  readonly slots: number
  /** Variables of the process that carries a run: those of the server, and the key of its model. */
  readonly environmentOf: (id: string) => Promise<Readonly<Record<string, string | undefined>>>
  /** Something is worth knowing. */
  readonly onStep: (text: string) => void
  /** The processes of a run died too often: what they have left is nobody's. */
  readonly onGivenUp: (run: StoredRun) => Promise<void>
  /** The state of a run may have changed. */
  readonly onChange: (id: string) => void
}

/** Has the runs of the service carried out, each by a process of its own, so many side by side. */
export interface Supervisor {
  /** Hands an order in and carries its run out when there is room. Throws what is wrong with the order. */
  start(order: CarriedOrder): Promise<void>
  /** Carries out a run that is on record. */
  take(id: string): void
  cancel(id: string, reason: string): void
  isWorkingOn(id: string): boolean
  load(): { readonly queued: number; readonly running: number; readonly slots: number }
  /** Begins no more, and waits so long for what runs. */
  drain(ms: number): Promise<void>
  isDraining(): boolean
  /** Ends what still runs: it goes on when a server is back. */
  close(): Promise<void>
}

/** Orders that are handed in at the same time; the others wait. */
const mostHandingIn = 4
const pollMs = 2000
/** What may pass is tried again after so long, and then twice as long each time. */
const againMs = 30_000
const mostAgain = 5
/** Processes of one run that may die without a word. */
const mostDied = 2
const pageSize = 1000

/** Looks after the runs of a store; see {@link Supervisor}. */
export async function superviseRuns(parts: SupervisorParts): Promise<Supervisor> {
  const supervisor = new RunSupervisor(parts)
  await supervisor.poll()
  return supervisor
}

class RunSupervisor implements Supervisor {
  readonly #parts: SupervisorParts
  readonly #waiting = new Set<string>()
  readonly #working = new Map<string, Carrier>()
  readonly #later = new Map<string, Timer>()
  readonly #left = new Map<string, number>()
  readonly #died = new Map<string, number>()
  readonly #handingIn = new Set<Promise<unknown>>()
  readonly #poll: Timer
  #isClosing = false

  constructor(parts: SupervisorParts) {
    this.#parts = parts
    this.#poll = every(pollMs, () => void this.poll().catch(() => {}))
  }

  /** Finds runs that wait, and those that were broken off: by another server, or before this one was started. */
  async poll(): Promise<void> {
    if (this.#isClosing) return
    const runs = await this.#parts.store.list({ states: ['queued', 'running'], limit: pageSize })
    for (const run of runs.toReversed()) if (this.#isToDo(run)) this.#waiting.add(run.id)
    this.#next()
  }

  #isToDo(run: StoredRun): boolean {
    const isTaken = this.#working.has(run.id) || this.#later.has(run.id) || this.#left.has(run.id)
    return startedBy(run) !== undefined && !isTaken && standing(run) !== 'running'
  }

  async start(order: CarriedOrder): Promise<void> {
    while (this.#handingIn.size >= mostHandingIn) await Promise.race(this.#handingIn)
    const started = this.#handIn(order)
    const settled = started.catch(() => {})
    this.#handingIn.add(settled)
    try {
      await started
    } finally {
      this.#handingIn.delete(settled)
    }
  }

  async #handIn(order: CarriedOrder): Promise<void> {
    const { id } = order
    const carrier = startCarrier(this.#parts.root, await this.#parts.environmentOf(id))
    // Nobody else begins it between its record and the first word of its own process.
    this.#later.set(id, { cancel: () => {} })
    try {
      await carrier.handIn(order)
    } catch (error) {
      carrier.leave()
      if (!(await this.#isOnRecord(id, error))) throw error
    } finally {
      this.#later.delete(id)
    }
    this.#parts.onChange(id)
    if (this.#hasRoom() && this.#waiting.size === 0 && !carrier.isGone()) this.#carry(id, carrier)
    else {
      carrier.leave()
      this.take(id)
    }
  }

  /** A process may die behind the record and before it says so; then the run is there all the same. */
  async #isOnRecord(id: string, error: unknown): Promise<boolean> {
    if (!(error instanceof GreenloopError) || error.code !== 'internal') return false
    return (await this.#parts.store.find(id)) !== undefined
  }

  #hasRoom(): boolean {
    return !this.#isClosing && this.#working.size < this.#parts.slots
  }

  take(id: string): void {
    this.#left.delete(id)
    this.#died.delete(id)
    this.#later.get(id)?.cancel()
    this.#later.delete(id)
    if (!this.#working.has(id)) this.#waiting.add(id)
    this.#next()
  }

  #next(): void {
    for (const id of this.#waiting) {
      if (!this.#hasRoom()) return
      this.#waiting.delete(id)
      if (!this.#working.has(id)) void this.#begin(id)
    }
  }

  /** The place is taken at once, before the process is there. */
  async #begin(id: string): Promise<void> {
    const { root, environmentOf, onStep } = this.#parts
    const starting: Carrier = { ...idle, gone: Promise.resolve() }
    this.#working.set(id, starting)
    try {
      const env = await environmentOf(id)
      if (!this.#isClosing) return this.#carry(id, startCarrier(root, env))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      onStep(`${id}: ${reason}`)
      await this.#parts.store.end(id, { state: 'failed', reason, exitCode: 2 }).catch(() => {})
      this.#parts.onChange(id)
    }
    this.#working.delete(id)
    this.#next()
  }

  #carry(id: string, carrier: Carrier): void {
    this.#working.set(id, carrier)
    void carrier
      .go(id, this.#parts.storeAt)
      .then((end) => this.#settle(id, end))
      .catch((error: unknown) => this.#parts.onStep(`${id}: ${String(error)}`))
      .finally(() => {
        this.#working.delete(id)
        this.#parts.onChange(id)
        this.#next()
      })
    this.#parts.onChange(id)
  }

  async #settle(id: string, end: 'over' | 'left' | 'died'): Promise<void> {
    const run = await this.#parts.store.find(id)
    if (run === undefined || isOver(run) || this.#isClosing) return
    if (end === 'died') return this.#again(run)
    const times = this.#left.get(id) ?? 0
    this.#left.set(id, times + 1)
    if (times >= mostAgain) return this.#parts.onStep(`${id} was left open: resume it when what kept it is over`)
    const timer = after(againMs * 2 ** times, () => this.#retake(id), { unref: true })
    this.#later.set(id, timer)
  }

  #retake(id: string): void {
    this.#later.delete(id)
    this.#waiting.add(id)
    this.#next()
  }

  /** A process that died is followed by another one; a run that takes its processes with it is given up. */
  async #again(run: StoredRun): Promise<void> {
    const { id } = run
    const died = (this.#died.get(id) ?? 0) + 1
    this.#died.set(id, died)
    if (died <= mostDied) {
      this.#waiting.add(id)
      return
    }
    const reason = `its process ended ${died} times without a word: memory may be short`
    await this.#parts.store.end(id, { state: 'failed', reason, exitCode: 3 })
    await this.#parts.onGivenUp(run)
  }

  cancel(id: string, reason: string): void {
    this.#waiting.delete(id)
    this.#later.get(id)?.cancel()
    this.#later.delete(id)
    this.#working.get(id)?.cancel(reason)
  }

  isWorkingOn(id: string): boolean {
    return this.#working.has(id) || this.#waiting.has(id)
  }

  load() {
    return { queued: this.#waiting.size, running: this.#working.size, slots: this.#parts.slots }
  }

  async drain(ms: number): Promise<void> {
    this.#isClosing = true
    this.#poll.cancel()
    for (const timer of this.#later.values()) timer.cancel()
    const limit = new AbortController()
    const timer = after(ms, () => limit.abort())
    await Promise.race([this.#gone(), aborted(limit.signal)])
    timer.cancel()
  }

  isDraining(): boolean {
    return this.#isClosing
  }

  async close(): Promise<void> {
    await this.drain(0)
    for (const carrier of this.#working.values()) carrier.kill()
    await this.#gone()
  }

  async #gone(): Promise<void> {
    await Promise.all([...this.#working.values()].map(({ gone }) => gone))
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }))
}

/** Stands for a process that is about to be started. */
const idle: Omit<Carrier, 'gone'> = {
  handIn: () => Promise.resolve(),
  go: () => Promise.resolve('left'),
  cancel: () => {},
  leave: () => {},
  kill: () => {},
  isGone: () => false,
}
