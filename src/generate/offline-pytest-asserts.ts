import type { Expected } from '../domain/suite.ts'
import { statusesOf } from './offline-requests.ts'
import { schemaChecks, type CheckDialect } from './render-checks.ts'
import { pyApprox, pyNumber, pyString, pyValue } from './render-python.ts'
import { isRecord } from './schema-shape.ts'

const indented = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`)

const pyTypes = {
  object: 'dict',
  array: 'list',
  string: 'str',
  boolean: 'bool',
} as const

/** A Python set or tuple of literals for `in`. */
function pyChoice(values: readonly unknown[]): string {
  return `(${values.map((value) => pyValue(value)).join(', ')}${values.length === 1 ? ',' : ''})`
}

const pyChecks: CheckDialect = {
  isType: (value, type) => {
    if (type === 'null') return `assert ${value} is None`
    if (type === 'integer' || type === 'number') {
      const wanted = type === 'integer' ? 'int' : '(int, float)'
      return `assert isinstance(${value}, ${wanted}) and not isinstance(${value}, bool)`
    }
    return `assert isinstance(${value}, ${pyTypes[type]})`
  },
  hasKeys: (value, names) => `assert {${names.map(pyString).join(', ')}} <= ${value}.keys()`,
  onlyKeys: (value, names) =>
    names.length === 0 ? `assert not ${value}` : `assert ${value}.keys() <= {${names.map(pyString).join(', ')}}`,
  equals: (value, wanted) => equalsLine(value, wanted),
  oneOf: (value, allowed) => `assert ${value} in ${pyChoice(allowed)}`,
  compare: (value, { operator, than, length }) =>
    `assert ${length ? `len(${value})` : value} ${operator} ${pyNumber(than)}`,
  member: (value, name) => `${value}[${pyString(name)}]`,
  whenPresent: (value, name, body) => [`if ${pyString(name)} in ${value}:`, ...indented(body)],
  whenNotNull: (value, body) => [`if ${value} is not None:`, ...indented(body)],
  each: (value, item, body) => [`for ${item} in ${value}:`, ...indented(body)],
}

/** `assert value == literal`, with `is` for None, True and False. */
function equalsLine(value: string, wanted: unknown): string {
  const single = wanted === null || wanted === undefined || typeof wanted === 'boolean'
  return `assert ${value} ${single ? 'is' : '=='} ${pyValue(wanted)}`
}

/** Assertions on a value: exact, near, part and structure. `row` says that `returns` comes from a parameter. */
function valueAsserts(expected: Expected, value: string, row: boolean): string[] {
  const lines: string[] = []
  if ('returns' in expected) {
    if (row) lines.push(`assert ${value} == expected`)
    else if (expected.approx === undefined) lines.push(equalsLine(value, expected.returns))
    else lines.push(`assert ${value} == ${pyApprox(expected.returns, expected.approx)}`)
  }
  // An answer without a body has no JSON value; the text of it is empty.
  if (expected.body === '' && value === 'reply.body') lines.push('assert reply.text == ""')
  else if ('body' in expected) lines.push(equalsLine(value, expected.body))
  if (expected.contains !== undefined && typeof expected.contains !== 'string') {
    lines.push(...containsAsserts(expected.contains, value))
  }
  if (expected.schema !== undefined) lines.push(...schemaChecks(expected.schema, value, pyChecks))
  return lines
}

function containsAsserts(contains: Record<string, unknown> | unknown[], value: string): string[] {
  if (Array.isArray(contains)) return contains.map((item) => `assert ${pyValue(item)} in ${value}`)
  return Object.entries(contains).flatMap(([key, wanted]) => {
    const member = `${value}[${pyString(key)}]`
    return isRecord(wanted) ? containsAsserts(wanted, member) : [equalsLine(member, wanted)]
  })
}

/** What of a reply's expectation comes from parameters, and which statuses prove nothing. */
interface ReplyOptions {
  readonly statusColumn: boolean
  readonly expectedColumn: boolean
  readonly inconclusive: readonly number[]
}

/** Assertions on a reply named `reply`. */
export function replyAsserts(expected: Expected, options: ReplyOptions): string[] {
  const lines: string[] = []
  const allowed = statusesOf(expected.status)
  const doubtful = options.inconclusive.filter((status) => !allowed.includes(status))
  if (doubtful.length > 0) {
    lines.push(`if reply.status in (${doubtful.join(', ')}):`)
    lines.push('    pytest.skip(f"GL: inconclusive: valid data was answered with {reply.status}")')
  }
  if (options.statusColumn) lines.push('assert reply.status == status, reply.text')
  else if (allowed.length === 1) lines.push(`assert reply.status == ${allowed[0]}, reply.text`)
  else if (allowed.length > 1) lines.push(`assert reply.status in (${allowed.join(', ')}), reply.text`)
  if (typeof expected.contains === 'string') lines.push(`assert ${pyString(expected.contains)} in reply.text`)
  return [...lines, ...valueAsserts(expected, 'reply.body', options.expectedColumn)]
}

/** Assertions on a call's value named `result`. */
export function resultAsserts(expected: Expected, row: boolean): string[] {
  const text = typeof expected.contains === 'string' ? [`assert ${pyString(expected.contains)} in result`] : []
  return [...text, ...valueAsserts(expected, 'result', row)]
}
