import type { Span } from '../lib/positions.ts'
import type { Constant, Expression, Model, Parameter, Term } from './model.ts'
import { folding, tableOf } from './model-truth.ts'
import { didYouMean } from './pict-report.ts'
import type { Reporter } from './pict-report.ts'

/** What constraints are read against. */
export interface TermScope {
  readonly parameters: readonly Parameter[]
  readonly caseSensitive: boolean
  readonly report: Reporter
}

/** A constant with its place. */
export interface PlacedConstant extends Span {
  readonly value: Constant
}

/** Index of the parameter of this name; a name that nobody has is reported. */
export function resolveParameter(name: string, span: Span, scope: TermScope): number | undefined {
  const fold = folding(scope.caseSensitive)
  const index = scope.parameters.findIndex((parameter) => fold(parameter.name) === fold(name))
  if (index !== -1) return index
  const names = scope.parameters.map((parameter) => parameter.name)
  scope.report.problem(`there is no parameter \`${name}\``, span, didYouMean(name, names))
  return undefined
}

/** Whether a constant can be compared with the values of a parameter; where not, that is reported. */
export function checkConstant(parameter: Parameter, { value, ...span }: PlacedConstant, scope: TermScope): boolean {
  const fits = (typeof value === 'number') === parameter.numeric
  if (fits) return true
  const help = parameter.numeric ? `write a number without quotes` : `write "${value}" in quotes`
  const has = parameter.numeric ? 'has numbers for values' : 'has texts for values'
  scope.report.problem(`\`${parameter.name}\` ${has} and cannot be compared with ${shown(value)}`, span, help)
  return false
}

/** Warns of constants that are no value of the parameter, where the term asks for exactly these. */
export function warnOfUnknown(parameter: Parameter, constants: readonly PlacedConstant[], scope: TermScope): boolean {
  const fold = folding(scope.caseSensitive)
  let all = true
  for (const { value, ...span } of constants) {
    const isKnown = parameter.values.some(({ text, number }) =>
      typeof value === 'number' ? number === value : fold(text) === fold(value),
    )
    if (isKnown) continue
    all = false
    const owner = parameter.values.find(({ aliases }) => aliases.some((alias) => fold(alias) === fold(String(value))))
    const texts = parameter.values.map(({ text }) => text)
    const help =
      owner === undefined
        ? didYouMean(String(value), texts)
        : `only the first name of a value counts here: write "${owner.text}"`
    scope.report.warning(`\`${parameter.name}\` has no value ${shown(value)}`, span, help)
  }
  return all
}

/** Warns where a term holds for all values or for none. */
export function warnOfConstantTerm(term: Term, span: Span, scope: TermScope): void {
  const model: Model = { ...scope, subModels: [], constraints: [] }
  const { holds } = tableOf(term, model)
  const names = [term.parameter, ...(term.kind === 'other' ? [term.other] : [])].map(
    (index) => `\`${scope.parameters[index]?.name}\``,
  )
  const which = names.join(' and ')
  if (holds.every((bit) => bit === 1)) scope.report.warning(`this holds for every value of ${which}`, span)
  if (holds.every((bit) => bit === 0)) scope.report.warning(`this holds for no value of ${which}`, span)
}

/** The condition that some (or, for positive, every) parameter has a value of this kind. */
export function signOfAll(negative: boolean, parameters: readonly Parameter[]): Expression {
  const parts = parameters.map((_, parameter): Term => ({ kind: 'sign', parameter, negative }))
  return { kind: negative ? 'or' : 'and', parts }
}

function shown(value: Constant): string {
  return typeof value === 'number' ? String(value) : `"${value}"`
}
