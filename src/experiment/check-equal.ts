import { textOf } from './check-subject.ts'

/**
 * Whether an answer is what was expected.
 * - Two texts are the same but for line ends behind the last character; `ignoreCase` also trims both and takes composed
 *   and decomposed letters for the same.
 * - An expected number, truth value, object or list is compared with the JSON that the text holds, so `3` fits `"3"`.
 * - An expected text fits a number or truth value that is written like it, so `"3"` fits `3`.
 * - The order of keys does not matter, that of lists does.
 */
export function isEqual(expected: unknown, actual: unknown, ignoreCase = false): boolean {
  if (typeof expected === 'string') return sameText(expected, textOf(actual), ignoreCase)
  if (typeof actual !== 'string') return sameJson(expected, actual, ignoreCase)
  const parsed = parseOrUndefined(actual)
  return parsed !== undefined && sameJson(expected, parsed, ignoreCase)
}

/** A text with differences of case, white space at its ends and composition of letters taken out. */
export function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase()
}

function sameText(expected: string, actual: string, ignoreCase: boolean): boolean {
  if (ignoreCase) return folded(expected) === folded(actual)
  return withoutLineEnds(expected) === withoutLineEnds(actual)
}

function withoutLineEnds(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--
  return text.slice(0, end)
}

function sameJson(expected: unknown, actual: unknown, ignoreCase: boolean): boolean {
  if (typeof expected === 'string' && typeof actual === 'string') {
    return ignoreCase ? folded(expected) === folded(actual) : expected === actual
  }
  if (!isHolder(expected) || !isHolder(actual)) return expected === actual
  if (Array.isArray(expected) !== Array.isArray(actual)) return false
  const keys = Object.keys(expected)
  if (keys.length !== Object.keys(actual).length) return false
  return keys.every((key) => Object.hasOwn(actual, key) && sameJson(expected[key], actual[key], ignoreCase))
}

function isHolder(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
