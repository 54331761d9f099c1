import type { Failure } from '../domain/run.ts'
import { sha256 } from '../lib/hash.ts'
import { plainText } from '../lib/plain-text.ts'

// Order matters: a timestamp is full of numbers, a UUID is full of hexadecimal, a quoted value may be a path.
const rules: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:\.\d{1,9})?/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/"[^"\n]{0,500}"/g, '<value>'],
  [/(?<!\w)'[^'\n]{0,500}'(?!\w)/g, '<value>'],
  [/`[^`\n]{0,500}`/g, '<value>'],
  [/(?<![\w/\\.])(?:file:\/\/|[A-Za-z]:[\\/]|\.{0,2}[\\/])[^\s:()'"<>,]{1,300}(?::\d{1,7}){0,2}/g, '<path>'],
  [/(?<![\w/])[\w.-]{1,80}(?:\/[\w.@-]{1,80}){1,20}(?::\d{1,7}){0,2}/g, '<path>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]{0,7}\d)(?=[0-9a-f]{0,63}[a-f])[0-9a-f]{8,64}\b/gi, '<hex>'],
  [/(?<![\w.])-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?/gi, '<n>'],
]

/**
 * A message without what changes from run to run: times, UUIDs, quoted values, paths, hexadecimal and numbers become
 * placeholders. Only the first three lines that hold text count, 500 characters at most.
 */
export function normaliseError(text: string): string {
  const lines = plainText(text.slice(0, 4000))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  let result = lines.slice(0, 3).join('\n').slice(0, 1000)
  for (const [pattern, placeholder] of rules) result = result.replaceAll(pattern, placeholder)
  return result.replaceAll(/[ \t]+/g, ' ').slice(0, 500)
}

/** Twelve hexadecimal digits that failures of the same type with the same normalised message share. */
export function fingerprintOf(failure: Failure): string {
  const message = failure.message.trim() === '' ? failure.trace.slice(-300) : failure.message
  return sha256(`${failure.type}\n${normaliseError(message)}`).slice(0, 12)
}
