import type { Compiled } from './compile.ts'
import { coverageGrowth } from './coverage.ts'
import { feasibleTuples, type Found, type Whole } from './engine-whole.ts'
import { countTuples } from './engine-sets.ts'
import type { Model } from './model.ts'
import type { CombineOptions } from './options.ts'
import type { Solver } from './solver.ts'

/** Rows that are made where no other bound is set. */
const usualCases = 100_000

/** The product of all values, valid rows only; at most `maxCases` of them, and `max_cases` where that left some out. */
export function enumerate(model: Model, whole: Whole, { maxCases = usualCases }: CombineOptions): Found {
  const { compiled, solver, wanted } = whole
  const rows: number[][] = []
  let isCut = false
  for (const row of validRows(compiled, solver)) {
    isCut = rows.length === maxCases
    if (isCut) break
    rows.push(Array.from(row))
  }
  const covered = coverageGrowth(model, rows, wanted.strength).covered.at(-1) ?? 0
  const total = countTuples(compiled.counts, wanted)
  const infeasible = total - (isCut ? feasibleTuples(whole) : covered)
  const stopped = isCut ? 'max_cases' : 'none'
  return { rows, method: 'naive', tuples: { covered, infeasible }, bound: 1, stopped }
}

/** Every valid row (value index by parameter), the last parameter changing fastest; the array is the same one each time. */
function* validRows({ counts, offsets }: Compiled, solver: Solver): Generator<Int32Array> {
  const row = new Int32Array(counts.length).fill(-1)
  const marks = new Int32Array(counts.length)
  solver.reset()
  if (!solver.completable()) return
  let p = 0
  marks[0] = solver.mark()
  while (p >= 0) {
    if (p === counts.length) {
      yield row
      p--
      continue
    }
    solver.undo(marks[p] as number)
    const value = (row[p] as number) + 1
    row[p] = value
    if (value === counts[p]) {
      row[p--] = -1
      continue
    }
    if (!solver.assign((offsets[p] as number) + value) || !solver.completable()) continue
    if (++p < counts.length) marks[p] = solver.mark()
  }
}
