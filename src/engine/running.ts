import type { Clock, Timer } from '../lib/clock.ts'
import { Line } from '../lib/linked.ts'
import type { Attempt } from './attempt.ts'

/** Attempts with the same limit, the oldest first; so the first is the first to run out of time. */
interface Group<P> {
  readonly timeoutMs: number
  readonly line: Line<Attempt<P>>
  timer: Timer | undefined
}

/** So many limits in use at once keep their timer when their last attempt is over. */
const keptGroups = 16

/**
 * The attempts that are running. Each limit has one timer for all attempts: it is left running when the attempt that it
 * was set for is over, so that short attempts cost no timer.
 */
export class Running<P> {
  count = 0
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #onTimeout: (attempt: Attempt<P>) => void
  readonly #groups = new Map<number, Group<P>>()
  #latest: Group<P> | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, onTimeout: (attempt: Attempt<P>) => void) {
    this.#clock = clock
    this.#onTimeout = onTimeout
  }

  add(attempt: Attempt<P>): void {
    const group = this.#groupOf(attempt.timeoutMs)
    group.line.push(attempt)
    this.count++
    if (group.timer === undefined && attempt.timeoutMs < Infinity) this.#arm(group)
  }

  remove(attempt: Attempt<P>): void {
    const group = this.#groupOf(attempt.timeoutMs)
    group.line.remove(attempt)
    this.count--
    if (group.line.first !== undefined || this.#groups.size <= keptGroups) return
    group.timer?.cancel()
    this.#groups.delete(group.timeoutMs)
    this.#latest = undefined
  }

  /** All of them, in no order that means anything. */
  all(): Attempt<P>[] {
    return [...this.#groups.values()].flatMap(({ line }) => {
      const found: Attempt<P>[] = []
      for (let next = line.first; next !== undefined; next = next.after) found.push(next)
      return found
    })
  }

  /** Takes all timers back. */
  close(): void {
    for (const { timer } of this.#groups.values()) timer?.cancel()
    this.#groups.clear()
    this.#latest = undefined
  }

  #groupOf(timeoutMs: number): Group<P> {
    if (this.#latest?.timeoutMs === timeoutMs) return this.#latest
    let group = this.#groups.get(timeoutMs)
    if (group === undefined) {
      group = { timeoutMs, line: new Line(), timer: undefined }
      this.#groups.set(timeoutMs, group)
    }
    this.#latest = group
    return group
  }

  #arm(group: Group<P>): void {
    const { first } = group.line
    if (first === undefined) return
    const leftMs = first.startAt + group.timeoutMs - this.#clock.monotonic()
    group.timer = this.#clock.after(Math.max(1, Math.ceil(leftMs)), () => {
      group.timer = undefined
      this.#expire(group)
      if (group.timer === undefined) this.#arm(group)
    })
  }

  #expire({ line, timeoutMs }: Group<P>): void {
    const at = this.#clock.monotonic()
    for (let first = line.first; first !== undefined && first.startAt + timeoutMs <= at; first = line.first) {
      this.#onTimeout(first)
    }
  }
}
