import type { Compiled } from './compile.ts'
import { heaviest, one, rowMask, unneeded, type SearchArray } from './search-array.ts'
import { symbolsOf, type TupleIndex } from './tuples.ts'

/** The tuples of an array and which of them have to be covered. */
export interface NeededTuples {
  readonly index: TupleIndex
  /** 1 by tuple for every tuple to cover. */
  readonly needed: Uint8Array
}

/**
 * The array under search for any strength, and for strengths that differ from place to place. Every tuple has one entry:
 * the number of rows that hold it in the upper 16 bits, the exclusive or of their numbers in the lower 16.
 */
export class TupleArray implements SearchArray {
  readonly parameters: number
  readonly changeWork: number
  readonly parameterOf: Int32Array
  readonly capacity: number
  readonly cells: Int32Array
  readonly columns: Int32Array
  readonly unique: Int32Array
  opened = 0
  openWeight = 0
  rows = 0
  readonly #index: TupleIndex
  readonly #table: Int32Array
  readonly #weight: Uint8Array
  #open: Int32Array
  /** By open tuple: its place among the open ones. */
  readonly #places: Int32Array
  /** By symbol: its open tuples. */
  readonly #openOf: readonly number[][]

  constructor(compiled: Compiled, { index, needed }: NeededTuples, capacity: number) {
    const { counts, symbols, parameterOf } = compiled
    this.#index = index
    this.parameters = counts.length
    this.changeWork = Math.ceil((index.sets.members.length * 2) / Math.max(1, counts.length))
    this.parameterOf = parameterOf
    this.capacity = capacity
    this.cells = new Int32Array(capacity * counts.length)
    this.columns = new Int32Array(capacity * counts.length)
    this.unique = new Int32Array(capacity * counts.length)
    this.#table = Int32Array.from(needed, (isNeeded) => (isNeeded === 0 ? unneeded : 0))
    this.#weight = new Uint8Array(index.total).fill(1)
    this.#places = new Int32Array(index.total)
    this.#open = new Int32Array(1024)
    this.#openOf = Array.from({ length: symbols }, () => [])
  }

  load(rows: readonly ArrayLike<number>[]): void {
    const { sets } = this.#index
    const table = this.#table
    for (const row of rows) {
      for (let p = 0; p < this.parameters; p++) this.#place(this.rows, p, row[p] as number)
      this.rows++
      for (let set = 0; set < sets.count; set++) {
        const tuple = this.#tupleAt(this.rows - 1, set)
        table[tuple] = ((table[tuple] as number) + one) ^ (this.rows - 1)
      }
    }
    for (let set = 0; set < sets.count; set++)
      for (let tuple = this.#index.bases[set] as number; tuple < (this.#index.bases[set + 1] as number); tuple++) {
        const entry = table[tuple] as number
        if (entry >>> 16 === 0) this.#uncover(set, tuple)
        else if (entry >>> 16 === 1) this.#credit(set, tuple, 1)
      }
  }

