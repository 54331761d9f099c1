import { Lexer, isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Document, ParsedNode, YAMLError, YAMLMap } from 'yaml'
import { GreenloopError, type Problem } from '../domain/errors.ts'
import { lineFinder, type Span } from '../lib/positions.ts'
import { maxDepth, type Pointer, type SourceDocument } from './source-document.ts'
import { duplicateMessage, placeAt, problemsError } from './problems.ts'

/** Most nodes that a document may have when every alias is written out. */
const maxNodes = 1_000_000

/** What the lexer emits where a document begins. */
const documentMark = '\u0002'

/** Reads a YAML 1.2 text of the core schema: no tags of one's own, no merge keys. Throws as `readDocument` does. */
export function parseYaml(text: string, file: string): SourceDocument {
  if (nestsTooDeep(text)) throw tooLarge(file, `nests deeper than ${maxDepth} levels`)
  const lineOf = lineFinder(text)
  const place = (span: Span) => placeAt(file, lineOf(span.start), span.end - span.start)
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, version: '1.2', schema: 'core' })
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    message: wording(error),
    place: place({ start: error.pos[0], end: error.pos[1] }),
  }))
  for (const { key, at, first } of duplicateKeys(document)) {
    problems.push({ message: duplicateMessage(key, lineOf(first).line), place: place(at) })
  }
  for (const { name, at } of strayAliases(document)) {
    problems.push({ message: `nothing above is called \`&${name}\``, place: place(at) })
  }
  if (problems.length > 0) throw problemsError('syntax_invalid', `\`${file}\``, problems)
  return {
    file,
    format: 'yaml',
    value: plainValue(document, file),
    locate: (pointer, part = 'value') => place(spanOf(document, pointer, part)),
  }
}

function tooLarge(file: string, what: string): GreenloopError {
  return new GreenloopError('file_too_large', `\`${file}\` ${what}`, { place: { file } })
}

/** Depth by brackets and by indentation. The lexer is linear and does not recurse, unlike the parser behind it. */
function nestsTooDeep(text: string): boolean {
  /** Columns at which the blocks that are open begin. */
  const indents: number[] = []
  let flow = 0
  let column = 0
  let leading = true
  for (const token of new Lexer().lex(text)) {
    if (token === documentMark) continue
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow--
    else if (leading && flow === 0 && token.trim() !== '') {
      while ((indents.at(-1) ?? -1) >= column) indents.pop()
      indents.push(column)
      leading = token === '-' || token === '?'
    }
    if (indents.length + flow > maxDepth) return true
    const lineEnds = token.endsWith('\n')
    column = lineEnds ? 0 : column + token.length
    leading ||= lineEnds
  }
  return false
}

function wording(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins here (`---`); one file holds one document'
  if (error.code === 'TAG_RESOLVE_FAILED') return 'tags of your own (`!name`) are not read'
  if (error.code === 'TAB_AS_INDENT') return 'a tab stands in the indentation; YAML wants spaces'
  return error.message.charAt(0).toLowerCase() + error.message.slice(1)
}

interface YamlDuplicate {
  readonly key: string
  readonly at: Span
  readonly first: number
}

/** The library compares every key with every other; a set is enough. */
function duplicateKeys(document: Document.Parsed): YamlDuplicate[] {
  const found: YamlDuplicate[] = []
  visit(document, {
    Map(_, map: YAMLMap) {
      const seen = new Map<string, number>()
      for (const { key } of map.items) {
        if (!isScalar(key) || !key.range) continue
        const name = String(key.value)
        const first = seen.get(name)
        if (first === undefined) seen.set(name, key.range[0])
        else found.push({ key: name, at: { start: key.range[0], end: key.range[1] }, first })
      }
    },
  })
  return found
}

/** Aliases without an anchor before them; the library only tells when the value is made, and not where. */
function strayAliases(document: Document.Parsed): { readonly name: string; readonly at: Span }[] {
  const anchors = new Set<string>()
  const found: { readonly name: string; readonly at: Span }[] = []
  visit(document, {
    Alias(_, { source, range }) {
      if (!anchors.has(source)) found.push({ name: source, at: { start: range?.[0] ?? 0, end: range?.[1] ?? 1 } })
    },
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor)
    },
  })
  return found
}

function plainValue(document: Document.Parsed, file: string): unknown {
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 10_000 })
  } catch (cause) {
    if (cause instanceof ReferenceError) throw expandsTooFar(file, cause)
    throw cause
  }
  if (countNodes(value) > maxNodes) throw expandsTooFar(file)
  return value
}

function expandsTooFar(file: string, cause?: unknown): GreenloopError {
  return new GreenloopError('file_too_large', `the aliases of \`${file}\` multiply beyond a million values`, {
    cause,
    place: { file },
    help: 'write the repeated parts out, or use fewer aliases of aliases',
  })
}

/** Nodes with aliases written out, counted up to just above the limit; nesting is at most 500 deep, aliases aside. */
function countNodes(root: unknown): number {
  const waiting: unknown[] = [root]
  let count = 0
  while (waiting.length > 0 && count <= maxNodes) {
    const value = waiting.pop()
    count++
    if (typeof value !== 'object' || value === null) continue
    for (const child of Object.values(value)) {
      if (waiting.length > maxNodes) return maxNodes + 1
      waiting.push(child)
    }
  }
  return count
}

function spanOf(document: Document.Parsed, pointer: Pointer, part: 'key' | 'value'): Span {
  let node: unknown = document.contents
  let key: unknown
  for (const step of pointer) {
    const holder = isAlias(node) ? node.resolve(document) : node
    const pair = isMap(holder) ? holder.items.find((item) => keyText(item.key) === String(step)) : undefined
    const next = isSeq(holder) && typeof step === 'number' ? holder.items[step] : pair?.value
    if (next === undefined && pair === undefined) return firstMark(holder)
    key = pair?.key
    node = next ?? key
  }
  return part === 'key' && key !== undefined ? rangeOf(key) : firstMark(node)
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : ''
}

/** Of a map or a list only the beginning is marked: its first key, or its bracket. */
function firstMark(node: unknown): Span {
  if (isMap(node) && !node.flow && node.items[0] !== undefined) return rangeOf(node.items[0].key)
  const range = rangeOf(node)
  return isMap(node) || isSeq(node) ? { start: range.start, end: range.start + 1 } : range
}

function rangeOf(node: unknown): Span {
  const range = isPair(node) ? undefined : (node as ParsedNode | null | undefined)?.range
  return range ? { start: range[0], end: range[1] } : { start: 0, end: 1 }
}
