import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import type { SearchArray } from './search-array.ts'
import { Guard } from './search-guard.ts'
import { Repair } from './search-repair.ts'

/** What a search works with. */
export interface TabuParts {
  readonly part: Part
  readonly stream: Stream
  /** 1 by row × parameters + parameter for cells that stay as they are; shorter than the array where later rows have none. */
  readonly locked: Uint8Array
  /** Whether tuples that stay open gain weight: better where clauses or few values per parameter make the search stick. */
  readonly isWeighted: boolean
}

/** A cell is left alone for this many steps at most after a change; at least one. */
const longestWait = 2
/** One in so many steps without a winning move tries to repair a whole row. */
const repairEvery = 16
/** With weights, one in so many steps that win nothing raises them. */
const raiseEvery = 4

/**
 * Tabu search for an array that covers everything with the rows it has: a random open tuple, the one-cell changes that
 * cover it, the best of them by open tuples won and lost, no cell again within a few steps. Where clauses stand in the
 * way, now and then a whole row is repaired instead.
 */
export class TabuSearch {
  /** Steps so far. */
  steps = 0
  readonly #array: SearchArray
  readonly #parts: TabuParts
  readonly #guard: Guard | undefined
  readonly #repair: Repair
  /** By cell: the step until which it is left alone. */
  readonly #waits: Float64Array
  #lightest = 0
  #row = -1
  #symbol = -1
  #delta = 0
  #ties = 0

  constructor(array: SearchArray, parts: TabuParts) {
    this.#array = array
    this.#parts = parts
    this.#guard = parts.part.compiled.forbidden.length === 0 ? undefined : new Guard(parts.part.compiled)
    this.#repair = new Repair(array, parts)
    this.#waits = new Float64Array(array.cells.length)
  }

  /** Starts anew on the array as it stands. */
  begin(): void {
    this.#waits.fill(0)
    this.#lightest = this.#array.openWeight
  }

  /** One step; at least one tuple must be open. Gives the work done, in cells looked at. */
  step(): number {
    const array = this.#array
    const { stream, isWeighted } = this.#parts
    const wanted = array.openAt(stream.below(array.opened))
    this.#row = -1
    this.#ties = 0
    this.#delta = Number.MAX_SAFE_INTEGER
    for (let at = 0; at < wanted.length; at++) this.#look(wanted, at)
    this.steps++
    let work = array.rows
    const isStuck = this.#row === -1 || (this.#guard !== undefined && this.#delta > 0)
    if (isStuck && stream.below(repairEvery) === 0) {
      work += this.#repair.find(wanted)
      if (this.#repair.row !== -1 && this.#repair.delta <= this.#delta) {
        this.#repair.apply((row, p) => this.#rest(row, p))
        this.#lightest = Math.min(this.#lightest, array.openWeight)
        return work
      }
    }
    if (isWeighted && this.#delta >= 0 && stream.below(raiseEvery) === 0) array.raise()
    if (this.#row === -1) return work
    const p = array.parameterOf[this.#symbol] as number
    array.change(this.#row, p, this.#symbol)
    this.#rest(this.#row, p)
    if (array.openWeight < this.#lightest) this.#lightest = array.openWeight
    return work + array.changeWork
  }

  #rest(row: number, p: number): void {
    this.#waits[row * this.#array.parameters + p] = this.steps + 1 + this.#parts.stream.below(longestWait)
  }

  /** Weighs putting one symbol of the tuple into each row that holds the others. */
  #look(wanted: Int32Array, missing: number): void {
    const array = this.#array
    const { columns, capacity, parameterOf, parameters, rows, unique, openWeight } = array
    const { locked, stream } = this.#parts
    const guard = this.#guard
    const put = wanted[missing] as number
    const p = parameterOf[put] as number
    const kept = wanted[missing === 0 ? wanted.length - 1 : 0] as number
    const start = (parameterOf[kept] as number) * capacity
    for (let row = 0; row < rows; row++) {
      if (columns[start + row] !== kept && wanted.length > 1) continue
      if (wanted.length > 2 && !this.#holdsRest(wanted, missing, row)) continue
      const cell = row * parameters + p
      if (cell < locked.length && locked[cell] === 1) continue
      const delta = (unique[cell] as number) - array.gainOf(row, put)
      if (delta > this.#delta) continue
      if ((this.#waits[cell] as number) > this.steps && openWeight + delta >= this.#lightest) continue
      if (guard !== undefined && !guard.allows(array, row, put)) continue
      if (delta < this.#delta) this.#ties = 1
      else if (stream.below(++this.#ties) !== 0) continue
      this.#delta = delta
      this.#row = row
      this.#symbol = put
    }
  }

  #holdsRest(wanted: Int32Array, missing: number, row: number): boolean {
    const { cells, parameters, parameterOf } = this.#array
    for (let at = 0; at < wanted.length; at++) {
      const symbol = wanted[at] as number
      if (at !== missing && cells[row * parameters + (parameterOf[symbol] as number)] !== symbol) return false
    }
    return true
  }
}
