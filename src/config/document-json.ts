import { GreenloopError, type Problem } from '../domain/errors.ts'
import { scanJson, type DuplicateKey } from '../lib/json-guard.ts'
import { lineFinder, parsePositions, type JsonNode, type Span } from '../lib/positions.ts'
import { maxDepth, type Pointer, type SourceDocument } from './source-document.ts'
import { duplicateMessage, placeAt, problemsError } from './problems.ts'

/** Reads a JSON text; positions are looked up only when something is to be pointed at. Throws as `readDocument` does. */
export function parseJson(text: string, file: string): SourceDocument {
  const lineOf = lineFinder(text)
  const place = (span: Span) => placeAt(file, lineOf(span.start), span.end - span.start)
  const scan = scanJson(text, maxDepth)
  if (scan.tooDeepAt !== undefined) {
    const { line, column } = lineOf(scan.tooDeepAt)
    throw new GreenloopError('file_too_large', `\`${file}\` nests deeper than ${maxDepth} levels`, {
      place: { file, line, column },
    })
  }
  const value = parse(text, (span) => place(span))
  if (scan.duplicates.length > 0) {
    const problems = scan.duplicates.map((found) => duplicateProblem(found, place, lineOf(found.first).line))
    throw problemsError('syntax_invalid', `\`${file}\``, problems)
  }
  let root: JsonNode | undefined
  return {
    file,
    format: 'json',
    value,
    locate: (pointer, part = 'value') => {
      root ??= rootOf(text)
      return place(root === undefined ? { start: 0, end: 1 } : spanOf(root, pointer, part))
    },
  }
}

function parse(text: string, place: (span: Span) => Problem['place']): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const found = parsePositions(text)
    const error = 'error' in found ? found.error : { start: 0, end: 1, message: 'this is not valid JSON' }
    const at = place(error)
    throw new GreenloopError('syntax_invalid', error.message, { cause, ...(at === undefined ? {} : { place: at }) })
  }
}

function rootOf(text: string): JsonNode | undefined {
  const found = parsePositions(text)
  return 'root' in found ? found.root : undefined
}

function duplicateProblem(found: DuplicateKey, place: (span: Span) => Problem['place'], firstLine: number): Problem {
  const at = place({ start: found.at, end: found.at + found.length })
  return { message: duplicateMessage(found.key, firstLine), ...(at === undefined ? {} : { place: at }) }
}

/** The deepest part of the document on the way of `pointer`. */
function spanOf(root: JsonNode, pointer: Pointer, part: 'key' | 'value'): Span {
  let node = root
  let key: Span | undefined
  for (const step of pointer) {
    const member = typeof step === 'string' ? node.members?.get(step) : undefined
    const next = member?.value ?? (typeof step === 'number' ? node.items?.[step] : undefined)
    if (next === undefined) return { start: node.start, end: node.start + 1 }
    node = next
    key = member?.key
  }
  if (part === 'key' && key !== undefined) return key
  // Of an object or a list only the bracket is marked: it may go on for pages.
  return node.members === undefined && node.items === undefined ? node : { start: node.start, end: node.start + 1 }
}
