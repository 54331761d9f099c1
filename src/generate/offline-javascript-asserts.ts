import type { Expected, Framework } from '../domain/suite.ts'
import { statusesOf } from './offline-requests.ts'
import { schemaChecks, type CheckDialect } from './render-checks.ts'
import { isJsName, jsString, jsValue } from './render-javascript.ts'
import { isPyError } from './render-python.ts'
import { isRecord } from './schema-shape.ts'

/** How a framework writes its assertions. */
export interface AssertDialect extends CheckDialect {
  same(value: string, wanted: string): string
  holds(condition: string): string
  matches(text: string, pattern: string): string
  contains(list: string, item: string): string
  /** That a text, or a list of plain values, holds `item`. */
  includes(holder: string, item: string): string
  /** That the status of a reply is one of several. */
  oneStatus(reply: string, allowed: readonly number[]): string
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)

/** Conditions in plain JavaScript; the dialects below differ in how they assert them. */
const typeConditions: Readonly<Record<Parameters<CheckDialect['isType']>[1], (value: string) => string>> = {
  null: (value) => `${value} === null`,
  array: (value) => `Array.isArray(${value})`,
  object: (value) => `typeof ${value} === 'object' && ${value} !== null && !Array.isArray(${value})`,
  integer: (value) => `Number.isInteger(${value})`,
  string: (value) => `typeof ${value} === 'string'`,
  number: (value) => `typeof ${value} === 'number'`,
  boolean: (value) => `typeof ${value} === 'boolean'`,
}

const member = (value: string, name: string): string =>
  isJsName(name) && name !== '__proto__' ? `${value}.${name}` : `${value}[${jsString(name)}]`

function dialectOf(
  own: Pick<AssertDialect, 'same' | 'holds' | 'matches' | 'contains' | 'includes' | 'oneStatus' | 'compare'>,
): AssertDialect {
  return {
    ...own,
    isType: (value, type) => own.holds(typeConditions[type](value)),
    hasKeys: (value, names) => own.holds(`${jsValue(names)}.every((name) => Object.hasOwn(${value}, name))`),
    onlyKeys: (value, names) => own.holds(`Object.keys(${value}).every((name) => ${jsValue(names)}.includes(name))`),
    equals: (value, wanted) => own.same(value, jsValue(wanted)),
    oneOf: (value, allowed) => own.contains(jsValue(allowed), value),
    member,
    whenPresent: (value, name, body) => [`if (Object.hasOwn(${value}, ${jsString(name)})) {`, ...indented(body), '}'],
    whenNotNull: (value, body) => [`if (${value} !== null) {`, ...indented(body), '}'],
    each: (value, item, body) => [`for (const ${item} of ${value}) {`, ...indented(body), '}'],
  }
}

const comparers = {
  '<': 'toBeLessThan',
  '<=': 'toBeLessThanOrEqual',
  '>': 'toBeGreaterThan',
  '>=': 'toBeGreaterThanOrEqual',
} as const

/** Assertions as vitest's `expect` and as `node:assert/strict` write them. */
export const assertDialects = {
  vitest: dialectOf({
    same: (value, wanted) => `expect(${value}).toEqual(${wanted})`,
    holds: (condition) => `expect(${condition}).toBe(true)`,
    matches: (text, pattern) => `expect(${text}).toMatch(${pattern})`,
    contains: (list, item) => `expect(${list}).toContainEqual(${item})`,
    includes: (holder, item) => `expect(${holder}).toContain(${item})`,
    oneStatus: (reply, allowed) => `expect([${allowed.join(', ')}]).toContain(${reply}.status)`,
    compare: (value, { operator, than, length }) =>
      `expect(${value}${length ? '.length' : ''}).${comparers[operator]}(${jsValue(than)})`,
  }),
  node: dialectOf({
    same: (value, wanted) => `assert.deepEqual(${value}, ${wanted})`,
    holds: (condition) => `assert.ok(${condition})`,
    matches: (text, pattern) => `assert.match(${text}, ${pattern})`,
    contains: (list, item) => `assert.ok(${list}.some((entry) => isDeepStrictEqual(entry, ${item})))`,
    includes: (holder, item) => `assert.ok(${holder}.includes(${item}))`,
    oneStatus: (reply, allowed) =>
      `assert.ok([${allowed.join(', ')}].includes(${reply}.status), \`status \${${reply}.status}: \${${reply}.text}\`)`,
    compare: (value, { operator, than, length }) =>
      `assert.ok(${value}${length ? '.length' : ''} ${operator} ${jsValue(than)})`,
  }),
} as const satisfies Record<Exclude<Framework, 'pytest'>, AssertDialect>

