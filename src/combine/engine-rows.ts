import { GreenloopError } from '../domain/errors.ts'
import type { Compiled } from './compile.ts'
import type { CombineOptions, Row } from './options.ts'
import type { Solver } from './solver.ts'

/** Rows that the array begins with: symbols by parameter, -1 for a cell to fill; each can be completed. */
export interface GivenRows {
  readonly fixed: readonly Int32Array[]
  /** Rows of `extend` that the model does not allow, by index. */
  readonly dropped: readonly number[]
}

/** Checks the rows that an array has to begin with. Throws `rows_invalid` for seeds that no valid row can hold. */
export function givenRows(compiled: Compiled, solver: Solver, options: CombineOptions): GivenRows {
  const { seeds = [], extend = [] } = options
  const read = (rows: readonly Row[], what: string): Int32Array[] =>
    rows.map((row, index) => symbolsIn(row, compiled, `row ${index + 1} of ${what}`))
  const isPossible = (row: Int32Array): boolean => solver.isFeasible(row.filter((symbol) => symbol !== -1))
  const wanted = read(seeds, 'the seeds')
  const problems = wanted.flatMap((row, index) =>
    isPossible(row) ? [] : [{ message: `row ${index + 1} of the seeds: no valid row holds these values` }],
  )
  if (problems.length > 0) {
    const help = 'take the row out, or change what it violates'
    throw new GreenloopError('rows_invalid', problems[0]?.message ?? '', { problems, help })
  }
  const old = read(extend, 'the old array')
  const dropped = old.flatMap((row, index) => (isPossible(row) ? [] : [index]))
  return { fixed: [...wanted, ...old.filter((_, index) => !dropped.includes(index))], dropped }
}

/** The combinations that `exclude` forbids, as sorted symbols. */
export function excludedClauses(compiled: Compiled, { exclude = [] }: CombineOptions): Int32Array[] {
  return exclude.map((row, index) =>
    symbolsIn(row, compiled, `row ${index + 1} of the excluded ones`)
      .filter((symbol) => symbol !== -1)
      .sort(),
  )
}

function symbolsIn(row: Row, { counts, offsets }: Compiled, name: string): Int32Array {
  if (row.length !== counts.length)
    throw new GreenloopError(
      'rows_invalid',
      `${name} has ${row.length} values where the model has ${counts.length} parameters`,
    )
  return counts.map((count, p) => {
    const value = row[p] as number
    if (value !== -1 && !(Number.isInteger(value) && value >= 0 && value < count))
      throw new GreenloopError('rows_invalid', `${name}: parameter ${p + 1} has no value of index ${value}`)
    return value === -1 ? -1 : (offsets[p] as number) + value
  })
}
