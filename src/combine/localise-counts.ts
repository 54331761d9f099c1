import type { Compiled } from './compile.ts'

/** How often a row passed and failed. Rows that did both are flaky. */
export interface RowOutcome {
  /** Value index by parameter, all of them. */
  readonly row: ArrayLike<number>
  readonly passed: number
  readonly failed: number
}

/** A combination, as sorted symbols, with the results of the rows that hold it. */
export interface Counted {
  readonly symbols: readonly number[]
  /** Indices of the rows that failed at least once and hold it. */
  readonly failing: readonly number[]
  readonly failed: number
  readonly passed: number
}

/** Row results as sets of rows by symbol, so that combinations are counted by intersection. */
export interface OutcomeTable {
  readonly failedRuns: number
  readonly passedRuns: number
  /** Rows that failed at least once. */
  readonly failingRows: readonly number[]
  /** Symbols of a row. */
  symbolsOf(row: number): Int32Array
  count(symbols: readonly number[]): Counted
  /** Whether no row that ever passed holds these symbols. */
  neverPassed(symbols: readonly number[]): boolean
}

/** Counts results by symbol. */
export function tabulate(outcomes: readonly RowOutcome[], compiled: Compiled): OutcomeTable {
  const { counts, offsets, symbols } = compiled
  const words = Math.ceil(outcomes.length / 32)
  const holding = Array.from({ length: symbols }, () => new Uint32Array(words))
  const passing = new Uint32Array(words)
  const rows = outcomes.map(({ row }) =>
    counts.map((_, parameter) => (offsets[parameter] as number) + (row[parameter] as number)),
  )
  outcomes.forEach(({ passed }, index) => {
    const bit = 1 << (index & 31)
    if (passed > 0) (passing[index >> 5] as number) |= bit
    for (const symbol of rows[index] ?? []) {
      const set = holding[symbol]
      if (set !== undefined) (set[index >> 5] as number) |= bit
    }
  })
  const intersection = (chosen: readonly number[], word: number): number => {
    let bits = ~0
    for (const symbol of chosen) bits &= holding[symbol]?.[word] ?? 0
    return bits
  }
  const count = (chosen: readonly number[]): Counted => {
    const held = outcomes.keys().filter((index) => ((intersection(chosen, index >> 5) >>> (index & 31)) & 1) === 1)
    const list = [...held]
    return {
      symbols: chosen,
      failing: list.filter((index) => (outcomes[index]?.failed ?? 0) > 0),
      failed: sum(list.map((index) => outcomes[index]?.failed ?? 0)),
      passed: sum(list.map((index) => outcomes[index]?.passed ?? 0)),
    }
  }
  const neverPassed = (chosen: readonly number[]): boolean => {
    for (let word = 0; word < words; word++)
      if ((intersection(chosen, word) & (passing[word] as number)) !== 0) return false
    return true
  }
  return {
    failedRuns: sum(outcomes.map(({ failed }) => failed)),
    passedRuns: sum(outcomes.map(({ passed }) => passed)),
    failingRows: [...outcomes.keys()].filter((index) => (outcomes[index]?.failed ?? 0) > 0),
    symbolsOf: (index) => rows[index] ?? new Int32Array(),
    count,
    neverPassed,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

/** Visits every combination of `size` symbols of a row, sorted; `visit` says whether to go on. */
export function visitCombinations(
  row: ArrayLike<number>,
  size: number,
  visit: (symbols: readonly number[]) => boolean,
): boolean {
  const chosen: number[] = []
  const descend = (from: number): boolean => {
    if (chosen.length === size) return visit(chosen)
    for (let at = from; at <= row.length - (size - chosen.length); at++) {
      chosen.push(row[at] as number)
      const goesOn = descend(at + 1)
      chosen.pop()
      if (!goesOn) return false
    }
    return true
  }
  return descend(0)
}
