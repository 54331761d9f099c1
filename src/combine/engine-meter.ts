import { GreenloopError } from '../domain/errors.ts'

/** Why a search ended. */
export type Stop = 'lower_bound' | 'no_gain' | 'time_limit' | 'max_steps' | 'none'

/** What ends a search; whichever comes first. */
export interface Limits {
  /** Steps of all searches together. */
  readonly maxSteps?: number | undefined
  /** A moment of `clock`, or a time in milliseconds that begins with the first search. */
  readonly deadline?: number | undefined
  readonly searchMs?: number | undefined
  /** Whether to stop after long work without a gain. */
  readonly isPatient: boolean
  readonly signal?: AbortSignal | undefined
  /** Milliseconds of a clock that never jumps. */
  readonly clock: () => number
}

/** Work (cells looked at) without a gain that is always allowed, and the most of it. */
const leastPatience = 3_000_000
const mostPatience = 20_000_000
/** More work than this never follows a start without a limit of its own. */
const mostWork = 80_000_000
/** Work without a gain that each tuple to cover is good for. */
const patiencePerTuple = 1_500
/** The clock is asked once in so much work. */
const workPerLook = 200_000

/** Counts what a search does and says when it is enough. */
export class Meter {
  /** Why it is enough; `none` while it is not. */
  stopped: Stop = 'none'
  readonly #limits: Limits
  #steps = 0
  #work = 0
  #sinceLook = 0
  #workAtGain = 0
  #workAtStart = 0
  #patience = leastPatience
  #deadline: number | undefined

  constructor(limits: Limits) {
    this.#limits = limits
    this.#deadline = limits.deadline
  }

  /** Begins a search that has so many tuples to cover; `share` is the part of the usual patience that it gets. */
  begin(tuples: number, share = 1): void {
    this.#patience = share * Math.min(mostPatience, Math.max(leastPatience, tuples * patiencePerTuple))
    const { searchMs, clock } = this.#limits
    if (searchMs !== undefined) this.#deadline ??= clock() + searchMs
    this.#workAtStart = this.#work
    this.#workAtGain = this.#work
    if (this.stopped === 'no_gain' || this.stopped === 'lower_bound') this.stopped = 'none'
  }

  /** Notes a gain: patience begins anew. */
  gained(): void {
    this.#workAtGain = this.#work
  }

  /** Notes that nothing smaller is possible. */
  reachedBound(): void {
    this.stopped = 'lower_bound'
  }

  /** Counts one step and its work; `false` where that was the last one. Throws `cancelled` on an abort. */
  spend(work: number): boolean {
    this.#work += work
    this.#sinceLook += work
    if (++this.#steps >= (this.#limits.maxSteps ?? Number.POSITIVE_INFINITY)) this.stopped = 'max_steps'
    if (this.#limits.isPatient && this.#isTired()) this.stopped = 'no_gain'
    if (this.#sinceLook >= workPerLook) this.look()
    return this.stopped === 'none'
  }

  /** Asks the clock and the signal; `false` where it is enough. Throws `cancelled` on an abort. */
  look(): boolean {
    const { clock, signal } = this.#limits
    this.#sinceLook = 0
    if (signal?.aborted === true) throw new GreenloopError('cancelled', 'the combination was cancelled')
    if (this.#deadline !== undefined && this.stopped === 'none' && clock() >= this.#deadline)
      this.stopped = 'time_limit'
    return this.stopped === 'none'
  }

  #isTired(): boolean {
    const worked = this.#workAtGain - this.#workAtStart
    return (
      this.#work - this.#workAtGain > Math.max(this.#patience, 2 * worked) || this.#work - this.#workAtStart > mostWork
    )
  }
}
