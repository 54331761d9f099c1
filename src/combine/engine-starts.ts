import type { Base } from './algebra-base.ts'
import { plansFor } from './algebra.ts'
import type { Compiled } from './compile.ts'

/** Rows to start from, with cells to fill, and how they were made. */
export interface StartRows {
  /** Symbols by parameter, -1 for a cell to fill. They cover much but, in mixed models, not everything. */
  readonly rows: readonly Int32Array[]
  readonly name: string
}

/** Values per parameter up to which arrays are constructed. */
const mostLevels = 50
/** Constructions that are tried for one number of values. */
const plansTried = 2

/**
 * Algebraic starts for a model whose pairs are all feasible, of at most so many rows: for each number of values, arrays
 * for the parameters that have it and for those with no more than it.
 */
export function algebraicStarts(compiled: Compiled, mostRows: number): StartRows[] {
  const { counts } = compiled
  const levels = [...new Set(counts)].filter((count) => count >= 2 && count <= mostLevels).sort((a, b) => b - a)
  return levels.flatMap((level) => groupsFor(level, counts).flatMap((chosen) => startsFor(chosen, level)))

  function startsFor(chosen: readonly number[], level: number): StartRows[] {
    const plans = plansFor(level, chosen.length).slice(0, plansTried)
    return plans.flatMap((plan) => {
      const base = plan.size <= mostRows ? plan.build() : undefined
      return base === undefined ? [] : [{ rows: laidOut(base, chosen, compiled), name: plan.name }]
    })
  }
}

/** Parameters that columns of so many values can serve: those with exactly these, and those with no more. */
function groupsFor(level: number, counts: Int32Array): number[][] {
  const order = Array.from(counts.keys())
    .filter((p) => (counts[p] as number) <= level)
    .sort((p, q) => (counts[q] as number) - (counts[p] as number))
  const exact = order.filter((p) => counts[p] === level)
  return [exact, order].filter((group, at) => group.length >= 2 && (at === 0 || group.length > exact.length))
}

/** Gives each chosen parameter a column; values that it does not have leave the cell open. */
function laidOut(base: Base, chosen: readonly number[], { counts, offsets }: Compiled): Int32Array[] {
  return base.rows.map((values) => {
    const row = new Int32Array(counts.length).fill(-1)
    for (const [column, p] of chosen.entries()) {
      const value = values[column] as number
      if (value < (counts[p] as number) && value !== -1) row[p] = (offsets[p] as number) + value
    }
    return row
  })
}
