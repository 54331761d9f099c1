import type { z } from 'zod'
import { nearest } from '../lib/nearest.ts'
import type { Pointer } from './source-document.ts'

/** A pointer as people write it: `cases[2].expected.status`; empty for the root. */
export function pathText(path: Pointer): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\p{L}_$-][\p{L}\p{N}_$-]*$/u.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

/** One sentence that says what is wrong with the value at `path`: `found`, or `undefined` when it is missing. */
export function issueMessage(issue: z.core.$ZodIssue, path: Pointer, found: unknown): string {
  const name = path.length === 0 ? 'the document' : `\`${pathText(path)}\``
  if (found === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
    return `${name} is missing`
  switch (issue.code) {
    case 'invalid_type':
      return `${name} must be ${kindName(issue.expected)}, not ${describe(found)}`
    case 'invalid_value':
      return `${name} must be ${choice(issue.values.map((value) => JSON.stringify(value)))}, not ${describe(found)}${guess(issue.values, found)}`
    case 'too_small':
      return sizeMessage(name, issue, found)
    case 'too_big':
      return `${name} must ${isNumeric(issue.origin) ? 'be' : 'have'} ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.origin, issue.maximum)}, not ${measured(found)}`
    case 'invalid_union':
      return `${name} must be ${unionKinds(issue)}, not ${describe(found)}`
    case 'invalid_key':
      return `\`${String(path.at(-1))}\` cannot be used as a key in ${path.length < 2 ? 'the document' : `\`${pathText(path.slice(0, -1))}\``}`
    case 'invalid_format':
      if (issue.format === 'regex') return patternMessage(name, issue, found)
      return `${name} is ${describe(found)}, which is not a valid ${issue.format}`
    case 'not_multiple_of':
      return `${name} must be a multiple of ${issue.divisor}`
    case 'invalid_element':
    case 'unrecognized_keys':
    case 'custom':
    default:
      return `${name}: ${issue.message}`
  }
}

/** A pattern says little to people, so schemas with one mostly have words of their own. */
function patternMessage(name: string, issue: z.core.$ZodIssueInvalidStringFormat, found: unknown): string {
  const isOwn = !issue.message.startsWith('Invalid string')
  return `${name} cannot be ${describe(found)}: ${isOwn ? issue.message : `it does not match ${String(issue.pattern)}`}`
}

/** The value as it may be shown in a message: short, and in words where it is large. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

function kindName(expected: string): string {
  return kindNames[expected] ?? expected
}

function choice(options: readonly string[]): string {
  const shown = options.map((option) => `\`${option.replace(/^"(.*)"$/u, '$1')}\``)
  return shown.length < 2 ? (shown[0] ?? 'nothing') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1) ?? ''}`
}

function guess(values: readonly unknown[], found: unknown): string {
  if (typeof found !== 'string') return ''
  const near = nearest(
    found,
    values.filter((value) => typeof value === 'string'),
  )
  return near === undefined ? '' : `; did you mean \`${near}\`?`
}

function isNumeric(origin: string): boolean {
  return origin === 'number' || origin === 'int' || origin === 'bigint'
}

function amount(origin: string, count: number | bigint): string {
  if (isNumeric(origin)) return String(count)
  const unit = origin === 'string' ? 'character' : 'entr'
  return `${count} ${unit}${unit === 'entr' ? (count === 1 ? 'y' : 'ies') : count === 1 ? '' : 's'}`
}

function measured(found: unknown): string {
  if (Array.isArray(found)) return String(found.length)
  return typeof found === 'string' ? String(found.length) : describe(found)
}

function sizeMessage(name: string, issue: z.core.$ZodIssueTooSmall, found: unknown): string {
  const empty = typeof found === 'string' ? found.trim() === '' : Array.isArray(found) && found.length === 0
  if (empty) return `${name} must not be empty`
  const bound = issue.inclusive === false ? 'more than' : 'at least'
  return `${name} must ${isNumeric(issue.origin) ? 'be' : 'have'} ${bound} ${amount(issue.origin, issue.minimum)}, not ${measured(found)}`
}

/** The kinds of value that the members of a union take: `a whole number, a list or text`. */
function unionKinds(issue: z.core.$ZodIssueInvalidUnion): string {
  const kinds = issue.errors.flatMap((issues) => {
    const [first] = issues
    if (first?.code === 'invalid_type') return [kindName(first.expected)]
    return first?.code === 'invalid_value' ? first.values.map((value) => `\`${String(value)}\``) : []
  })
  const unique = [...new Set(kinds)]
  if (unique.length < 2) return unique[0] ?? 'another value'
  return `${unique.slice(0, -1).join(', ')} or ${unique.at(-1) ?? ''}`
}
