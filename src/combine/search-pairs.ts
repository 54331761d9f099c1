import type { Compiled } from './compile.ts'
import { heaviest, one, rowMask, unneeded, type SearchArray } from './search-array.ts'

/**
 * The array under search for strength 2. Every pair of symbols has one entry: the number of
 * rows that hold it in the upper 16 bits, and the exclusive or of their numbers in the lower 16, so that at a count of
 * one the entry names the row. For an uncovered pair the lower bits hold its place in the list of open pairs.
 */
export class PairArray implements SearchArray {
  readonly parameters: number
  readonly changeWork: number
  readonly symbols: number
  readonly parameterOf: Int32Array
  readonly capacity: number
  readonly cells: Int32Array
  readonly columns: Int32Array
  readonly unique: Int32Array
  /** Entry by smaller symbol × symbols + larger symbol. */
  readonly table: Int32Array
  /** Uncovered pairs, as indices into the table; the first `opened` count. */
  readonly open: Int32Array
  /** By symbol: the other symbols of its open pairs. */
  readonly partners: readonly number[][]
  /** Weight by pair, as indexed in the table: 1 at first, raised by the search for pairs that stay open for long. */
  readonly weight: Uint8Array
  opened = 0
  openWeight = 0
  rows = 0
  readonly #opened = new Int32Array(2)

  /** `needed` is 1 at smaller × symbols + larger for every pair to cover. */
  constructor(compiled: Compiled, needed: Uint8Array, capacity: number) {
    this.parameters = compiled.counts.length
    this.changeWork = this.parameters
    this.symbols = compiled.symbols
    this.parameterOf = compiled.parameterOf
    this.capacity = capacity
    this.cells = new Int32Array(capacity * this.parameters)
    this.columns = new Int32Array(capacity * this.parameters)
    this.unique = new Int32Array(capacity * this.parameters)
    this.table = new Int32Array(needed.length)
    this.open = new Int32Array(one)
    this.weight = new Uint8Array(needed.length).fill(1)
    this.partners = Array.from({ length: this.symbols }, () => [])
    for (let pair = 0; pair < needed.length; pair++) if (needed[pair] === 0) this.table[pair] = unneeded
  }

  load(rows: readonly ArrayLike<number>[]): void {
    const { parameters, table, symbols } = this
    for (const row of rows) {
      for (let p = 0; p < parameters; p++) this.place(this.rows, p, row[p] as number)
      for (let p = 0; p < parameters; p++)
        for (let q = p + 1; q < parameters; q++) {
          const pair = (row[p] as number) * symbols + (row[q] as number)
          table[pair] = ((table[pair] as number) + one) ^ this.rows
        }
      this.rows++
    }
    for (let pair = 0; pair < table.length; pair++) {
      const entry = table[pair] as number
      if (entry >>> 16 === 0) this.uncover(pair)
      else if (entry >>> 16 === 1) this.credit(pair, 1)
    }
  }

  remove(r: number): void {
    const { parameters, cells, table, unique } = this
    for (let p = 0; p < parameters; p++) for (let q = p + 1; q < parameters; q++) this.lose(this.pairAt(r, p, q), r)
    const last = --this.rows
    if (last === r) return
    for (let p = 0; p < parameters; p++)
      for (let q = p + 1; q < parameters; q++) {
        const pair = this.pairAt(last, p, q)
        table[pair] = (table[pair] as number) ^ last ^ r
      }
    for (let p = 0; p < parameters; p++) {
      this.place(r, p, cells[last * parameters + p] as number)
      unique[r * parameters + p] = unique[last * parameters + p] as number
    }
  }

  change(r: number, p: number, symbol: number): void {
    const { cells, parameters, symbols } = this
    const old = cells[r * parameters + p] as number
    for (let q = 0; q < p; q++) {
      const base = (cells[r * parameters + q] as number) * symbols
      this.lose(base + old, r)
      this.gain(base + symbol, r)
    }
    for (let q = p + 1; q < parameters; q++) {
      const other = cells[r * parameters + q] as number
      this.lose(old * symbols + other, r)
      this.gain(symbol * symbols + other, r)
    }
    this.place(r, p, symbol)
  }

  openAt(place: number): Int32Array {
    const pair = this.open[place] as number
    const first = (pair / this.symbols) | 0
    this.#opened[0] = first
    this.#opened[1] = pair - first * this.symbols
    return this.#opened
  }

