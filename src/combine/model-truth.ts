import { GreenloopError } from '../domain/errors.ts'
import type { Constant, Constraint, Expression, Model, Parameter, Relation, Term } from './model.ts'

/** Where a term holds: by value of its parameter, or by value of its first times value of its second. */
export interface TermTable {
  readonly parameter: number
  /** Second parameter of a comparison of two. */
  readonly other: number | undefined
  /** 1 where the term holds; index value, or value × count of the other + value of the other. */
  readonly holds: Uint8Array
}

/** An expression without negation, with the terms worked out. */
export type Formula =
  | { readonly kind: 'term'; readonly table: TermTable }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Formula[] }

/** The condition of a constraint as one formula: what every row must satisfy. */
export function formulaOf(constraint: Constraint, model: Model): Formula {
  const { when, must, otherwise } = constraint
  const mustThen = convert(must, false, model)
  if (when === undefined) return mustThen
  const whenNot: Formula = { kind: 'or', parts: [convert(when, true, model), mustThen] }
  if (otherwise === undefined) return whenNot
  const orElse: Formula = { kind: 'or', parts: [convert(when, false, model), convert(otherwise, false, model)] }
  return { kind: 'and', parts: [whenNot, orElse] }
}

/** Negations are moved inwards until only tables are negated. */
function convert(expression: Expression, negate: boolean, model: Model): Formula {
  switch (expression.kind) {
    case 'not':
      return convert(expression.part, !negate, model)
    case 'and':
    case 'or': {
      const parts = expression.parts.map((part) => convert(part, negate, model))
      return { kind: (expression.kind === 'and') === negate ? 'or' : 'and', parts }
    }
    case 'compare':
    case 'like':
    case 'in':
    case 'other':
    case 'sign': {
      const table = tableOf(expression, model)
      return { kind: 'term', table: negate ? { ...table, holds: table.holds.map((bit) => 1 - bit) } : table }
    }
  }
}

/** Works out a term for every value of its parameters. Only the first name of a value counts. */
export function tableOf(term: Term, model: Model): TermTable {
  const parameter = parameterAt(model, term.parameter)
  const fold = folding(model.caseSensitive)
  const unary = (test: (index: number) => boolean): TermTable => ({
    parameter: term.parameter,
    other: undefined,
    holds: Uint8Array.from(parameter.values, (_, index) => (test(index) ? 1 : 0)),
  })
  const keys = keysOf(parameter, fold)
  switch (term.kind) {
    case 'sign':
      return unary((index) => parameter.values[index]?.negative === term.negative)
    case 'compare': {
      const wanted = foldConstant(term.value, fold)
      return unary((index) => compare(keys[index], wanted, term.relation))
    }
    case 'in': {
      const wanted = new Set(term.values.map((value) => foldConstant(value, fold)))
      return unary((index) => wanted.has(keys[index] ?? '') !== term.negated)
    }
    case 'like': {
      const pattern = patternOf(fold(term.pattern))
      return unary((index) => pattern.test(fold(parameter.values[index]?.text ?? '')) !== term.negated)
    }
    case 'other': {
      const others = keysOf(parameterAt(model, term.other), fold)
      const bits = keys.flatMap((left) => others.map((right) => (compare(left, right, term.relation) ? 1 : 0)))
      return { parameter: term.parameter, other: term.other, holds: Uint8Array.from(bits) }
    }
  }
}

/** Whether a row (value index by parameter) satisfies a formula. */
export function satisfies(formula: Formula, row: ArrayLike<number>, model: Model): boolean {
  switch (formula.kind) {
    case 'and':
      return formula.parts.every((part) => satisfies(part, row, model))
    case 'or':
      return formula.parts.some((part) => satisfies(part, row, model))
    case 'term': {
      const { parameter, other, holds } = formula.table
      const value = row[parameter] ?? 0
      if (other === undefined) return holds[value] === 1
      return holds[value * parameterAt(model, other).values.length + (row[other] ?? 0)] === 1
    }
  }
}

/** Indices of the parameters that a formula speaks of, in the order of their first mention. */
export function parametersOf(formula: Formula): number[] {
  const found = new Set<number>()
  const visit = (part: Formula): void => {
    if (part.kind !== 'term') return part.parts.forEach(visit)
    found.add(part.table.parameter)
    if (part.table.other !== undefined) found.add(part.table.other)
  }
  visit(formula)
  return [...found]
}

/** The text in which names and values are compared: capitals, unless case counts. */
export function folding(caseSensitive: boolean): (text: string) => string {
  return caseSensitive ? (text) => text : (text) => text.toUpperCase()
}

/** A wildcard pattern (`*` any characters, `?` one) that covers a whole text. */
function patternOf(pattern: string): RegExp {
  const parts = Array.from(pattern.replace(/\*+/gu, '*'), (sign) => {
    if (sign === '*') return '[^]*'
    return sign === '?' ? '[^]' : sign.replace(/[\\^$.*+?()[\]{}|/-]/u, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 'u')
}

function keysOf(parameter: Parameter, fold: (text: string) => string): Constant[] {
  return parameter.values.map((value) => (parameter.numeric ? (value.number ?? Number.NaN) : fold(value.text)))
}

function foldConstant(value: Constant, fold: (text: string) => string): Constant {
  return typeof value === 'string' ? fold(value) : value
}

function compare(left: Constant | undefined, right: Constant | undefined, relation: Relation): boolean {
  if (left === undefined || right === undefined) return false
  switch (relation) {
    case '=':
      return left === right
    case '<>':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

function parameterAt(model: Model, index: number): Parameter {
  const parameter = model.parameters[index]
  if (parameter === undefined)
    throw new GreenloopError('internal', `a constraint speaks of parameter ${index}, which the model does not have`)
  return parameter
}
