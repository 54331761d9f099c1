import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { forbiddenCubes, tuplesOf } from './clauses.ts'
import type { Constraint, Model } from './model.ts'
import { formulaOf, parametersOf } from './model-truth.ts'

/**
 * A model in numbers. A symbol is one value of one parameter: value v of parameter p is `offsets[p] + v`. A clause is a
 * forbidden combination: its symbols may not all stand in one row.
 */
export interface Compiled {
  /** Number of values by parameter. */
  readonly counts: Int32Array
  /** First symbol by parameter, and the number of symbols at the end; length k + 1. */
  readonly offsets: Int32Array
  /** Number of symbols. */
  readonly symbols: number
  /** Parameter by symbol. */
  readonly parameterOf: Int32Array
  /** 1 by symbol for negative values. */
  readonly negative: Uint8Array
  /** Weight by symbol. */
  readonly weights: Float64Array
  /**
   * Forbidden combinations: sorted symbols, at most one of a parameter; none holds another. That two negative values
   * never meet is not among them, but solvers and checks know it from `negative`.
   */
  readonly forbidden: readonly Int32Array[]
  /** Indices into `forbidden` by symbol. */
  readonly clausesOf: readonly Int32Array[]
}

/** Compiles a model. Throws `model_invalid` for a constraint that joins too many parameters to be worked with exactly. */
export function compile(model: Model): Compiled {
  return assemble(model, clausesByConstraint(model))
}

/** The forbidden combinations of each constraint on its own. Throws `model_invalid` as {@link compile} does. */
export function clausesByConstraint(model: Model): readonly (readonly Int32Array[])[] {
  const counts = model.parameters.map(({ values }) => values.length)
  const offsets = offsetsOf(counts)
  const problems: Problem[] = []
  const clauses = model.constraints.map((constraint) => {
    const cubes = forbiddenCubes(formulaOf(constraint, model), counts)
    if (cubes === undefined) problems.push(tooWide(constraint, model))
    return (cubes ?? []).flatMap((cube) => [...tuplesOf(cube, offsets)])
  })
  if (problems.length > 0) throw new GreenloopError('model_invalid', 'a constraint joins too much', { problems })
  return clauses
}

/** Puts parameters and the clauses of some constraints together; clauses that hold another one are left out. */
export function assemble(model: Model, clauses: readonly (readonly Int32Array[])[]): Compiled {
  const counts = Int32Array.from(model.parameters, ({ values }) => values.length)
  const offsets = offsetsOf(counts)
  const symbols = offsets[counts.length] ?? 0
  const values = model.parameters.flatMap((parameter) => parameter.values)
  const { forbidden, clausesOf } = minimal(clauses.flat(), symbols)
  return {
    counts,
    offsets,
    symbols,
    parameterOf: Int32Array.from(model.parameters.flatMap(({ values }, index) => values.map(() => index))),
    negative: Uint8Array.from(values, ({ negative }) => (negative ? 1 : 0)),
    weights: Float64Array.from(values, ({ weight }) => weight),
    forbidden,
    clausesOf,
  }
}

function offsetsOf(counts: ArrayLike<number>): Int32Array {
  const offsets = new Int32Array(counts.length + 1)
  for (let p = 0; p < counts.length; p++) offsets[p + 1] = (offsets[p] ?? 0) + (counts[p] ?? 0)
  return offsets
}

/** Short clauses first; one that holds an earlier one, or is the same, adds nothing. */
function minimal(clauses: readonly Int32Array[], symbols: number) {
  const sorted = [...clauses].sort((a, b) => a.length - b.length || compareTuples(a, b))
  const forbidden: Int32Array[] = []
  const byFirst: Int32Array[][] = Array.from({ length: symbols }, () => [])
  const holdsEarlier = (clause: Int32Array): boolean =>
    forbidden[0]?.length === 0 ||
    clause.some((symbol) => byFirst[symbol]?.some((earlier) => earlier.every((each) => clause.includes(each))) === true)
  for (const clause of sorted) {
    if (holdsEarlier(clause)) continue
    forbidden.push(clause)
    byFirst[clause[0] ?? -1]?.push(clause)
  }
  const touching: number[][] = Array.from({ length: symbols }, () => [])
  forbidden.forEach((clause, index) => clause.forEach((symbol) => touching[symbol]?.push(index)))
  return { forbidden, clausesOf: touching.map((indices) => Int32Array.from(indices)) }
}

function compareTuples(a: Int32Array, b: Int32Array): number {
  const place = a.findIndex((symbol, index) => symbol !== b[index])
  return place === -1 ? 0 : (a[place] ?? 0) - (b[place] ?? 0)
}

function tooWide(constraint: Constraint, model: Model): Problem {
  const names = parametersOf(formulaOf(constraint, model)).map((index) => `[${model.parameters[index]?.name}]`)
  return {
    message: `this constraint joins ${names.length} parameters (${names.slice(0, 5).join(', ')}…) in more ways than can be worked with exactly`,
    place: constraint.place,
    help: 'write it as several constraints of fewer parameters each',
  }
}
