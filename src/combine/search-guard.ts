import type { Compiled } from './compile.ts'
import type { SearchArray } from './search-array.ts'

/** The forbidden combinations, laid out for a quick look at one cell. */
export class Guard {
  /** By symbol: where its clauses begin in `others`; length symbols + 1. */
  readonly #starts: Int32Array
  /** For each clause of a symbol: the number of its other symbols, then these. */
  readonly #others: Int32Array
  readonly #parameterOf: Int32Array

  constructor({ forbidden, clausesOf, symbols, parameterOf }: Compiled) {
    this.#parameterOf = parameterOf
    this.#starts = new Int32Array(symbols + 1)
    const others: number[] = []
    for (let symbol = 0; symbol < symbols; symbol++) {
      for (const index of clausesOf[symbol] ?? []) {
        const rest = (forbidden[index] ?? []).filter((each) => each !== symbol)
        others.push(rest.length, ...rest)
      }
      this.#starts[symbol + 1] = others.length
    }
    this.#others = Int32Array.from(others)
  }

  /** Whether a symbol may stand in a row, whatever its parameter holds there now. */
  allows({ cells, parameters }: SearchArray, row: number, symbol: number): boolean {
    const base = row * parameters
    const end = this.#starts[symbol + 1] as number
    for (let at = this.#starts[symbol] as number; at < end;) {
      const next = at + 1 + (this.#others[at] as number)
      at++
      while (at < next) {
        const other = this.#others[at] as number
        if (cells[base + (this.#parameterOf[other] as number)] !== other) break
        at++
      }
      if (at === next) return false
      at = next
    }
    return true
  }
}
