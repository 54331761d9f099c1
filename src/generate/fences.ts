/** A fence line of Markdown: three or more backticks or tildes, perhaps in a list or quotation. Lines count from 0. */
interface Marker {
  readonly line: number
  /** Columns before the fence, list markers and quotation marks included. */
  readonly indent: number
  /** How deep in quotations: the number of `>` before it. */
  readonly quotes: number
  readonly char: string
  readonly length: number
  readonly info: string
}

/** A block of code in an answer. Lines count from 1 and are those of the code, without the fences. */
export interface Block {
  readonly code: string
  /** What stands behind the opening fence. */
  readonly info: string
  readonly startLine: number
  readonly endLine: number
  /** The last line of text before the fence, where file names are announced. */
  readonly heading: string
  readonly closed: boolean
}

const fence = /^((?:[ \t]*>)*[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/

function markerAt(text: string, line: number): Marker | undefined {
  const match = fence.exec(text)
  if (match === null) return undefined
  const [, before = '', run = '', rest = ''] = match
  const char = run.charAt(0)
  if (char === '`' && rest.includes('`')) return undefined
  const quotes = before.split('>').length - 1
  return { line, indent: before.length, quotes, char, length: run.length, info: rest.trim() }
}

/** Every fence line of a text; at most `limit`. */
function markersOf(lines: readonly string[], limit: number): Marker[] {
  const found: Marker[] = []
  for (const [line, text] of lines.entries()) {
    const marker = /[`~]{3}/.test(text) ? markerAt(text, line) : undefined
    if (marker !== undefined && found.push(marker) >= limit) break
  }
  return found
}

const closes = (opener: Marker, marker: Marker): boolean =>
  marker.info === '' && marker.char === opener.char && marker.length >= opener.length

/** Code between two lines, without the indentation and quotation marks of its opening fence. */
function between(lines: readonly string[], opener: Marker, end: number): string {
  const marks = new RegExp(`^(?:[ \\t]*>[ ]?){${opener.quotes}}`)
  const inner = lines.slice(opener.line + 1, end)
  if (opener.indent === 0) return inner.join('\n')
  const width = opener.quotes > 0 ? 0 : opener.indent
  return inner
    .map((line) => (opener.quotes > 0 ? line.replace(marks, '') : line))
    .map((line) => line.slice(Math.min(width, line.length - line.trimStart().length)))
    .join('\n')
}

/** Code that begins in the line of its fence. */
const codeInInfo = /^(\w+)[ \t]+((?:import|from|def|class|const|let|test|it|describe)\b.*[\w)};:'"])$/

function block(lines: readonly string[], opener: Marker, end: number | undefined): Block {
  const last = end ?? lines.length
  const [, info = opener.info, first] = codeInInfo.exec(opener.info) ?? []
  const rest = between(lines, opener, last)
  let heading = ''
  for (let line = opener.line - 1; line >= 0 && line >= opener.line - 3 && heading === ''; line--)
    heading = lines[line]?.trim() ?? ''
  return {
    code: first === undefined ? rest : `${first}\n${rest}`,
    info,
    startLine: opener.line + (first === undefined ? 2 : 1),
    endLine: Math.max(last, opener.line + 2),
    heading,
    closed: end !== undefined,
  }
}

const maxMarkers = 400

/** The blocks of a text as CommonMark reads them, except that a fence in a list may stand deeper. */
export function fencedBlocks(text: string): Block[] {
  const lines = text.split('\n')
  const blocks: Block[] = []
  let opener: Marker | undefined
  for (const marker of markersOf(lines, maxMarkers)) {
    if (opener === undefined) opener = marker
    else if (closes(opener, marker) && marker.indent <= opener.indent + 3) {
      blocks.push(block(lines, opener, marker.line))
      opener = undefined
    }
  }
  if (opener !== undefined) blocks.push(block(lines, opener, undefined))
  return blocks
}

const maxOpeners = 24
const maxClosers = 24

/** Whether a line of code ends with a fence that should have stood in the next line. */
const isGlued = (line: string): boolean => /[^`~](?:```|~~~)$/.test(line.trimEnd()) && line.trim().length > 3

/**
 * Every block that the fences of a text could mean: each opener with each plausible closer, glued closers included
 * (`assert x == 1` followed by the fence in the same line), and with none. Most of them are wrong; the caller judges.
 */
export function possibleBlocks(text: string): Block[] {
  const lines = text.split('\n')
  const markers = markersOf(lines, maxMarkers)
  const blocks: Block[] = []
  const openers = markers.filter((marker, index) => marker.info !== '' || index % 2 === 0).slice(0, maxOpeners)
  const glued = lines.flatMap((line, index) => (isGlued(line) ? [index] : [])).slice(0, maxClosers)
  for (const opener of openers) {
    const closers = markers.filter((marker) => marker.line > opener.line && closes(opener, marker))
    for (const closer of closers.slice(-maxClosers)) blocks.push(block(lines, opener, closer.line))
    for (const end of glued.filter((line) => line > opener.line).slice(0, 3)) {
      const cut = lines.with(end, (lines[end] ?? '').trimEnd().slice(0, -3).trimEnd())
      blocks.push(block(cut, opener, end + 1))
    }
    if (closers.length === 0) blocks.push(block(lines, opener, undefined))
  }
  return blocks
}

/** What the info string of a fence, or the announcement before it, says about a block. */
export interface BlockHint {
  /** `code` of the wanted language or unnamed, `other` for anything else: a shell, JSON, a diff, output. */
  readonly content: 'named' | 'unnamed' | 'other'
  /** File name, where one is given. */
  readonly file: string | undefined
}

const languages = {
  python: /^(?:python[23]?|py|py3|python-?3(?:\.\d+)?|pytest|gradio|sage)$/,
  typescript: /^(?:typescript|ts|tsx|mts|cts|javascript|js|jsx|mjs|vitest|node)$/,
  javascript: /^(?:javascript|js|jsx|mjs|cjs|node|nodejs|vitest|ecmascript)$/,
} as const

const fileName = /([\w./-]*\w\.(?:py|[cm]?[jt]sx?))(?![\w.])/

/** Reads the hints of a block for a script in `language`. */
export function hintOf({ info, heading, code }: Block, language: keyof typeof languages): BlockHint {
  const [word = ''] = info
    .toLowerCase()
    .replace(/^[{.\s]+/, '')
    .split(/[\s:,{}=]/)
  const named = languages[language].test(word)
  const first = /^\s*(?:#|\/\/|\/\*)\s*(\S+)\s*(?:\*\/)?$/m.exec(code.slice(0, 200).split('\n')[0] ?? '')?.[1] ?? ''
  const announced = /^(?:[#*>`\s]*|.*\b(?:file|create|save[ds]? (?:it |this )?(?:as|in|to))\b.*)$/i.test(
    heading.replace(fileName, ''),
  )
    ? heading
    : /[:*`]$/.test(heading)
      ? heading
      : ''
  const file = fileName.exec(info)?.[1] ?? fileName.exec(first)?.[1] ?? fileName.exec(announced)?.[1]
  const content = named ? 'named' : word === '' || fileName.test(word) ? 'unnamed' : 'other'
  return { content, file }
}
