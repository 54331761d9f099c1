import type { Constant, Constraint, Expression, Model, ModelValue, Parameter } from './model.ts'

/**
 * A model in the PICT language; reading it gives the same model. Names and values that hold signs of the language (a
 * comma, a colon, a line break) cannot be written in it and come out as they are.
 */
export function printPict(model: Model): string {
  const { parameters, subModels, constraints } = model
  const lines = [
    ...parameters.map(({ name, values }) => `${name}: ${values.map(printValue).join(', ')}`),
    ...subModels.map((sub) => {
      const names = sub.parameters.map((index) => parameters[index]?.name ?? '')
      return `{ ${names.join(', ')} } @ ${sub.strength}`
    }),
    ...constraints.map((constraint) => `${printConstraint(constraint, parameters)};`),
  ]
  return `${lines.join('\n')}\n`
}

function printValue({ text, aliases, negative, weight }: ModelValue): string {
  const names = [`${negative ? '~' : ''}${text}`, ...aliases].join(' | ')
  return weight === 1 ? names : `${names} (${weight})`
}

/** A constraint in the PICT language, without the semicolon. */
export function printConstraint(
  { when, must, otherwise }: Pick<Constraint, 'when' | 'must' | 'otherwise'>,
  parameters: readonly Parameter[],
): string {
  const consequence = printExpression(must, parameters)
  if (when === undefined) return consequence
  const tail = otherwise === undefined ? '' : ` ELSE ${printExpression(otherwise, parameters)}`
  return `IF ${printExpression(when, parameters)} THEN ${consequence}${tail}`
}

/** A condition in the PICT language; every nested AND, OR and NOT stands in parentheses. */
function printExpression(expression: Expression, parameters: readonly Parameter[]): string {
  const name = (index: number): string => `[${(parameters[index]?.name ?? '').replace(/[\\\]]/gu, '\\$&')}]`
  const inner = (part: Expression): string => {
    const text = printExpression(part, parameters)
    return part.kind === 'and' || part.kind === 'or' || part.kind === 'not' ? `(${text})` : text
  }
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.parts.map(inner).join(expression.kind === 'and' ? ' AND ' : ' OR ')
    case 'not':
      return `NOT ${inner(expression.part)}`
    case 'compare':
      return `${name(expression.parameter)} ${expression.relation} ${printConstant(expression.value)}`
    case 'like':
      return `${name(expression.parameter)} ${expression.negated ? 'NOT ' : ''}LIKE ${printConstant(expression.pattern)}`
    case 'in': {
      const values = expression.values.map(printConstant).join(', ')
      return `${name(expression.parameter)} ${expression.negated ? 'NOT ' : ''}IN { ${values} }`
    }
    case 'other':
      return `${name(expression.parameter)} ${expression.relation} ${name(expression.other)}`
    case 'sign':
      return `${expression.negative ? 'IsNegative' : 'IsPositive'}(${parameters[expression.parameter]?.name ?? ''})`
  }
}

function printConstant(value: Constant): string {
  return typeof value === 'number' ? String(value) : `"${value.replace(/[\\"]/gu, '\\$&')}"`
}
