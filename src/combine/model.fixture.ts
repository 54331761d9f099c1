import * as fc from 'fast-check'
import type { Constant, Constraint, Expression, Model, ModelValue, Parameter, Relation } from './model.ts'

const relations: readonly Relation[] = ['=', '<>', '<', '<=', '>', '>=']
const texts = ['linux', 'Win 10', 'größe', 'x', 'on', 'ПК', 'a"b', 'c\\d'] as const
const numbers = [-1, 0, 1, 2.5, 10, 4096] as const

const parameterArbitrary = (index: number): fc.Arbitrary<Parameter> =>
  fc.boolean().chain((numeric) =>
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...(numeric ? numbers.map(String) : texts)), { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom(false, false, false, true), { minLength: 4, maxLength: 4 }),
        fc.array(fc.constantFrom(1, 1, 1, 5), { minLength: 4, maxLength: 4 }),
      )
      .map(([values, negatives, weights]) => ({
        name: `${['Größe', 'OS', 'File system', 'd', 'E]x', 'f'][index]}`,
        numeric,
        values: values.map((text, at): ModelValue => ({
          text,
          aliases: at === 1 && !numeric ? ['other name'] : [],
          negative: negatives[at] === true,
          weight: weights[at] ?? 1,
          ...(numeric ? { number: Number(text), json: Number(text) } : {}),
        })),
      })),
  )

function expressionArbitrary(parameters: readonly Parameter[]): fc.Arbitrary<Expression> {
  const index = fc.nat(parameters.length - 1)
  const constant = (parameter: number): fc.Arbitrary<Constant> => {
    const own = parameters[parameter]
    const values = own?.values.map(({ text, number }): Constant => number ?? text) ?? []
    return fc.constantFrom(...values, own?.numeric === true ? 3 : 'nowhere')
  }
  const relation = fc.constantFrom(...relations)
  const term = index.chain((parameter): fc.Arbitrary<Expression> => {
    const like = parameters
      .map((_, at) => at)
      .filter((at) => parameters[at]?.numeric === parameters[parameter]?.numeric)
    const compare = fc.record({
      kind: fc.constant('compare' as const),
      parameter: fc.constant(parameter),
      relation,
      value: constant(parameter),
    })
    const within = fc.record({
      kind: fc.constant('in' as const),
      parameter: fc.constant(parameter),
      negated: fc.boolean(),
      values: fc.array(constant(parameter), { minLength: 1, maxLength: 3 }),
    })
    const other = fc.record({
      kind: fc.constant('other' as const),
      parameter: fc.constant(parameter),
      relation,
      other: fc.constantFrom(...like),
    })
    const sign = fc.record({
      kind: fc.constant('sign' as const),
      parameter: fc.constant(parameter),
      negative: fc.boolean(),
    })
    if (parameters[parameter]?.numeric === true) return fc.oneof(compare, compare, within, other, sign)
    const pattern = fc.constantFrom('*i*', 'x', '?n', '*', 'WIN*', 'a"?')
    const liked = fc.record({
      kind: fc.constant('like' as const),
      parameter: fc.constant(parameter),
      pattern,
      negated: fc.boolean(),
    })
    return fc.oneof(compare, compare, within, other, sign, liked)
  })
  const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      term,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        parts: fc.array(tie('expression'), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), part: tie('expression') }),
    ),
  }))
  return expression
}

/** Random small models; `mostConstraints` bounds their constraints. */
export function modelArbitrary(mostConstraints = 5): fc.Arbitrary<Model> {
  return fc
    .integer({ min: 1, max: 5 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => parameterArbitrary(index))))
    .chain((parameters) => {
      const expression = expressionArbitrary(parameters)
      const constraint = fc
        .record({
          when: fc.option(expression, { nil: undefined }),
          must: expression,
          otherwise: fc.option(expression, { nil: undefined, freq: 3 }),
        })
        .map(({ when, must, otherwise }): Constraint => ({
          when,
          must,
          otherwise: when === undefined ? undefined : otherwise,
          text: '',
          place: { file: 'random' },
        }))
      return fc.record({
        parameters: fc.constant(parameters),
        subModels: fc.constant([]),
        constraints: fc.array(constraint, { maxLength: mostConstraints }),
        caseSensitive: fc.boolean(),
      })
    })
}

/** Every valid row of a small model, found by trying all rows against the constraints as they stand. */
export function allRows(model: Model, constraints: readonly Constraint[] = model.constraints): number[][] {
  const rows = model.parameters.reduce<number[][]>(
    (heads, { values }) => heads.flatMap((head) => values.map((_, value) => [...head, value])),
    [[]],
  )
  return rows.filter((row) => isValidRow(model, row, constraints))
}

/** Whether a row satisfies the constraints, worked out from their text form alone. */
export function isValidRow(model: Model, row: readonly number[], constraints = model.constraints): boolean {
  const valueOf = (parameter: number): ModelValue | undefined =>
    model.parameters[parameter]?.values[row[parameter] ?? 0]
  if (row.filter((_, parameter) => valueOf(parameter)?.negative).length > 1) return false
  const fold = (value: Constant): Constant =>
    typeof value === 'string' && !model.caseSensitive ? value.toUpperCase() : value
  const key = (parameter: number): Constant => fold(valueOf(parameter)?.number ?? valueOf(parameter)?.text ?? '')
  const holds = (expression: Expression): boolean => {
    switch (expression.kind) {
      case 'and':
        return expression.parts.every(holds)
      case 'or':
        return expression.parts.some(holds)
      case 'not':
        return !holds(expression.part)
      case 'compare':
        return related(key(expression.parameter), expression.relation, fold(expression.value))
      case 'other':
        return related(key(expression.parameter), expression.relation, key(expression.other))
      case 'in':
        return expression.values.some((value) => fold(value) === key(expression.parameter)) !== expression.negated
      case 'like':
        return wildcard(String(fold(expression.pattern)), String(key(expression.parameter))) !== expression.negated
      case 'sign':
        return valueOf(expression.parameter)?.negative === expression.negative
    }
  }
  return constraints.every(({ when, must, otherwise }) =>
    when === undefined || holds(when) ? holds(must) : otherwise === undefined || holds(otherwise),
  )
}

function related(a: Constant, relation: Relation, b: Constant): boolean {
  const order = a === b ? 0 : a < b ? -1 : 1
  if (relation === '<>') return order !== 0
  return (
    (relation.includes('=') && order === 0) ||
    (relation.startsWith('<') && order < 0) ||
    (relation.startsWith('>') && order > 0)
  )
}

function wildcard(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern.startsWith('*'))
    return wildcard(pattern.slice(1), text) || (text !== '' && wildcard(pattern, text.slice(1)))
  return text !== '' && (pattern.startsWith('?') || pattern[0] === text[0]) && wildcard(pattern.slice(1), text.slice(1))
}

/** All sets of `size` parameters out of `count`. */
export function subsets(count: number, size: number): number[][] {
  if (size === 0) return [[]]
  return Array.from({ length: count }, (_, first) => first).flatMap((first) =>
    subsets(count, size - 1)
      .filter((rest) => (rest[0] ?? count) > first)
      .map((rest) => [first, ...rest]),
  )
}
