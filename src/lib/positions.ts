import { endOfString } from './json-guard.ts'

/** A stretch of a text: code units from its start, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A JSON value with the places of its parts. */
export interface JsonNode extends Span {
  /** Members of an object by key; a key that stands twice keeps its last place, as `JSON.parse` does. */
  readonly members?: ReadonlyMap<string, { readonly key: Span; readonly value: JsonNode }>
  readonly items?: readonly JsonNode[]
}

/** Where and why reading a JSON text stopped. */
export interface JsonSyntaxError extends Span {
  readonly message: string
}

/** The tree of places of a JSON text, or the first mistake in it. Nesting must have been checked before. */
export function parsePositions(text: string): { readonly root: JsonNode } | { readonly error: JsonSyntaxError } {
  const cursor: Cursor = { text, at: 0, error: undefined }
  const root = readValue(cursor)
  if (root !== undefined) {
    skipSpace(cursor)
    if (cursor.at === text.length) return { root }
    fail(cursor, 'there is more text after the end of the document')
  }
  return { error: cursor.error ?? { start: 0, end: 0, message: 'this is not JSON' } }
}

/** A line of a text, with the column in it that was asked for; both count from 1. */
export interface LinePlace {
  readonly line: number
  readonly column: number
  /** The line without its line break. */
  readonly text: string
}

/** A function that gives the line of an offset in `text`; the starts of the lines are looked up once, when first needed. */
export function lineFinder(text: string): (offset: number) => LinePlace {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    const index = lastAtMost(starts, Math.min(offset, text.length))
    const start = starts[index] ?? 0
    const line = text.slice(start, starts[index + 1] ?? text.length).replace(/\r?\n$/u, '')
    return { line: index + 1, column: offset - start + 1, text: line }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Index of the last of the ascending `values` that is not above `limit`. */
function lastAtMost(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((values[middle] ?? 0) <= limit) low = middle
    else high = middle - 1
  }
  return low
}

interface Cursor {
  readonly text: string
  at: number
  error: JsonSyntaxError | undefined
}

function fail(cursor: Cursor, message: string, length = 1): undefined {
  cursor.error ??= { start: cursor.at, end: Math.min(cursor.at + length, cursor.text.length), message }
  return undefined
}

function skipSpace(cursor: Cursor): void {
  while (' \t\n\r'.includes(cursor.text[cursor.at] ?? 'x')) cursor.at++
}

function readValue(cursor: Cursor): JsonNode | undefined {
  skipSpace(cursor)
  const start = cursor.at
  switch (cursor.text[start]) {
    case undefined:
      return fail(cursor, 'the document ends where a value should stand')
    case '{':
      return readObject(cursor)
    case '[':
      return readArray(cursor)
    case '"':
      return readString(cursor)
    default:
      return readWord(cursor)
  }
}

function readObject(cursor: Cursor): JsonNode | undefined {
  const start = cursor.at++
  const members = new Map<string, { key: Span; value: JsonNode }>()
  skipSpace(cursor)
  if (cursor.text[cursor.at] === '}') return { start, end: ++cursor.at, members }
  for (;;) {
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== '"') return fail(cursor, keyMessage(cursor, members.size))
    const key = readString(cursor)
    if (key === undefined) return undefined
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== ':') return fail(cursor, 'a colon is missing after this key')
    cursor.at++
    const value = readValue(cursor)
    if (value === undefined) return undefined
    members.set(String(JSON.parse(cursor.text.slice(key.start, key.end))), { key, value })
    const end = separatorOrEnd(cursor, '}')
    if (end === undefined) return undefined
    if (end) return { start, end: cursor.at, members }
  }
}

function keyMessage(cursor: Cursor, members: number): string {
  const found = cursor.text[cursor.at]
  if (found === undefined) return 'the document ends inside an object'
  if (found === '}' && members > 0) return 'a comma stands before the closing brace; JSON does not allow one there'
  return found === "'" ? 'JSON wants double quotes around keys' : 'a key in double quotes should stand here'
}

function readArray(cursor: Cursor): JsonNode | undefined {
  const start = cursor.at++
  const items: JsonNode[] = []
  skipSpace(cursor)
  if (cursor.text[cursor.at] === ']') return { start, end: ++cursor.at, items }
  for (;;) {
    skipSpace(cursor)
    if (cursor.text[cursor.at] === ']')
      return fail(cursor, 'a comma stands before the closing bracket; JSON does not allow one there')
    const item = readValue(cursor)
    if (item === undefined) return undefined
    items.push(item)
    const end = separatorOrEnd(cursor, ']')
    if (end === undefined) return undefined
    if (end) return { start, end: cursor.at, items }
  }
}

/** Steps over a comma (false) or the closing bracket (true); `undefined` after a mistake. */
function separatorOrEnd(cursor: Cursor, close: string): boolean | undefined {
  skipSpace(cursor)
  const found = cursor.text[cursor.at]
  if (found === ',' || found === close) {
    cursor.at++
    return found === close
  }
  if (found === undefined) return fail(cursor, `the document ends before a closing \`${close}\``)
  return fail(cursor, `a comma or \`${close}\` is missing before this`)
}

function readString(cursor: Cursor): JsonNode | undefined {
  const start = cursor.at
  const end = endOfString(cursor.text, start)
  // With double backslashes out of the way, every other one begins an escape.
  const raw = cursor.text.slice(start, end).replace(/\\\\/gu, '__')
  const bad = /[\u0000-\u001f]|\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/u.exec(raw)
  if (bad !== null) {
    cursor.at = start + bad.index
    return fail(cursor, bad[0] === '\\' ? 'JSON does not know this escape' : stringMessage(bad[0]))
  }
  if (raw.length < 2 || !raw.endsWith('"') || raw.endsWith('\\"')) return fail(cursor, 'this text has no closing quote')
  cursor.at = end
  return { start, end }
}

function stringMessage(character: string): string {
  return character === '\n' || character === '\r'
    ? 'a text ends with its line; close the quote or write \\n'
    : 'a control character stands in a text; write it as \\uXXXX'
}

const wordPattern = /[^\s,:[\]{}"]+/uy
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/iu

function readWord(cursor: Cursor): JsonNode | undefined {
  const start = cursor.at
  wordPattern.lastIndex = start
  const word = wordPattern.exec(cursor.text)?.[0]
  if (word === undefined) return fail(cursor, `a value should stand here, not \`${cursor.text[start] ?? ''}\``)
  const known = word === 'true' || word === 'false' || word === 'null'
  if (!known && !numberPattern.test(word)) return fail(cursor, wordMessage(word), word.length)
  cursor.at += word.length
  return { start, end: cursor.at }
}

function wordMessage(word: string): string {
  const shown = word.length > 40 ? `${word.slice(0, 40)}…` : word
  if (word.startsWith('//') || word.startsWith('/*')) return 'JSON has no comments; a YAML file may hold them'
  if (word.startsWith("'")) return 'JSON wants double quotes around text'
  if (/^(?:none|true|false|nan|undefined)$/iu.test(word))
    return `\`${shown}\` is not a JSON value; write true, false or null`
  return /^[-+.\d]/u.test(word) ? `\`${shown}\` is not a JSON number` : `\`${shown}\` needs double quotes around it`
}
