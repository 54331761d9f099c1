import { Ajv } from 'ajv'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { jsonpath } from 'json-p3'
import type { JSONPathQuery, JSONValue } from 'json-p3'
import { GreenloopError } from '../domain/errors.ts'
import { isEqual } from './check-equal.ts'
import { absent, holds, shown } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import type { Compiled, CheckOf } from './check-parts.ts'
import { boundedRegex } from './check-regex.ts'
import { textOf } from './check-subject.ts'

type Parsed = { readonly json: unknown } | { readonly fault: string }

/** The JSON of a value: itself, or what a text holds as a whole or in one fenced block. */
function jsonOf(value: unknown): Parsed {
  if (value === undefined) return { fault: 'there is nothing' }
  if (typeof value !== 'string') return { json: value }
  const fenced = /^```(?:json5?)?[ \t]*\r?\n(?<body>[\s\S]*?)\r?\n?```$/iu.exec(value.trim())?.groups?.['body']
  try {
    return { json: JSON.parse(fenced ?? value) as unknown }
  } catch (error) {
    return { fault: `it is no JSON: ${error instanceof Error ? error.message : ''}` }
  }
}

/** `is_json`: the whole text is JSON, or one fenced block of it. */
export function checkIsJson(actual: unknown): Finding {
  const parsed = jsonOf(actual)
  return holds('json' in parsed, 'fault' in parsed ? parsed.fault : 'it is JSON')
}

/** `json_schema`. */
export function checkJsonSchema({ schema }: CheckOf<'json_schema'>, actual: unknown, compiled: Compiled): Finding {
  const parsed = jsonOf(actual)
  const validate = compiled.schema(schema)
  if ('fault' in parsed) return holds(false, parsed.fault)
  const valid = validate(parsed.json)
  return holds(valid, valid ? 'it follows the schema' : `it does not follow the schema: ${told(validate.errors ?? [])}`)
}

/** `json_path`: what the path finds has to be there, and every value that it finds has to hold. */
export function checkJsonPath(check: CheckOf<'json_path'>, actual: unknown, compiled: Compiled): Finding {
  const parsed = jsonOf(actual)
  const query = compiled.path(check.path)
  if ('fault' in parsed) return absent(parsed.fault)
  const found = query.query(parsed.json as JSONValue).values()
  if (check.count !== undefined && found.length !== check.count) {
    return holds(false, `${check.path} finds ${found.length} values, expected ${check.count}`)
  }
  if (found.length === 0) return holds(check.count === 0, `${check.path} finds nothing`)
  const faults = found.flatMap((value) => faultOf(check, value, compiled) ?? [])
  const [fault] = faults
  return holds(fault === undefined, fault ?? `${check.path} finds ${shown(found.length === 1 ? found[0] : found)}`)
}

/** Values that a path finds in a value, or why there is none. */
export function valuesAt(path: string, actual: unknown, compiled: Compiled): readonly unknown[] | string {
  const parsed = jsonOf(actual)
  const query = compiled.path(path)
  return 'fault' in parsed ? parsed.fault : query.query(parsed.json as JSONValue).values()
}

function faultOf(check: CheckOf<'json_path'>, value: unknown, compiled: Compiled): string | undefined {
  const { equals, contains, regex, min, max } = check
  if (equals !== undefined && !isEqual(equals, value)) return `it is ${shown(value)}, expected ${shown(equals)}`
  if (contains !== undefined && !includes(value, contains)) return `${shown(value)} does not contain ${shown(contains)}`
  if (regex !== undefined && !compiled.regex(regex, 'u').test(textOf(value))) {
    return `${shown(value)} does not match ${regex}`
  }
  return min === undefined && max === undefined ? undefined : outOfRange(value, { min, max })
}

/** Why a value is not a number within bounds; both bounds belong to the range. */
export function outOfRange(
  value: unknown,
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
): string | undefined {
  const number = numberOf(value)
  if (number === undefined) return `${shown(value)} is no number`
  if (min !== undefined && number < min) return `${number} is below ${min}`
  return max !== undefined && number > max ? `${number} is above ${max}` : undefined
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/iu.test(value)) return undefined
  return Number(value)
}

function includes(value: unknown, part: string): boolean {
  return Array.isArray(value) ? value.some((item) => isEqual(part, item)) : textOf(value).includes(part)
}

/** A JSON Schema made ready: draft 07 where `$schema` says so, 2020-12 otherwise. Throws `judge_failed`. */
export function compileSchema(schema: Readonly<Record<string, unknown>> | boolean): ValidateFunction {
  const dialect = typeof schema === 'object' ? schema['$schema'] : undefined
  const ajv = typeof dialect === 'string' && dialect.includes('draft-07') ? new Ajv(options) : new Ajv2020(options)
  ajvFormats.default(ajv)
  try {
    return ajv.compile(schema)
  } catch (error) {
    throw unreadable('JSON Schema', error)
  }
}

/** A JSONPath made ready. Throws `judge_failed`. */
export function compilePath(path: string): JSONPathQuery {
  try {
    return jsonpath.compile(path)
  } catch (error) {
    throw unreadable(`JSONPath ${shown(path)}`, error)
  }
}

/** Ajv tells patterns apart by their text, and would take all for the first one without it. */
const bounded = (pattern: string, flags: string) => ({
  ...boundedRegex(pattern, flags),
  toString: () => `/${pattern}/${flags}`,
})
const regExp = Object.assign(bounded, { code: 'new RegExp' })
const options: Options = { strict: false, allErrors: true, validateFormats: true, code: { regExp } }

function unreadable(what: string, cause: unknown): GreenloopError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new GreenloopError('judge_failed', `the ${what} cannot be read: ${said}`, { cause })
}

const faultsTold = 5

function told(errors: readonly ErrorObject[]): string {
  const lines = errors.slice(0, faultsTold).map(({ instancePath, message = '' }) => `${instancePath || '/'} ${message}`)
  const more = errors.length - lines.length
  return more > 0 ? `${lines.join('; ')} and ${more} more` : lines.join('; ')
}
