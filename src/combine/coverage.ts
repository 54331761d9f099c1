import { columnsOf, createMarks, negativeParameters, poolsOf, visitSets, type SetView } from './coverage-sets.ts'
import type { Model } from './model.ts'

/** How coverage grows with the rows. */
export interface CoverageGrowth {
  /** Combinations covered by the rows up to and with this one, by row. */
  readonly covered: readonly number[]
  /** Sets of parameters that were looked at. */
  readonly sets: number
}

/**
 * Counts the combinations that each row adds, for every set of parameters that the strength and the sub-models ask for.
 * A row with a negative value adds combinations without it only where no other row of the array holds them. Rows are
 * taken as they are: whether they are valid is for `verify` to say.
 */
export function coverageGrowth(model: Model, rows: readonly ArrayLike<number>[], strength: number): CoverageGrowth {
  const counts = model.parameters.map(({ values }) => values.length)
  const columns = columnsOf(rows, counts.length)
  const gains = new Float64Array(rows.length)
  const gainsOf = createGains(negativeParameters(model, rows), gains)
  const seen = new Set<string>()
  let sets = 0
  for (const [index, pool] of poolsOf(counts.length, model.subModels, strength).entries()) {
    visitSets(pool, { columns, counts }, (view) => {
      if (index > 0 && seen.size === seen.add(view.parameters.join()).size) return
      sets++
      gainsOf(view)
    })
  }
  let sum = 0
  return { covered: Array.from(gains, (gain) => (sum += gain)), sets }
}

/** Adds to each row's gain what it is the first to hold of a set. */
function createGains(negativeOf: Int32Array, gains: Float64Array): (view: SetView) => void {
  const hasNegatives = negativeOf.some((parameter) => parameter !== -1)
  const plain = createMarks()
  const marks = createMarks()
  return ({ parameters, codes, size }) => {
    marks.begin(size)
    plain.begin(hasNegatives ? size : 1)
    if (hasNegatives)
      codes.forEach((code, row) => {
        if (negativeOf[row] === -1 && code >= 0) plain.add(code)
      })
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row] as number
      const parameter = negativeOf[row] as number
      const isHidden = parameter !== -1 && !parameters.includes(parameter) && plain.has(code)
      if (code >= 0 && !isHidden && marks.add(code)) (gains[row] as number)++
    }
  }
}
