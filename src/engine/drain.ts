import type { Task } from '../domain/task.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Source } from './source.ts'

/** What is left in a source after a stop is ended up to this many tasks; an endless source has to end somewhere. */
const maxDrained = 1_000_000
/** The event loop gets its turn after so many. */
const drainedPerTurn = 1024

/** What a drain is made with. */
export interface DrainParts<P> {
  readonly source: Source<P>
  readonly clock: Pick<Clock, 'after'>
  readonly drainMs: number
  /** Takes a task that will not begin any more. */
  readonly onTask: (task: Task<P>) => void
  /** The time is up. */
  readonly onCut: () => void
}

/** Empties a source whose tasks will not begin any more, within bounds. */
export class Drain<P> {
  isOver = false
  readonly #parts: DrainParts<P>
  readonly #timer: Timer
  #count = 0

  constructor(parts: DrainParts<P>) {
    this.#parts = parts
    this.#timer = parts.clock.after(parts.drainMs, () => {
      this.cut()
      parts.onCut()
    })
  }

  /** Takes the next task; says whether to go on: at once, after a turn, or not now. */
  step(): 'more' | 'turn' | 'wait' {
    if (this.isOver) return 'wait'
    const given = this.#parts.source.take()
    if (given === 'later') return 'wait'
    if (given === 'done') {
      this.#end()
      return 'wait'
    }
    this.#count++
    this.#parts.onTask(given)
    if (this.#count >= maxDrained) this.cut()
    return this.#count % drainedPerTurn === 0 ? 'turn' : 'more'
  }

  /** Takes no more; a task that has been given out already is still ended. */
  cut(): void {
    if (this.isOver) return
    void this.#parts.source.close()
    const given = this.#parts.source.take()
    if (given !== 'later' && given !== 'done') this.#parts.onTask(given)
    this.#end()
  }

  #end(): void {
    this.isOver = true
    this.#timer.cancel()
  }
}
