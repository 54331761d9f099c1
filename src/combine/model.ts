import type { Place } from '../domain/errors.ts'

/** A value as the JSON form may write it, kept as it is on output. */
export type Scalar = string | number | boolean | null

/** One value of a parameter. */
export interface ModelValue {
  /** As written, without alias, weight and mark; the primary name. */
  readonly text: string
  /** Further names of the same value; rows take the names in turn. */
  readonly aliases: readonly string[]
  /** Set for the values of numeric parameters. */
  readonly number?: number | undefined
  /** A value that the system should refuse: at most one of them stands in a row. */
  readonly negative: boolean
  /** How strongly the value is preferred where nothing else decides; 1 unless set. */
  readonly weight: number
  /** The value of the JSON form, where it is not a text. */
  readonly json?: Exclude<Scalar, string> | undefined
}

/** One parameter with its values, at least one. */
export interface Parameter {
  readonly name: string
  readonly values: readonly ModelValue[]
  /** Whether every value is a number; relations then compare numbers. */
  readonly numeric: boolean
}

/** Parameters, by ascending index, that are covered to a strength of their own. */
export interface SubModel {
  readonly parameters: readonly number[]
  readonly strength: number
}

/** How two values are compared. */
export type Relation = '=' | '<>' | '<' | '<=' | '>' | '>='

/** A constant of a constraint: a quoted text or a number. */
export type Constant = string | number

/** A condition on one parameter, or on two; parameters by index. */
export type Term =
  | { readonly kind: 'compare'; readonly parameter: number; readonly relation: Relation; readonly value: Constant }
  | { readonly kind: 'like'; readonly parameter: number; readonly pattern: string; readonly negated: boolean }
  | { readonly kind: 'in'; readonly parameter: number; readonly values: readonly Constant[]; readonly negated: boolean }
  | { readonly kind: 'other'; readonly parameter: number; readonly relation: Relation; readonly other: number }
  | { readonly kind: 'sign'; readonly parameter: number; readonly negative: boolean }

/** A condition over the parameters of a row. An empty `and` always holds, an empty `or` never. */
export type Expression =
  | Term
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }

/** What every row must satisfy: `must` where `when` holds (always, without `when`), `otherwise` where it does not. */
export interface Constraint {
  readonly when?: Expression | undefined
  readonly must: Expression
  readonly otherwise?: Expression | undefined
  /** As written, on one line, without the semicolon. */
  readonly text: string
  readonly place: Place
}

/** A combination model: parameters, what must hold, and where more than the usual strength is wanted. */
export interface Model {
  readonly parameters: readonly Parameter[]
  readonly subModels: readonly SubModel[]
  readonly constraints: readonly Constraint[]
  /** Whether values differ by case. */
  readonly caseSensitive: boolean
  /** The strength that the model asks for, where it does. */
  readonly strength?: number | undefined
}
