import type { Model, SubModel } from './model.ts'

/** Parameters of which every `strength` have to be covered in all their combinations. */
export interface Pool {
  readonly parameters: readonly number[]
  readonly strength: number
}

/** Rows by column: value index by row, -1 where the row leaves the parameter open. */
export type Columns = readonly Int32Array[]

/** Turns rows into columns; rows that are left out count for nothing. */
export function columnsOf(rows: readonly ArrayLike<number>[], parameters: number): Columns {
  return Array.from({ length: parameters }, (_, index) => Int32Array.from(rows, (row) => row[index] ?? -1))
}

/** The parameter that has a negative value, by row; -1 for rows without one. */
export function negativeParameters({ parameters }: Model, rows: readonly ArrayLike<number>[]): Int32Array {
  const isNegative = parameters.map(({ values }) => values.map(({ negative }) => negative))
  return Int32Array.from(rows, (row) => isNegative.findIndex((flags, index) => flags[row[index] ?? -1] === true))
}

/**
 * What has to be covered: all parameters to a strength (at most their number), and sub-models where theirs is higher.
 * A lower one asks for nothing that the whole does not ask for already.
 */
export function poolsOf(parameters: number, subModels: readonly SubModel[], strength: number): Pool[] {
  const whole = {
    parameters: Array.from({ length: parameters }, (_, index) => index),
    strength: Math.min(strength, parameters),
  }
  return [whole, ...subModels.filter((sub) => sub.strength > whole.strength)]
}

/** One set of parameters with what the rows hold of it. */
export interface SetView {
  readonly parameters: readonly number[]
  /** Number of the combination that each row holds, in mixed radix with the last parameter counting fastest; negative where one is open. */
  readonly codes: Int32Array
  /** Number of combinations. */
  readonly size: number
}

/**
 * Visits every set of a pool; the view is valid only during the visit. Sets that an earlier pool has in common with a
 * later one of the same strength are visited twice, unless `seen` is shared between the calls.
 */
export function visitSets(
  pool: Pool,
  { columns, counts }: { readonly columns: Columns; readonly counts: ArrayLike<number> },
  visit: (view: SetView) => void,
): void {
  const rows = columns[0]?.length ?? 0
  const levels = Array.from({ length: pool.strength }, () => new Int32Array(rows))
  const chosen: number[] = []
  const descend = (from: number, size: number): void => {
    const depth = chosen.length
    const codes = levels[depth]
    if (codes === undefined)
      return visit({ parameters: chosen, codes: levels[depth - 1] ?? new Int32Array(rows), size })
    const before = levels[depth - 1]
    for (let at = from; at <= pool.parameters.length - (pool.strength - depth); at++) {
      const parameter = pool.parameters[at] as number
      const count = counts[parameter] as number
      extend(codes, before, { column: columns[parameter] as Int32Array, count })
      chosen.push(parameter)
      descend(at + 1, size * count)
      chosen.pop()
    }
  }
  descend(0, 1)
}

const open = -1

function extend(codes: Int32Array, before: Int32Array | undefined, next: { column: Int32Array; count: number }): void {
  const { column, count } = next
  if (before === undefined) {
    codes.set(column)
    return
  }
  for (let row = 0; row < codes.length; row++) {
    const head = before[row] as number
    const value = column[row] as number
    codes[row] = head < 0 || value < 0 ? open : head * count + value
  }
}

/** Value indices of a combination by its number. */
export function decode(code: number, parameters: readonly number[], counts: ArrayLike<number>): number[] {
  let rest = code
  return parameters
    .toReversed()
    .map((parameter) => {
      const count = counts[parameter] as number
      const value = rest % count
      rest = Math.floor(rest / count)
      return value
    })
    .toReversed()
}

/** Says of combinations of one set whether they came before; cheap to empty. */
export interface Marks {
  /** Begins a new set of so many combinations. */
  begin(size: number): void
  /** Marks a combination; `true` the first time. */
  add(code: number): boolean
  has(code: number): boolean
}

/** Marks in one array that is never cleared, or in a hash set where sets are too large for that. */
export function createMarks(): Marks {
  let stamps = new Int32Array(1024)
  let stamp = 0
  let large: Set<number> | undefined
  return {
    begin(size) {
      large = size > largestArray ? new Set() : undefined
      if (large === undefined && size > stamps.length) stamps = new Int32Array(Math.min(largestArray, 2 * size))
      stamp++
    },
    add(code) {
      if (large !== undefined) return large.size !== large.add(code).size
      if (stamps[code] === stamp) return false
      stamps[code] = stamp
      return true
    },
    has: (code) => (large === undefined ? stamps[code] === stamp : large.has(code)),
  }
}

const largestArray = 16_777_216
