import type { StoredTask } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'

type Step = IteratorResult<StoredTask, undefined>
const done: Step = { done: true, value: undefined }

/** What slots ask and tell. */
export interface SlotHooks {
  /** Whether anything may begin now. After a no, `serve` has to be called. */
  readonly mayBegin: () => boolean
  /** Told when a task that waited begins. */
  readonly onRoom: () => void
}

/** The slots of a worker, shared by the feeds of all its runs in turn. */
export class Slots {
  readonly #total: number
  readonly #hooks: SlotHooks
  readonly #busy = new Set<Task>()
  /** Feeds whose schedulers wait for a task, the one that waits longest first. */
  readonly #hungry = new Set<Feed>()
  /** Tasks that are held and not begun. */
  waiting = 0

  constructor(total: number, hooks: SlotHooks) {
    this.#total = total
    this.#hooks = hooks
  }

  /** A task begins another attempt: it is not kept waiting, so slots can be overdrawn for a moment. */
  occupy(task: Task): void {
    this.#busy.add(task)
  }

  /** An attempt is over. */
  vacate(task: Task): void {
    if (this.#busy.delete(task)) this.serve()
  }

  /** Gives the free slots to feeds that wait, in turn. */
  serve(): void {
    for (const feed of this.#hungry) {
      if (!this.#isOpen()) return
      if (feed.serve()) this.#hungry.delete(feed)
    }
  }

  /** The next task of a feed where a slot is free; otherwise the feed is served later. */
  take(feed: Feed): StoredTask | undefined {
    const task = this.#isOpen() ? feed.shift() : undefined
    if (task === undefined) {
      this.#hungry.add(feed)
      return undefined
    }
    this.#busy.add(task)
    this.waiting--
    this.#hooks.onRoom()
    return task
  }

  #isOpen(): boolean {
    return this.#busy.size < this.#total && this.#hooks.mayBegin()
  }
}

/** Gives the tasks of one run to its scheduler, one for each free slot of the worker. */
export class Feed implements AsyncIterable<StoredTask> {
  readonly #slots: Slots
  #tasks: StoredTask[] = []
  #head = 0
  #isClosed = false
  #waiter: ((step: Step) => void) | undefined

  constructor(slots: Slots) {
    this.#slots = slots
  }

  push(tasks: readonly StoredTask[]): void {
    this.#tasks.push(...tasks)
    this.#slots.waiting += tasks.length
    this.#slots.serve()
  }

  /** Takes tasks back that nobody has begun. */
  withdraw(which: (task: StoredTask) => boolean): void {
    const left = this.#tasks.slice(this.#head)
    this.#tasks = left.filter((task) => !which(task))
    this.#head = 0
    this.#slots.waiting -= left.length - this.#tasks.length
  }

  /** Nothing more comes, and what waits is not begun. */
  close(): void {
    this.withdraw(() => true)
    this.#isClosed = true
    this.#waiter?.(done)
    this.#waiter = undefined
  }

  /** The next task, whatever the slots. */
  shift(): StoredTask | undefined {
    const task = this.#tasks[this.#head]
    if (task === undefined) return undefined
    if (++this.#head === this.#tasks.length) {
      this.#tasks = []
      this.#head = 0
    }
    return task
  }

  /** Serves the waiting scheduler; gives whether it waits no longer. */
  serve(): boolean {
    const waiter = this.#waiter
    if (waiter === undefined) return true
    this.#waiter = undefined
    const task = this.#slots.take(this)
    if (task === undefined) this.#waiter = waiter
    else waiter({ done: false, value: task })
    return task !== undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<StoredTask, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close()
        return Promise.resolve(done)
      },
    }
  }

  #next(): Promise<Step> {
    if (this.#isClosed) return Promise.resolve(done)
    const task = this.#slots.take(this)
    if (task !== undefined) return Promise.resolve({ done: false, value: task })
    return new Promise((resolve) => {
      this.#waiter = resolve
    })
  }
}
