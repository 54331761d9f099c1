import type { CheckSpec } from '../domain/check.ts'
import { fill, fillText } from '../lib/fill.ts'
import type { Variables } from '../lib/fill.ts'

/** A check with its placeholders filled, and the names that were not there. */
export interface FilledCheck<C extends CheckSpec = CheckSpec> {
  readonly check: C
  readonly missing: readonly string[]
}

/** Code and names stay as they are: what a row holds must not become part of a program. */
const asWritten = new Set('name metric type on turn mode flags file export code function model method scale'.split(' '))
const patterns = new Set(['pattern', 'regex'])
const values = new Set(['value', 'equals', 'schema', 'options'])

/**
 * Fills the texts of a check. A pattern that is one placeholder becomes the pattern that the row holds; inside a longer
 * pattern a value stands for itself, its special characters escaped.
 */
export function fillCheck<C extends CheckSpec>(check: C, variables: Variables): FilledCheck<C> {
  const missing = new Set<string>()
  const note = (name: string): void => void missing.add(name)
  const filled = Object.entries(check).map(([key, value]): [string, unknown] => {
    if (asWritten.has(key)) return [key, value]
    if (patterns.has(key) && typeof value === 'string') return [key, fillPattern(value, variables, note)]
    if (typeof value === 'string' && !isValue(check, key)) return [key, fillText(value, variables, note)]
    return [key, values.has(key) ? fill(value, variables, note) : value]
  })
  return { check: Object.fromEntries(filled) as C, missing: [...missing] }
}

/** Where a placeholder alone may become a number, a list or an object. */
function isValue({ type }: CheckSpec, key: string): boolean {
  return key === 'equals' || (key === 'value' && (type === 'equals' || type === 'contains'))
}

function fillPattern(pattern: string, variables: Variables, onMissing: (name: string) => void): string {
  const whole = /^\{\{[^{}]*\}\}$/u.test(pattern)
  if (whole) return fillText(pattern, variables, onMissing)
  // Each placeholder is filled alone, so that only what comes from the row is escaped.
  return pattern.replaceAll(/\{\{[^{}]*\}\}/gu, (placeholder) => {
    const text = fillText(placeholder, variables, onMissing)
    return text === placeholder ? placeholder : escaped(text)
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`).replaceAll('-', String.raw`\x2d`)
}