  openAt(place: number): Int32Array {
    return symbolsOf(this.#index, this.#open[place] as number)
  }

  gainOf(row: number, symbol: number): number {
    const { cells, parameters, parameterOf } = this
    const { bases, shifts, strides } = this.#index
    const { starts, members } = this.#index.sets
    const own = parameterOf[symbol] as number
    const list = this.#openOf[symbol] as number[]
    let sum = 0
    for (let at = 0; at < list.length; at += 2) {
      const tuple = list[at] as number
      const set = list[at + 1] as number
      const end = starts[set + 1] as number
      let held = shifts[set] as number
      for (let place = starts[set] as number; place < end; place++) {
        const p = members[place] as number
        held += (p === own ? symbol : (cells[row * parameters + p] as number)) * (strides[place] as number)
      }
      if (held === tuple && held >= (bases[set] as number)) sum += this.#weight[tuple] as number
    }
    return sum
  }

  weigh(row: number, trial: Int32Array): number {
    const base = row * this.parameters
    let delta = 0
    for (let p = 0; p < this.parameters; p++) {
      if (this.cells[base + p] === trial[p]) continue
      for (const set of this.#index.setsOf[p] as Int32Array) delta += this.#weighSet(set, { base, trial, p })
    }
    return delta
  }

  #weighSet(set: number, { base, trial, p }: { base: number; trial: Int32Array; p: number }): number {
    const { sets, strides, shifts } = this.#index
    const { cells } = this
    let old = shifts[set] as number
    let next = old
    for (let at = sets.starts[set] as number; at < (sets.starts[set + 1] as number); at++) {
      const q = sets.members[at] as number
      // A set with several changed cells counts once, at its first.
      if (q < p && cells[base + q] !== trial[q]) return 0
      old += (cells[base + q] as number) * (strides[at] as number)
      next += (trial[q] as number) * (strides[at] as number)
    }
    const lost = (this.#table[old] as number) >>> 16 === 1 ? (this.#weight[old] as number) : 0
    return (this.#table[next] as number) >>> 16 === 0 ? lost - (this.#weight[next] as number) : lost
  }

  change(row: number, parameter: number, symbol: number): void {
    const { cells, parameters } = this
    const { setsOf, strides, shifts } = this.#index
    const { starts, members } = this.#index.sets
    const list = setsOf[parameter] as Int32Array
    const base = row * parameters
    const more = symbol - (cells[base + parameter] as number)
    for (let each = 0; each < list.length; each++) {
      const set = list[each] as number
      const end = starts[set + 1] as number
      let tuple = shifts[set] as number
      let own = 0
      for (let at = starts[set] as number; at < end; at++) {
        const p = members[at] as number
        const stride = strides[at] as number
        tuple += (cells[base + p] as number) * stride
        if (p === parameter) own = stride
      }
      this.#lose(set, tuple, row)
      this.#gain(set, tuple + more * own, row)
    }
    this.#place(row, parameter, symbol)
  }

  remove(row: number): void {
    const { count } = this.#index.sets
    for (let set = 0; set < count; set++) this.#lose(set, this.#tupleAt(row, set), row)
    const last = --this.rows
    if (last === row) return
    for (let set = 0; set < count; set++) {
      const tuple = this.#tupleAt(last, set)
      this.#table[tuple] = (this.#table[tuple] as number) ^ last ^ row
    }
    for (let p = 0; p < this.parameters; p++) {
      this.#place(row, p, this.cells[last * this.parameters + p] as number)
      this.unique[row * this.parameters + p] = this.unique[last * this.parameters + p] as number
    }
  }

  raise(): void {
    for (let at = 0; at < this.opened; at++) {
      const tuple = this.#open[at] as number
      if (this.#weight[tuple] === heaviest) continue
      this.#weight[tuple] = (this.#weight[tuple] as number) + 1
      this.openWeight++
    }
  }

  #tupleAt(row: number, set: number): number {
    const { strides, shifts } = this.#index
    const { starts, members } = this.#index.sets
    const base = row * this.parameters
    const end = starts[set + 1] as number
    let tuple = shifts[set] as number
    for (let at = starts[set] as number; at < end; at++)
      tuple += (this.cells[base + (members[at] as number)] as number) * (strides[at] as number)
    return tuple
  }

  #place(row: number, parameter: number, symbol: number): void {
    this.cells[row * this.parameters + parameter] = symbol
    this.columns[parameter * this.capacity + row] = symbol
  }

  #lose(set: number, tuple: number, row: number): void {
    const entry = this.#table[tuple] as number
    if (entry >>> 16 === 1) {
      this.#credit(set, tuple, -1)
      this.#uncover(set, tuple)
      return
    }
    const left = (entry - one) ^ row
    this.#table[tuple] = left
    if (left >>> 16 === 1) this.#credit(set, tuple, 1)
  }

  #gain(set: number, tuple: number, row: number): void {
    const entry = this.#table[tuple] as number
    if (entry >>> 16 === 0) {
      this.#cover(set, tuple)
      this.#table[tuple] = one | row
      this.#credit(set, tuple, 1)
      return
    }
    if (entry >>> 16 === 1) this.#credit(set, tuple, -1)
    this.#table[tuple] = (entry + one) ^ row
  }

  /** Counts a tuple that one row holds for, or no more for, the cells of that row. */
  #credit(set: number, tuple: number, sign: number): void {
    const { starts, members } = this.#index.sets
    const base = ((this.#table[tuple] as number) & rowMask) * this.parameters
    const by = sign * (this.#weight[tuple] as number)
    const end = starts[set + 1] as number
    for (let at = starts[set] as number; at < end; at++) {
      const cell = base + (members[at] as number)
      this.unique[cell] = (this.unique[cell] as number) + by
    }
  }

  #uncover(set: number, tuple: number): void {
    if (this.opened === this.#open.length) {
      const longer = new Int32Array(2 * this.opened)
      longer.set(this.#open)
      this.#open = longer
    }
    this.#open[this.opened] = tuple
    this.#places[tuple] = this.opened++
    this.#table[tuple] = 0
    this.openWeight += this.#weight[tuple] as number
    for (const symbol of symbolsOf(this.#index, tuple, set)) (this.#openOf[symbol] as number[]).push(tuple, set)
  }

  #cover(set: number, tuple: number): void {
    const at = this.#places[tuple] as number
    const moved = this.#open[--this.opened] as number
    this.#open[at] = moved
    this.#places[moved] = at
    this.openWeight -= this.#weight[tuple] as number
    for (const symbol of symbolsOf(this.#index, tuple, set)) forget(this.#openOf[symbol] as number[], tuple)
  }
}

/** Takes a tuple and its set out of a list of both in turn. */
function forget(list: number[], tuple: number): void {
  let at = 0
  while (list[at] !== tuple) at += 2
  const set = list.pop() as number
  const last = list.pop() as number
  if (at === list.length) return
  list[at] = last
  list[at + 1] = set
}
