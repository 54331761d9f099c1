import {
  columnsOf,
  createMarks,
  decode,
  negativeParameters,
  poolsOf,
  visitSets,
  type SetView,
} from './coverage-sets.ts'
import type { Model } from './model.ts'
import { createFit, type Fit } from './verify-fit.ts'

/** A combination of values: value index by parameter. */
export type Combination = readonly { readonly parameter: number; readonly value: number }[]

/** Why a row counts for nothing. */
export interface RefusedRow {
  /** Index of the row, from 0. */
  readonly row: number
  readonly reason:
    | { readonly kind: 'violates'; readonly constraint: number }
    | { readonly kind: 'negatives' }
    | { readonly kind: 'open' }
}

/** Combinations of one kind that have to be covered, and how many are. */
interface Count {
  readonly covered: number
  readonly missing: number
}

/** What an array covers. */
export interface Verification {
  /** Whether every row is valid and no feasible combination is missing. */
  readonly complete: boolean
  readonly strength: number
  readonly rows: number
  readonly refused: readonly RefusedRow[]
  /**
   * Feasible combinations without a negative value. A negative value may hide what the rest of its row does, so rows
   * without one have to hold them, except for those that no such row can hold.
   */
  readonly positive: Count
  /** Feasible combinations with one negative value. */
  readonly negative: Count
  /** Combinations that no valid row can hold. */
  readonly infeasible: number
  /** The first 100 missing combinations. */
  readonly missing: readonly Combination[]
}

const missingKept = 100

/**
 * Proves what an array covers, by a way of its own: rows are held against the constraints as they were read, and for
 * each combination that no valid row holds a search decides whether one could. Every set of parameters of the strength
 * is looked at, and those of sub-models with a higher one.
 */
export function verify(model: Model, rows: readonly ArrayLike<number>[], strength: number): Verification {
  const fit = createFit(model)
  const refused = rows.flatMap((row, index) => refusalOf(row, index, { model, fit }) ?? [])
  const isRefused = new Set(refused.map(({ row }) => row))
  const valid = rows.filter((_, index) => !isRefused.has(index))
  const counts = model.parameters.map(({ values }) => values.length)
  const columns = columnsOf(valid, counts.length)
  const tally = createTally(model, { fit, valid })
  const seen = new Set<string>()
  const pools = poolsOf(counts.length, model.subModels, strength)
  for (const [index, pool] of pools.entries())
    visitSets(pool, { columns, counts }, (view) => {
      if (index === 0 || seen.size !== seen.add(view.parameters.join()).size) tally.add(view)
    })
  const result = tally.read()
  const complete = refused.length === 0 && result.positive.missing + result.negative.missing === 0
  return { complete, strength: pools[0]?.strength ?? strength, rows: rows.length, refused, ...result }
}

function refusalOf(
  row: ArrayLike<number>,
  index: number,
  { model, fit }: { model: Model; fit: Fit },
): RefusedRow | undefined {
  const isFull = model.parameters.every(({ values }, at) => values[row[at] ?? -1] !== undefined)
  if (!isFull) return { row: index, reason: { kind: 'open' } }
  const violated = fit.violated(row)
  if (violated === undefined) return undefined
  return { row: index, reason: violated === -1 ? { kind: 'negatives' } : { kind: 'violates', constraint: violated } }
}

interface TallyScope {
  readonly fit: Fit
  readonly valid: readonly ArrayLike<number>[]
}

function createTally(model: Model, { fit, valid }: TallyScope) {
  const counts = model.parameters.map(({ values }) => values.length)
  const negativeOf = negativeParameters(model, valid)
  const hasNegatives = negativeOf.some((parameter) => parameter !== -1)
  const plain = createMarks()
  const any = createMarks()
  const missing: Combination[] = []
  const sums = { plain: 0, negative: 0, missing: 0, missingNegative: 0, infeasible: 0 }
  /** A combination that no row without a negative value holds. */
  const judge = (parameters: readonly number[], code: number): void => {
    const values = decode(code, parameters, counts)
    const isNegative = values.some(
      (value, at) => model.parameters[parameters[at] ?? -1]?.values[value]?.negative === true,
    )
    const isHeld = hasNegatives && any.has(code)
    const negatives = isNegative && isHeld ? 1 : fit.negativesFor(parameters, values)
    if (negatives === undefined) sums.infeasible++
    else if (isHeld && negatives === 1) sums[isNegative ? 'negative' : 'plain']++
    else {
      sums[isNegative ? 'missingNegative' : 'missing']++
      if (missing.length < missingKept)
        missing.push(parameters.map((parameter, at) => ({ parameter, value: values[at] ?? 0 })))
    }
  }
  const add = ({ parameters, codes, size }: SetView): void => {
    plain.begin(size)
    any.begin(hasNegatives ? size : 1)
    let held = 0
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row] as number
      if (hasNegatives) any.add(code)
      if (negativeOf[row] === -1 && plain.add(code)) held++
    }
    sums.plain += held
    if (held === size) return
    for (let code = 0; code < size; code++) if (!plain.has(code)) judge(parameters, code)
  }
  const read = () => ({
    positive: { covered: sums.plain, missing: sums.missing },
    negative: { covered: sums.negative, missing: sums.missingNegative },
    infeasible: sums.infeasible,
    missing,
  })
  return { add, read }
}
