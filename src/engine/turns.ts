import type { Clock, Timer } from '../lib/clock.ts'

/** Longest time without a turn of the event loop while attempts begin one after the other. */
const turnMs = 15
/** The clock is looked at once in so many attempts. */
const startsPerLook = 16

/** Lets timers, signals and sockets have their turn when attempts end at once, as those of quick handlers do. */
export class Turns {
  /** Nothing should begin until the event loop has turned. */
  isDue = false
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #onTurn: () => void
  #starts = 0
  #turnedAt: number
  #timer: Timer | undefined

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, onTurn: () => void) {
    this.#clock = clock
    this.#onTurn = onTurn
    this.#turnedAt = clock.monotonic()
  }

  /** Counts something that began at `at`. */
  count(at: number): void {
    if (++this.#starts < startsPerLook) return
    this.#starts = 0
    if (at - this.#turnedAt >= turnMs) this.take()
  }

  /** Asks for a turn now; while one is due, nobody has to ask. */
  take(): void {
    this.isDue = true
    this.#timer = this.#clock.after(0, () => {
      this.isDue = false
      this.#turnedAt = this.#clock.monotonic()
      this.#onTurn()
    })
  }

  close(): void {
    this.#timer?.cancel()
  }
}
