import { GreenloopError } from '../domain/errors.ts'
import type { Journal, JournalEntry, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import type { Redactor } from '../lib/redact.ts'

/** A run and the store that it is recorded in. */
interface Place {
  readonly store: RunStore
  readonly run: StoredRun
}

interface Group {
  readonly tasks: Task[]
  readonly entries: JournalEntry[]
  readonly firstSeq: number
}

const gatherMs = 50
/** Each round waits for a lock as long as the store does: 5 seconds. */
const patientRounds = 6

/** Gathers tasks and entries of one run for a moment, then writes them together, tasks first. */
export class RecordWriter {
  readonly #opened: Promise<Place | undefined>
  readonly #redactor: Redactor
  #tasks: Task[] = []
  #entries: JournalEntry[] = []
  #firstSeq = 0
  #timer: Timer | undefined
  #fault: unknown
  #book: Journal | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(opened: Promise<Place | undefined>, redactor: Redactor) {
    this.#opened = opened
    this.#redactor = redactor
  }

  /** Takes a task; each has the number behind that of the last. */
  task(seq: number, task: Task): void {
    if (this.#tasks.length === 0) this.#firstSeq = seq
    this.#tasks.push(task)
    this.#soon()
  }

  entry(entry: JournalEntry): void {
    this.#entries.push(entry)
    this.#soon()
  }

  /** Writes what is there. Throws what keeps it from being written. */
  async flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    await this.#writing
    if (this.#fault !== undefined) throw this.#fault
  }

  /** As {@link flush}, but of all that may go wrong only that the run is another process's by now is thrown. */
  async confirm(): Promise<void> {
    await this.flush().catch((error: unknown) => {
      if (error instanceof GreenloopError && error.code === 'lease_lost') throw error
    })
  }

  /** As {@link flush}, for half a minute where somebody else holds the store. */
  async flushPatiently(): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        return await this.flush()
      } catch (error) {
        if (!isPassing(error) || round >= patientRounds) throw error
      }
    }
  }

  /** Lets go of the store. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#book?.close().catch(() => {})
    await (await this.#opened.catch(() => undefined))?.store.close()
  }

  #soon(): void {
    this.#timer ??= after(gatherMs, () => void this.flush().catch(() => {}))
  }

  /** Never rejects: what went wrong is told to whoever flushes. */
  async #write(): Promise<void> {
    const group: Group = { tasks: this.#tasks, entries: this.#entries, firstSeq: this.#firstSeq }
    this.#tasks = []
    this.#entries = []
    try {
      const place = await this.#opened
      if (place !== undefined) await this.#writeGroup(group, place)
      this.#fault = undefined
    } catch (error) {
      this.#fault = error
      // A journal that failed stays so; a new one takes the same entries again, and none counts twice.
      this.#book = undefined
      if (isPassing(error)) this.#putBack(group)
    }
  }

  async #writeGroup({ tasks, entries, firstSeq }: Group, { store, run }: Place): Promise<void> {
    if (tasks.length > 0) await store.addTasks(run.id, firstSeq, clean(tasks, this.#redactor))
    this.#book ??= store.journal(run.id, run.epoch)
    for (const entry of clean(entries, this.#redactor)) await this.#book.append(entry)
    await this.#book.flush()
  }

  #putBack({ tasks, entries, firstSeq }: Group): void {
    if (tasks.length > 0) this.#firstSeq = firstSeq
    this.#tasks = [...tasks, ...this.#tasks]
    this.#entries = [...entries, ...this.#entries]
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof GreenloopError && error.code === 'store_unavailable'
}

/** Secrets are rare, and one look at a whole group is much cheaper than one at each of its strings. */
function clean<T>(group: T, redactor: Redactor): T {
  const text = JSON.stringify(group)
  return redactor.text(text) === text ? group : redactor.deep(group)
}
