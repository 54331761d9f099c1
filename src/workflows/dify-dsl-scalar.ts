/** A value that stands in one place of a description. */
export type DslScalar = string | number | boolean | null

/** How a value stands in the text now, and what the text around it allows. */
export interface ScalarSetting {
  readonly style: 'plain' | 'single' | 'double' | 'block'
  /** Source of the value as it stands; empty where nothing does. */
  readonly source: string
  /** Column of the key or of the dash that the value belongs to, from 0. */
  readonly parentIndent: number
  /** Whether it stands within `{}` or `[]`. */
  readonly flow: boolean
  /** Whether it is the item of a list, not the value of a key. */
  readonly item: boolean
  readonly newline: '\n' | '\r\n'
}

/**
 * Ways to write a value in place of another, the most alike first; the last one can hold any text. What is written
 * means the same to readers of YAML 1.1 and 1.2.
 */
export function scalarSources(value: DslScalar, setting: ScalarSetting): readonly string[] {
  if (typeof value !== 'string') return [ended(bareSource(value), setting)]
  const { style } = setting
  const ways: (string | undefined)[] = []
  if (style === 'block') ways.push(blockSource(value, setting))
  if (style === 'plain') ways.push(plainSource(value, setting))
  if (style === 'plain' || style === 'single') ways.push(singleSource(value, setting))
  const several = style !== 'single' && !setting.source.includes('\n')
  ways.push(several && style === 'double' ? doubleSource(value) : brokenSource(value, setting), doubleSource(value))
  const kept = ways.filter((way) => way !== undefined)
  return [...new Set(kept)].map((way) => (way.startsWith('|') ? way : ended(way, setting)))
}

/** The source of a block runs up to the next line, which whatever takes its place must not swallow. */
function ended(source: string, { style, source: old, newline }: ScalarSetting): string {
  return style === 'block' && old.endsWith('\n') ? source + newline : source
}

function bareSource(value: number | boolean | null): string {
  if (typeof value !== 'number') return String(value)
  if (Object.is(value, -0)) return '-0.0'
  // Without the point, a reader of YAML 1.1 takes 1e+21 for a text.
  return String(value).replace(/^(-?\d+)e/u, '$1.0e')
}

/** What may stand in a text that is written as it is; everything else is escaped. */
const unprintable = /[^\t\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u
const words = /^(?:true|false|yes|no|on|off|null|y|n)$/iu

function plainSource(text: string, { flow }: ScalarSetting): string | undefined {
  if (unprintable.test(text) || !/^\p{L}/u.test(text) || /[\n\t]|\s$/u.test(text)) return undefined
  if (words.test(text) || /:(?:\s|$)|\s#/u.test(text)) return undefined
  return flow && /[,:[\]{}#]/u.test(text) ? undefined : text
}

function singleSource(text: string, { parentIndent, newline }: ScalarSetting): string | undefined {
  if (unprintable.test(text)) return undefined
  const quoted = text.replaceAll("'", "''")
  if (!text.includes('\n')) return `'${quoted}'`
  // Spaces beside a line break get lost when lines are folded.
  if (/^\n|\n$|[ \t]\n|\n[ \t]/u.test(text)) return undefined
  const indent = ' '.repeat(parentIndent + 2)
  return `'${quoted.replaceAll(/\n+/gu, (breaks) => newline.repeat(breaks.length + 1) + indent)}'`
}

function blockSource(text: string, { source, parentIndent, item, newline }: ScalarSetting): string | undefined {
  if (unprintable.test(text) || text.trim() === '' || /\n[ \t]+\n*$/u.test(text)) return undefined
  const [, header = '', rest = ''] = /^([|>][-+0-9]*)([^\r\n]*)/u.exec(source) ?? []
  const breaks = /\n*$/u.exec(text)?.[0].length ?? 0
  if (breaks > 1 && !header.includes('+')) return undefined
  const chomping = breaks === 0 ? '-' : breaks === 1 ? '' : '+'
  const indent = bodyIndent(source, header, parentIndent)
  const leading = /^\n*[ \t]/u.test(text)
  if (leading && (item || indent - parentIndent > 9)) return undefined
  const sign = leading ? String(indent - parentIndent) : ''
  const pad = ' '.repeat(indent)
  const lines = text.replace(/\n$/u, '').split('\n')
  const body = lines.map((line) => (line === '' ? '' : pad + line))
  return [`|${sign}${chomping}${rest}`, ...body].join(newline) + newline
}

/** Indentation of the lines of a block, as they stand now. */
function bodyIndent(source: string, header: string, parentIndent: number): number {
  const given = /[1-9]/u.exec(header)?.[0]
  if (given !== undefined) return parentIndent + Number(given)
  const first = source.split(/\r?\n/u).find((line, index) => index > 0 && line.trim() !== '')
  return first === undefined ? parentIndent + 2 : Math.max(parentIndent + 1, first.search(/[^ ]/u))
}

const escapes: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' }
const escaped = new RegExp(`["\\\\\\n\\t]|${unprintable.source}`, 'gu')

function doubleSource(text: string): string {
  return `"${text.replaceAll(escaped, escapeOf)}"`
}

function escapeOf(character: string): string {
  const known = escapes[character]
  if (known !== undefined) return known
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

/** In double quotes with a line of the source for each line of the text, so that changes can be compared by line. */
function brokenSource(text: string, { parentIndent, newline }: ScalarSetting): string {
  const indent = ' '.repeat(parentIndent + 2)
  const lines = doubleSource(text).split(/(?<=(?<!\\)(?:\\\\)*\\n)(?!"$)/u)
  return lines.map((line) => line.replace(/^ /u, '\\ ')).join(`\\${newline}${indent}`)
}
