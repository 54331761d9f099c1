import type { Clock } from '../lib/clock.ts'

/** The wall clock is read once in this time. */
const readMs = 1000

/** Dates moments of the clock that never jumps. Reading two clocks for each attempt would double the cost of a short one. */
export class Dates {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  #readAt = -Infinity
  #offsetMs = 0

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock
  }

  /** Epoch milliseconds of a moment that has just been read. */
  of(at: number): number {
    if (at - this.#readAt >= readMs) {
      this.#readAt = at
      this.#offsetMs = this.#clock.now() - at
    }
    return Math.round(at + this.#offsetMs)
  }
}
