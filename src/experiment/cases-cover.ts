import type { Scalar } from '../domain/case.ts'

/** Values of parameters by name. */
export type ParameterRow = Readonly<Record<string, Scalar>>

/** What is asked of a maker of combinations. */
export interface CoverRequest {
  readonly parameters: Readonly<Record<string, readonly Scalar[]>>
  /** As in combination models. */
  readonly constraints: readonly unknown[]
  readonly strength: number
  readonly engine: string
  readonly seed: number
  /** Most rows where all are wanted. */
  readonly maxCases?: number | undefined
  /**
   * Every valid row instead of a covering array: in the order of the values, the last parameter changing fastest, and no
   * more than `maxCases`.
   */
  readonly all: boolean
  /** Many such arrays are wanted, so that none is worth a long search for fewer rows. */
  readonly quick?: boolean | undefined
}

/** What a maker of combinations gives. */
export interface Covered {
  readonly rows: readonly ParameterRow[]
  readonly tuples?: { readonly covered: number; readonly infeasible: number } | undefined
  readonly lowerBound?: number | undefined
  readonly engine: string
  /** Whether rows were left out that would have covered more. */
  readonly isCut?: boolean | undefined
  readonly warnings: readonly string[]
}

/**
 * Makes combinations; throws `model_invalid` and `model_contradictory` where there are none. The line of a problem, where
 * it has one, is the number of the constraint, from 1.
 */
export type Cover = (request: CoverRequest) => Promise<Covered>
