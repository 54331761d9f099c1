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
  const starts: StartRows[] = []
  for (const level of levels) {
    const order = Array.from(counts.keys())
      .filter((p) => (counts[p] as number) <= level)
      .sort((p, q) => (counts[q] as number) - (counts[p] as number))
    const exact = order.filter((p) => counts[p] === level)
    for (const chosen of order.length === exact.length ? [exact] : [exact, order]) {
      if (chosen.length < 2) continue
      for (const plan of plansFor(level, chosen.length).slice(0, plansTried)) {
        const base = plan.size <= mostRows ? plan.build() : undefined
        if (base !== undefined) starts.push({ rows: laidOut(base, chosen, compiled), name: plan.name })
      }
    }
  }
  return starts
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
