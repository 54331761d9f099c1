import { fencedBlocks } from './fences.ts'
import type { Block } from './fences.ts'

/** Tokens of chat templates that leak into answers. */
const leaked = /<\|[\w ]{2,40}\|>|<｜[^｜\n]{2,40}｜>|<\/?s>|\[\/?INST\]|<(?:start|end)_of_turn>|<\/?(?:bos|eos)>/g

/** Characters of no width, which models copy from web pages. */
const noWidth = /[\u200b-\u200d\u2060\ufeff\u00ad]/g

/** Line ends become LF, a byte order mark and leaked tokens at the very ends go. Lines keep their numbers. */
export function normalise(answer: string): string {
  const text = answer.replace(/^\ufeff/, '').replaceAll(/\r\n?/g, '\n')
  const edge = `(?:${leaked.source})`
  const body = text.replace(new RegExp(`^\\s*${edge}(?:assistant\\b)?`), '')
  const last = new RegExp(`${edge}$`)
  let end = body.length
  // Several tokens may follow each other; a loop, because one expression for all takes quadratic time on hostile text.
  for (let turn = 0; turn < 20; turn++) {
    const tail = body.slice(Math.max(0, end - 200), end).trimEnd()
    const token = last.exec(tail)?.[0]
    if (token === undefined) break
    end = body.slice(0, end).trimEnd().length - token.length
  }
  return body.slice(0, end)
}

/** A text with what makes it unreadable taken out, and the name of the rule that did it. */
export interface Cleaned {
  readonly text: string
  readonly rule: string
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#x27;': "'",
  '&apos;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
}
const entity = /&(?:lt|gt|quot|apos|nbsp|amp|#39|#x27);/g

/** Whether HTML entities stand in code, outside of its strings and comments. */
export const hasEntities = (code: string): boolean =>
  code.includes('&') &&
  new RegExp(entity.source).test(
    code.replaceAll(/"""[^]*?"""|'''[^]*?'''|`[^`]*`|'[^'\n]*'|"[^"\n]*"|#.*$|\/\/.*$/gm, ''),
  )

/** Readings of a piece of code that does not parse as it stands; each differs from `code`. */
export function cleanings(code: string): Cleaned[] {
  const variants: Cleaned[] = []
  const add = (rule: string, text: string): void => {
    if (text !== code && !variants.some((one) => one.text === text)) variants.push({ rule, text })
  }
  const plain = code.replaceAll(leaked, '').replaceAll(noWidth, '').replaceAll('\u00a0', ' ')
  add('removed leaked tokens and characters of no width', plain)
  add('decoded HTML entities', decodeEntities(plain))
  add('removed the common indentation', dedent(plain))
  add('removed line numbers', plain.replaceAll(/^ {0,4}\d{1,4}[|:] ?/gm, ''))
  add('removed the prompt of the interactive interpreter', plain.replaceAll(/^(?:>>>|\.\.\.) ?/gm, ''))
  if (isDiff(plain)) add('removed the marks of a diff', withoutDiffMarks(plain))
  const quotes = plain.replaceAll(/[\u2018\u2019]/g, "'").replaceAll(/[\u201c\u201d]/g, '"')
  add('made typographic quotation marks plain', quotes)
  return variants
}

const isDiff = (code: string): boolean => {
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  return lines.filter((line) => line.startsWith('+')).length * 2 > lines.length
}

const withoutDiffMarks = (code: string): string =>
  code.replaceAll(/^(?:@@.*|(?:---|\+\+\+) .*|-.*)$/gm, '').replaceAll(/^[+ ]/gm, '')

/** Decodes the entities that a page puts into code, once. */
export const decodeEntities = (code: string): string => code.replaceAll(entity, (found) => entities[found] ?? found)

const tags = /<\/?(?:pre|code|answer|output|script|test_?code|solution)(?:\s[^>\n]{0,200})?>/gi

/** Takes away the tags that stand around code in HTML or XML, and decodes the entities of such code. */
export function withoutTags(text: string): string {
  const plain = text.replaceAll(tags, '')
  return plain === text && !hasEntities(text) ? text : decodeEntities(plain)
}

/** Takes the indentation that all lines share off each line. */
export function dedent(code: string): string {
  const lines = code.split('\n')
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const common = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY)
  return common > 0 && Number.isFinite(common) ? lines.map((line) => line.slice(common)).join('\n') : code
}

const names = 'think|thinking|thought|thoughts|reasoning|reflection|analysis'
const opening = new RegExp(`^\\s*(?:<(?:${names})>|<\\|begin_of_thought\\|>)`, 'i')
const closing = new RegExp(`(?:</(?:${names})>|<\\|end_of_thought\\|>)`, 'i')

/** An answer without its thoughts, or nothing where only thoughts came. */
export interface Thoughtless {
  /** The rest; thoughts leave empty lines behind, so that lines keep their numbers. */
  readonly text: string
  readonly notes: readonly string[]
  /** Whether a thought was opened and never ended. */
  readonly unended: boolean
}

const blank = (text: string): string => '\n'.repeat(text.split('\n').length - 1)

/** Strips thoughts: a closed block, all before a lone closer, or everything where the block never ends. */
export function withoutThoughts(text: string): Thoughtless {
  let rest = text
  const notes: string[] = []
  // A long answer may hold several blocks; each turn removes one.
  for (let turn = 0; turn < 50; turn++) {
    const opener = firstOutside(rest, opening)
    const closer = firstOutside(rest, closing, opener?.end)
    if (closer !== undefined) {
      const start = opener !== undefined && opener.start < closer.start ? opener.start : 0
      rest = rest.slice(0, start) + blank(rest.slice(start, closer.end)) + rest.slice(closer.end)
      notes.push(opener === undefined ? 'dropped all before a lone end of thoughts' : 'dropped a block of thoughts')
    } else if (opener === undefined) return { text: rest, notes, unended: false }
    else
      return { text: rest.slice(0, opener.start), notes: [...notes, 'dropped thoughts without an end'], unended: true }
  }
  return { text: rest, notes, unended: false }
}

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The first match that stands at the beginning or end of a line and not inside a finished block of code, because a
 * script may well test how such tags are treated. Thoughts hold drafts, so a block only counts when text precedes the
 * tag's line outside of any thought.
 */
function firstOutside(text: string, pattern: RegExp, from = 0): Span | undefined {
  if (!/<\/?\|?[a-z_]+/i.test(text)) return undefined
  let offset = 0
  let fenced: Block[] | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const match = offset + line.length < from ? null : pattern.exec(line)
    const start = match === null ? -1 : offset + match.index
    if (match !== null && start >= from && atEdge(line, match)) {
      fenced ??= fencedBlocks(text)
      const inCode = from === 0 && fenced.some((one) => one.closed && holds(one, index + 1))
      if (!inCode) return { start, end: start + match[0].length }
    }
    offset += line.length + 1
  }
  return undefined
}

/** Whether a line stands in a block; not if another block is opened later in it, for then its own end is missing. */
const holds = (block: Block, line: number): boolean =>
  line >= block.startLine &&
  line <= block.endLine &&
  !/^[ \t]*(?:`{3,}|~{3,})\w/m.test(
    block.code
      .split('\n')
      .slice(line - block.startLine)
      .join('\n'),
  )

const atEdge = (line: string, match: RegExpExecArray): boolean =>
  line.slice(0, match.index).trim() === '' ||
  (line.slice(match.index + match[0].length).trim() === '' && !/['"`(]/.test(line.slice(0, match.index)))
