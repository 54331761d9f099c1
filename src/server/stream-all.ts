import { randomBytes } from 'node:crypto'
import { isOver, standing } from '../app/standing.ts'
import { plainView } from '../app/run-view.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { resetFrame, runFrame } from './stream-frames.ts'
import { eachSink } from './stream-sink.ts'
import type { Sink } from './stream-sink.ts'

interface Member {
  readonly sink: Sink
}

/** What the stream of all runs is made with. */
export interface AllRunsParts {
  readonly store: RunStore
  /** Milliseconds between two looks into the store, which also holds runs of other processes. */
  readonly pollMs: number
}

interface Kept {
  readonly number: number
  readonly bytes: Buffer
}

interface Known {
  readonly mark: string
  readonly isOver: boolean
}

const watchedRuns = 200
const keptChanges = 1000

/** Changes of all runs, for lists. Nothing is read while nobody listens. */
export class AllRunsStream {
  readonly #parts: AllRunsParts
  readonly #members = new Set<Member>()
  #known: Map<string, Known> | undefined
  #boot = newBoot()
  #number = 0
  #kept: Kept[] = []
  #timer: Timer | undefined
  #looking: Promise<void> | undefined

  constructor(parts: AllRunsParts) {
    this.#parts = parts
  }

  members(): Iterable<Member> {
    return this.#members
  }

  /** Sends what has changed behind the id that the client saw last, then keeps it for what changes. */
  async join(sink: Sink, lastSeen: string | undefined): Promise<void> {
    try {
      await this.#look()
    } catch {
      return sink.drop()
    }
    if (sink.isGone()) return
    sink.write(this.#since(lastSeen))
    const member = { sink }
    this.#members.add(member)
    sink.onGone(() => this.#members.delete(member))
    this.#again()
  }

  /** Takes a change that this process has seen itself. */
  changed(run: StoredRun): void {
    if (this.#known === undefined) return
    const change = this.#note(run)
    if (change !== undefined) void this.#tell([change])
  }

  close(): void {
    this.#timer?.cancel()
    for (const { sink } of this.#members) sink.end()
    this.#members.clear()
  }

  /** Ends with the number to go on from, which is no event of its own. */
  #since(lastSeen: string | undefined): Buffer {
    const here = Buffer.from(`id: ${this.#boot}-${this.#number}\n\n`)
    if (lastSeen === undefined) return here
    const [boot, digits = ''] = lastSeen.split('-', 2)
    const number = Number(digits)
    const isKept = number >= this.#number - this.#kept.length && number <= this.#number
    if (boot !== this.#boot || !/^\d{1,15}$/.test(digits) || !isKept) return Buffer.concat([resetFrame, here])
    return Buffer.concat([...this.#kept.filter((kept) => kept.number > number).map(({ bytes }) => bytes), here])
  }

  #again(): void {
    this.#timer ??= after(this.#parts.pollMs, () => {
      this.#timer = undefined
      if (this.#members.size === 0) return
      // A store in trouble is asked again; heartbeats go on meanwhile.
      void this.#look()
        .catch(() => {})
        .finally(() => this.#again())
    })
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #read(): Promise<void> {
    const runs = await this.#newest()
    const before = this.#known
    if (before === undefined) {
      this.#known = new Map(runs.map((run) => [run.id, known(run)]))
      return
    }
    if (runs.length >= watchedRuns && before.size > 0 && !runs.some(({ id }) => before.has(id))) this.#restart()
    // Oldest first, as it has happened.
    const changes = runs.toReversed().flatMap((run) => this.#note(run) ?? [])
    this.#known = new Map(runs.map((run) => [run.id, known(run)]))
    await this.#tell(changes)
  }

  /** The newest runs, and older ones that were not over at the last look. */
  async #newest(): Promise<readonly StoredRun[]> {
    const { store } = this.#parts
    const runs = await store.list({ limit: watchedRuns })
    const there = new Set(runs.map(({ id }) => id))
    const open = [...(this.#known ?? [])].filter(([id, known]) => !known.isOver && !there.has(id)).slice(0, watchedRuns)
    const older = await Promise.all(open.map(([id]) => store.find(id)))
    return [...runs, ...older.filter((run) => run !== undefined)]
  }

  /** Too much has happened while nobody listened. */
  #restart(): void {
    this.#boot = newBoot()
    this.#number = 0
    this.#kept = []
  }

  /** Remembers a run; gives what is told of it, where that has changed. */
  #note(run: StoredRun): Kept | undefined {
    const next = known(run)
    const last = this.#known?.get(run.id)
    if (last?.mark === next.mark || (last?.isOver === true && !next.isOver)) return undefined
    this.#known?.set(run.id, next)
    const number = ++this.#number
    const kept = { number, bytes: runFrame(`${this.#boot}-${number}`, plainView(run)) }
    this.#kept.push(kept)
    if (this.#kept.length > keptChanges) this.#kept.shift()
    return kept
  }

  async #tell(changes: readonly Kept[]): Promise<void> {
    if (changes.length === 0) return
    const all = Buffer.concat(changes.map(({ bytes }) => bytes))
    await eachSink(this.#members, ({ sink }) => sink.write(all))
  }
}

function known(run: StoredRun): Known {
  const { verdict, cancelRequested, taskCount, startedAt, reason } = run
  const mark = JSON.stringify([standing(run), verdict, cancelRequested, taskCount, startedAt, reason])
  return { mark, isOver: isOver(run) }
}

function newBoot(): string {
  return randomBytes(6).toString('hex')
}
