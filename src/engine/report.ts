import type { Task, TaskAttempt, TaskResult } from '../domain/task.ts'
import { isThenable } from '../lib/thenable.ts'
import type { RunOptions } from './options.ts'

/** Whoever is told of what comes back from the hooks. */
interface ReporterEvents {
  /** A hook was waited for and is done. */
  readonly onSettled: () => void
  readonly onFault: (error: unknown) => void
}

/** How results leave the engine. */
export interface ReporterParts<P, O> {
  readonly options: Pick<RunOptions<P, O>, 'onResult' | 'onAttempt'>
  /** So many promises of hooks may be unsettled before nothing new begins. */
  readonly limit: number
  readonly events: ReporterEvents
}

/** Hands results and attempts on, or keeps the results. */
export class Reporter<P, O> {
  /** By the number of their task. */
  readonly kept: TaskResult<O, P>[] = []
  unsettled = 0
  readonly #parts: ReporterParts<P, O>
  #isBroken = false

  constructor(parts: ReporterParts<P, O>) {
    this.#parts = parts
  }

  get isBehind(): boolean {
    return this.unsettled >= this.#parts.limit
  }

  /** Hands a result on; a hook that threw once is not called again. */
  result(seq: number, result: TaskResult<O, P>): void {
    const { onResult } = this.#parts.options
    if (onResult === undefined) this.kept[seq] = result
    if (onResult === undefined || this.#isBroken) return
    try {
      const promise = onResult(result)
      if (isThenable(promise)) void this.#waitFor(promise)
    } catch (error) {
      this.#break(error)
    }
  }

  attempt(task: Task<P>, attempt: TaskAttempt): void {
    const { onAttempt } = this.#parts.options
    if (onAttempt === undefined || this.#isBroken) return
    try {
      const promise = onAttempt(task, attempt)
      if (isThenable(promise)) void this.#waitFor(promise)
    } catch (error) {
      this.#break(error)
    }
  }

  async #waitFor(promise: PromiseLike<unknown>): Promise<void> {
    this.unsettled++
    try {
      await promise
    } catch (error) {
      this.#break(error)
    } finally {
      this.unsettled--
      this.#parts.events.onSettled()
    }
  }

  #break(error: unknown): void {
    this.#isBroken = true
    this.#parts.events.onFault(error)
  }
}
