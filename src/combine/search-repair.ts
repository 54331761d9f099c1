import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import { shuffle } from './engine-stream.ts'
import type { SearchArray } from './search-array.ts'

/** Rows tried for one repair. */
const rowsTried = 12

/** What a repair works with. */
export interface RepairParts {
  readonly part: Part
  readonly stream: Stream
  /** 1 by cell for cells of the first rows that stay as they are. */
  readonly locked: Uint8Array
}

/** Finds rows into which an open tuple can be forced: consequences are drawn, every old value that still fits is kept. */
export class Repair {
  /** The row found best; -1 where there is none. */
  row = -1
  delta = 0
  readonly #array: SearchArray
  readonly #parts: RepairParts
  /** Symbols by parameter of the row under trial, and of the best one. */
  #trial: Int32Array
  #best: Int32Array
  readonly #order: Int32Array

  constructor(array: SearchArray, parts: RepairParts) {
    this.#array = array
    this.#parts = parts
    this.#trial = new Int32Array(array.parameters)
    this.#best = new Int32Array(array.parameters)
    this.#order = Int32Array.from(this.#trial, (_, p) => p)
  }

  /** Looks for the row that loses least by taking these symbols in; gives the work done. */
  find(wanted: ArrayLike<number>): number {
    const { rows, parameters } = this.#array
    this.row = -1
    this.delta = Number.POSITIVE_INFINITY
    const tries = Math.min(rows, rowsTried)
    for (let tried = 0; tried < tries; tried++) {
      const row = this.#parts.stream.below(rows)
      if (!this.#force(row, wanted)) continue
      const delta = this.#array.weigh(row, this.#trial)
      if (delta >= this.delta) continue
      this.row = row
      this.delta = delta
      const held = this.#best
      this.#best = this.#trial
      this.#trial = held
    }
    return tries * parameters * 4
  }

  /** Carries the best repair out; `touched` is told each changed cell. */
  apply(touched: (row: number, parameter: number) => void): void {
    const { cells, parameters } = this.#array
    for (let p = 0; p < parameters; p++) {
      if (cells[this.row * parameters + p] === this.#best[p]) continue
      this.#array.change(this.row, p, this.#best[p] as number)
      touched(this.row, p)
    }
  }

  #force(row: number, wanted: ArrayLike<number>): boolean {
    const { solver, compiled } = this.#parts.part
    const { cells, parameters, parameterOf } = this.#array
    const { locked, stream } = this.#parts
    const order = this.#order
    const base = row * parameters
    solver.reset()
    for (let p = 0; p < parameters && base + p < locked.length; p++)
      if (locked[base + p] === 1) solver.assign(cells[base + p] as number)
    for (let at = 0; at < wanted.length; at++) if (!solver.assign(wanted[at] as number)) return false
    const trial = this.#trial
    for (let p = 0; p < parameters; p++) trial[p] = cells[base + p] as number
    for (let at = 0; at < wanted.length; at++) trial[parameterOf[wanted[at] as number] as number] = wanted[at] as number
    shuffle(order, parameters, stream)
    let isWhole = true
    for (let at = 0; at < parameters; at++) {
      const p = order[at] as number
      const symbol = trial[p] as number
      if (solver.alive[symbol] === 0 || !solver.assign(symbol)) isWhole = false
    }
    if (isWhole) return true
    const found = solver.finish((_, candidates, n) => candidates[stream.below(n)] as number)
    found?.forEach((value, p) => (trial[p] = (compiled.offsets[p] as number) + value))
    return found !== undefined
  }
}