/** What of an expectation comes from the row of a table. */
export interface Columns {
  readonly expected: boolean
  readonly status: boolean
}

/** Assertions on `result` of a call or `reply.body` of a request. */
export function valueAsserts(
  expected: Expected,
  value: string,
  at: { dialect: AssertDialect; columns: Columns },
): string[] {
  const { dialect, columns } = at
  const lines: string[] = []
  if ('returns' in expected) {
    const wanted = columns.expected ? 'expected' : jsValue(expected.returns)
    if (expected.approx === undefined) lines.push(dialect.same(value, wanted))
    else lines.push(dialect.holds(`near(${value}, ${wanted}, ${jsValue(expected.approx)})`))
  }
  // An answer without a body has no JSON value; the text of it is empty.
  if (expected.body === '' && value === 'reply.body') lines.push(dialect.same('reply.text', "''"))
  else if ('body' in expected) lines.push(dialect.same(value, jsValue(expected.body)))
  if (expected.contains !== undefined) lines.push(...containsAsserts(expected.contains, value, dialect))
  if (expected.schema !== undefined) lines.push(...schemaChecks(expected.schema, value, dialect))
  return lines
}

function containsAsserts(contains: NonNullable<Expected['contains']>, value: string, dialect: AssertDialect): string[] {
  if (typeof contains === 'string') return [dialect.includes(value, jsString(contains))]
  if (Array.isArray(contains)) return contains.map((item) => dialect.contains(value, jsValue(item)))
  return Object.entries(contains).flatMap(([key, wanted]) =>
    isRecord(wanted)
      ? containsAsserts(wanted, member(value, key), dialect)
      : [dialect.same(member(value, key), jsValue(wanted))],
  )
}

/** Assertions on `reply`. */
export function replyAsserts(expected: Expected, at: { dialect: AssertDialect; columns: Columns }): string[] {
  const { contains, ...rest } = expected
  const allowed = statusesOf(expected.status)
  const status = at.columns.status
    ? [at.dialect.same('reply.status', 'status')]
    : allowed.length === 1
      ? [at.dialect.same('reply.status', String(allowed[0]))]
      : allowed.length > 1
        ? [at.dialect.oneStatus('reply', allowed)]
        : []
  const text = typeof contains === 'string' ? containsAsserts(contains, 'reply.text', at.dialect) : []
  const parts = contains === undefined || typeof contains === 'string' ? rest : expected
  return [...status, ...text, ...valueAsserts(parts, 'reply.body', at)]
}

const sharedErrors: readonly string[] = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
]

/** Assertions on `error`. Python's own exceptions have no twin in JavaScript: of them only the message is checked. */
export function errorAsserts(expected: Expected, dialect: AssertDialect): string[] {
  const name = expected.raises?.split('.').at(-1) ?? 'Error'
  const named = name !== 'Error' && (sharedErrors.includes(name) || !isPyError(name))
  return [
    dialect.holds('error instanceof Error'),
    ...(named ? [dialect.includes('[error.name, error.constructor.name]', jsString(name))] : []),
    ...(expected.match === undefined ? [] : [dialect.matches('error.message', pattern(expected.match))]),
  ]
}

function pattern(text: string): string {
  return isPattern(text) ? `new RegExp(${jsString(text)}, 'u')` : `new RegExp(${jsString(text)})`
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').source !== ''
  } catch {
    return false
  }
}
