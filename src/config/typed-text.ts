import type { z } from 'zod'

const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
])

/**
 * The value that a text stands for, as the schema wants it: the text itself, a number, true or false (also yes, no, on,
 * off, 1, 0), or headers. What fits nothing is left as it is, for the schema to refuse. Other values are not touched.
 */
export function readTyped(schema: z.ZodType, value: unknown): unknown {
  if (Array.isArray(value)) return readHeaders(value.map(String)) ?? value
  if (typeof value !== 'string') return value
  const text = value.trim()
  const fits = candidates(text).find((candidate) => schema.safeParse(candidate).success)
  if (fits !== undefined) return fits
  // A number that is out of bounds gets the better message as a number.
  const number = Number(text)
  return text !== '' && Number.isFinite(number) ? number : text
}

function candidates(text: string): unknown[] {
  const number = Number(text)
  const found: unknown[] = [text]
  if (Number.isFinite(number)) found.push(number)
  const word = words.get(text.toLowerCase())
  if (word !== undefined) found.push(word)
  const headers = readHeaders(text.split(/\r?\n|\\n|;/u))
  if (headers !== undefined) found.push(headers)
  return found
}

/** `Name: value` lines as an object; `undefined` when one of them is not of that form. */
function readHeaders(lines: readonly string[]): Readonly<Record<string, string>> | undefined {
  const pairs = lines.filter((line) => line.trim() !== '').map((line) => /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/u.exec(line))
  if (pairs.length === 0 || pairs.includes(null)) return undefined
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']))
}
