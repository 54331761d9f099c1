/**
 * Characters that would be invisible, would turn the reading direction, or cannot stand in a UTF-8 source file:
 * controls, separators, bidi and zero-width marks, tags, lone surrogates, non-characters.
 */
const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|[\u{e0000}-\u{e0fff}]|\p{Cs}/gu

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Replaces what {@link unsafe} names by escapes; `wide` writes a code point above U+FFFF. */
export function escapeUnsafe(text: string, wide: (hex: string) => string): string {
  return text.replaceAll(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code > 0xffff) return wide(code.toString(16))
    return short[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`)
  })
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/** One line of plain words for a comment: line breaks become spaces, unsafe characters U+FFFD. */
export function commentText(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim().replaceAll(unsafe, '\ufffd')
}

/** How a language writes the pieces of a JSON value. */
export interface Literals {
  /** What stands inside the braces of an object on one line. */
  readonly pad: '' | ' '
  scalar(value: unknown): string
  key(name: string): string
  /** A value nested deeper than parsers take, as text that the program parses. */
  parsed(value: unknown): string
}

const deepest = 40

/** Writes a JSON value: on one line where it fits into `width` (100) columns, else one entry a line. */
export function renderValue(
  value: unknown,
  literals: Literals,
  at: { indent: string; step: string; width?: number },
): string {
  if (depthOf(value, 0) > deepest) return literals.parsed(value)
  return layOut(value, literals, { ...at, width: at.width ?? 100 })
}

function depthOf(value: unknown, depth: number): number {
  if (depth > deepest || typeof value !== 'object' || value === null) return depth
  return Object.values(value).reduce<number>((most, item) => Math.max(most, depthOf(item, depth + 1)), depth + 1)
}

function layOut(value: unknown, literals: Literals, at: { indent: string; step: string; width: number }): string {
  if (typeof value !== 'object' || value === null) return literals.scalar(value)
  const list = Array.isArray(value)
  const wide = { ...at, indent: '', width: Number.POSITIVE_INFINITY }
  const entries: [string, unknown][] = list
    ? value.map((item: unknown) => ['', item])
    : Object.entries(value).map(([name, item]) => [`${literals.key(name)}: `, item])
  const [open, close] = list ? ['[', ']'] : ['{', '}']
  const pad = list || entries.length === 0 ? '' : literals.pad
  const flat = `${open}${pad}${entries.map(([name, item]) => name + layOut(item, literals, wide)).join(', ')}${pad}${close}`
  if (entries.length === 0 || at.indent.length + flat.length <= at.width) return flat
  const inner = { ...at, indent: at.indent + at.step }
  const lines = entries.map(([name, item]) => `${inner.indent}${name}${layOut(item, literals, inner)},\n`)
  return `${open}\n${lines.join('')}${at.indent}${close}`
}