  gainOf(r: number, symbol: number): number {
    const { cells, parameterOf, parameters, symbols, weight } = this
    const partners = this.partners[symbol] as number[]
    let sum = 0
    for (let at = 0; at < partners.length; at++) {
      const other = partners[at] as number
      if (cells[r * parameters + (parameterOf[other] as number)] === other)
        sum += weight[symbol < other ? symbol * symbols + other : other * symbols + symbol] as number
    }
    return sum
  }

  raise(): void {
    const { open, opened, weight } = this
    for (let at = 0; at < opened; at++) {
      const pair = open[at] as number
      if (weight[pair] === heaviest) continue
      weight[pair] = (weight[pair] as number) + 1
      this.openWeight++
    }
  }

  weigh(row: number, trial: Int32Array): number {
    const { cells, parameters, unique, table, symbols, partners, parameterOf, weight } = this
    const base = row * parameters
    let delta = 0
    for (let p = 0; p < parameters; p++) {
      const old = cells[base + p] as number
      const symbol = trial[p] as number
      if (old === symbol) continue
      delta += unique[base + p] as number
      for (let q = p + 1; q < parameters; q++) {
        const other = cells[base + q] as number
        const pair = old * symbols + other
        if (other !== trial[q] && (table[pair] as number) >>> 16 === 1) delta -= weight[pair] as number
      }
      for (const other of partners[symbol] as number[]) {
        const q = parameterOf[other] as number
        // A pair of two changed cells counts once, at its first.
        if (trial[q] !== other || (cells[base + q] !== other && q < p)) continue
        delta -= weight[p < q ? symbol * symbols + other : other * symbols + symbol] as number
      }
    }
    return delta
  }

  private pairAt(r: number, p: number, q: number): number {
    const base = r * this.parameters
    return (this.cells[base + p] as number) * this.symbols + (this.cells[base + q] as number)
  }

  private place(r: number, p: number, symbol: number): void {
    this.cells[r * this.parameters + p] = symbol
    this.columns[p * this.capacity + r] = symbol
  }

  private lose(pair: number, r: number): void {
    const entry = this.table[pair] as number
    if (entry >>> 16 === 1) {
      this.credit(pair, -1)
      this.uncover(pair)
      return
    }
    const left = (entry - one) ^ r
    this.table[pair] = left
    if (left >>> 16 === 1) this.credit(pair, 1)
  }

  private gain(pair: number, r: number): void {
    const entry = this.table[pair] as number
    if (entry >>> 16 === 0) {
      this.cover(pair, entry)
      this.table[pair] = one | r
      this.credit(pair, 1)
      return
    }
    if (entry >>> 16 === 1) this.credit(pair, -1)
    this.table[pair] = (entry + one) ^ r
  }

  /** Counts a pair that one row holds for, or no more for, the two cells of that row. */
  private credit(pair: number, sign: number): void {
    const by = sign * (this.weight[pair] as number)
    const base = ((this.table[pair] as number) & rowMask) * this.parameters
    const first = (pair / this.symbols) | 0
    const p = base + (this.parameterOf[first] as number)
    const q = base + (this.parameterOf[pair - first * this.symbols] as number)
    this.unique[p] = (this.unique[p] as number) + by
    this.unique[q] = (this.unique[q] as number) + by
  }

  private uncover(pair: number): void {
    const first = (pair / this.symbols) | 0
    const second = pair - first * this.symbols
    this.open[this.opened] = pair
    this.openWeight += this.weight[pair] as number
    this.table[pair] = this.opened++
    ;(this.partners[first] as number[]).push(second)
    ;(this.partners[second] as number[]).push(first)
  }

  private cover(pair: number, at: number): void {
    const moved = this.open[--this.opened] as number
    this.openWeight -= this.weight[pair] as number
    if (moved !== pair) {
      this.open[at] = moved
      this.table[moved] = at
    }
    const first = (pair / this.symbols) | 0
    const second = pair - first * this.symbols
    forget(this.partners[first] as number[], second)
    forget(this.partners[second] as number[], first)
  }
}

function forget(list: number[], entry: number): void {
  const last = list.pop()
  if (last === undefined || last === entry) return
  list[list.indexOf(entry)] = last
}
