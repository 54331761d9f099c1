import type { Constant, Constraint, Expression, Parameter, Scalar, Term } from './model.ts'
import type { ConditionInput, ConstraintInput } from './json-schema.ts'
import type { JsonPlaces } from './json-places.ts'
import { readConstraints } from './pict-constraints.ts'
import { printConstraint } from './pict-print.ts'
import { reporterAt, type Findings, type Reporter } from './pict-report.ts'
import {
  checkConstant,
  resolveParameter,
  warnOfConstantTerm,
  warnOfUnknown,
  type PlacedConstant,
  type TermScope,
} from './pict-terms.ts'

/** What conditions of the JSON form are read against. */
export interface ConditionScope {
  readonly parameters: readonly Parameter[]
  readonly caseSensitive: boolean
  readonly places: JsonPlaces
  readonly findings: Findings
}

type Path = readonly PropertyKey[]
type TermInput = Exclude<ConditionInput, { and: unknown } | { or: unknown } | { not: unknown }>

/** Reads one constraint of the JSON form: text in the PICT language, IF as an object, or a condition. */
export function readConstraintInput(input: ConstraintInput, path: Path, scope: ConditionScope): readonly Constraint[] {
  const { parameters, caseSensitive, places, findings } = scope
  if (typeof input === 'string') {
    const report = reporterAt((span) => places.inside(path, span), findings)
    const read = readConstraints({ parameters, caseSensitive, report, text: input, from: 0, openEnd: true })
    if (read.length === 0 && input.trim() === '') report.problem('this constraint is empty', { start: 0, end: 1 })
    return read
  }
  const parts =
    'if' in input
      ? {
          when: readCondition(input.if, [...path, 'if'], scope),
          must: readCondition(input.then, [...path, 'then'], scope),
          otherwise: input.else === undefined ? undefined : readCondition(input.else, [...path, 'else'], scope),
        }
      : { when: undefined, must: readCondition(input, path, scope), otherwise: undefined }
  return [{ ...parts, text: printConstraint(parts, parameters), place: places.of(path) }]
}

function readCondition(input: ConditionInput, path: Path, scope: ConditionScope): Expression {
  if ('and' in input) return joined('and', input.and, { path: [...path, 'and'], scope })
  if ('or' in input) return joined('or', input.or, { path: [...path, 'or'], scope })
  if ('not' in input) return { kind: 'not', part: readCondition(input.not, [...path, 'not'], scope) }
  const report = reporterAt(() => scope.places.of(path), scope.findings)
  return readTerm(input, { parameters: scope.parameters, caseSensitive: scope.caseSensitive, report }) ?? nothing
}

const nothing: Expression = { kind: 'and', parts: [] }
/** Reports of one term all stand at its object. */
const whole = { start: 0, end: 1 }

interface Where {
  readonly path: Path
  readonly scope: ConditionScope
}

function joined(kind: 'and' | 'or', inputs: readonly ConditionInput[], { path, scope }: Where): Expression {
  const parts = inputs.map((part, index) => readCondition(part, [...path, index], scope))
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : { kind, parts }
}

function readTerm(input: TermInput, scope: TermScope): Term | undefined {
  const parameter = resolveParameter(input.parameter, whole, scope)
  const owner = scope.parameters[parameter ?? -1]
  if (parameter === undefined || owner === undefined) return undefined
  if ('other' in input) return readComparison(input, parameter, scope)
  if ('values' in input) {
    const constants = constantsOf(input.values, owner, scope)
    if (constants === undefined) return undefined
    const values = constants.map(({ value }) => value)
    const term: Term = { kind: 'in', parameter, values, negated: input.is === 'not in' }
    return checked(term, warnOfUnknown(owner, constants, scope), scope)
  }
  if (!('value' in input)) return { kind: 'sign', parameter, negative: input.is === 'negative' }
  if (input.is === 'like' || input.is === 'not like') {
    if (owner.numeric) return refuseLike(owner, scope.report)
    const term: Term = { kind: 'like', parameter, pattern: input.value, negated: input.is === 'not like' }
    return checked(term, true, scope)
  }
  const constants = constantsOf([input.value], owner, scope)
  if (constants === undefined) return undefined
  const asksExactly = input.is === '=' || input.is === '<>'
  const isKnown = !asksExactly || warnOfUnknown(owner, constants, scope)
  return checked({ kind: 'compare', parameter, relation: input.is, value: constants[0]?.value ?? '' }, isKnown, scope)
}

type ComparisonInput = Extract<TermInput, { other: string }>

function readComparison(input: ComparisonInput, parameter: number, scope: TermScope): Term | undefined {
  const other = resolveParameter(input.other, whole, scope)
  if (other === undefined) return undefined
  if (scope.parameters[parameter]?.numeric !== scope.parameters[other]?.numeric)
    return scope.report.problem('a number cannot be compared with a text', whole)
  return checked({ kind: 'other', parameter, relation: input.is, other }, true, scope)
}

function refuseLike(owner: Parameter, report: Reporter): undefined {
  const help = `\`${owner.name}\` has numbers for values; use = <> < <= > >= or in`
  return report.problem('`like` compares texts with a pattern', whole, help)
}

/** Values of numeric parameters are compared as numbers, those of others by their text, whatever JSON type they have. */
function constantsOf(values: readonly Scalar[], owner: Parameter, scope: TermScope): PlacedConstant[] | undefined {
  const constants = values.map((value) => {
    const constant: Constant = owner.numeric && typeof value === 'number' ? value : String(value)
    return { value: constant, ...whole }
  })
  return constants.filter((constant) => !checkConstant(owner, constant, scope)).length > 0 ? undefined : constants
}

function checked(term: Term, isKnown: boolean, scope: TermScope): Term {
  if (isKnown) warnOfConstantTerm(term, whole, scope)
  return term
}
