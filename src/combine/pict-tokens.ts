import type { Span } from '../lib/positions.ts'

/** A word or sign of a constraint with its place. */
export type Token = Span &
  (
    | { readonly kind: 'keyword'; readonly word: Keyword }
    | { readonly kind: 'relation'; readonly sign: '=' | '<>' | '<' | '<=' | '>' | '>=' }
    | { readonly kind: 'sign'; readonly sign: '(' | ')' | '{' | '}' | ',' | ';' }
    | { readonly kind: 'parameter'; readonly text: string }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'number'; readonly text: string; readonly number: number }
    /** A function with the name in its parentheses, empty for all parameters. */
    | { readonly kind: 'function'; readonly negative: boolean; readonly text: string }
    | { readonly kind: 'bad'; readonly message: string; readonly help?: string | undefined }
    | { readonly kind: 'end' }
  )

const keywords = ['IF', 'THEN', 'ELSE', 'AND', 'OR', 'NOT', 'IN', 'LIKE'] as const
/** A word of the constraint language; its case does not count. */
export type Keyword = (typeof keywords)[number]

const patterns = {
  space: /(?:\s+|#[^\n]*)+/uy,
  parameter: /\[((?:\\.|[^\]\\\n])*)\]/uy,
  quoted: /"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'/uy,
  function: /is(negative|positive)\s*\(([^)\n]*)\)/iuy,
  number: /[+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?![\w.])/iuy,
  relation: /<>|<=|>=|=(?!=)|<|>/uy,
  sign: /[(){},;]/uy,
  word: /[\p{L}_][\p{L}\p{N}_]*/uy,
  foreign: /!=|==|&&|\|\||[^]/uy,
}

/** Numbers as the language knows them: decimal with exponent, or hexadecimal. */
const numberPattern = /^[+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/iu

/** The number that a text stands for. */
export function numberOf(text: string): number | undefined {
  if (!numberPattern.test(text)) return undefined
  const negative = text.startsWith('-')
  const value = Number(text.replace(/^[+-]/u, ''))
  return negative ? -value : value
}

/** Cuts the text of constraints from `from` on into tokens; the last one is the end. Never throws: what fits nothing is a `bad` token. */
export function tokenize(text: string, from = 0): Token[] {
  const tokens: Token[] = []
  for (let at = from; ;) {
    at += match(patterns.space, text, at)?.[0].length ?? 0
    if (at >= text.length) return [...tokens, { kind: 'end', start: text.length, end: text.length }]
    const token = next(text, at)
    tokens.push(token)
    at = token.end
  }
}

function next(text: string, at: number): Token {
  const found = (length: number): Span => ({ start: at, end: at + length })
  const parameter = match(patterns.parameter, text, at)
  if (parameter !== null)
    return { kind: 'parameter', text: unescape(parameter[1]).trim(), ...found(parameter[0].length) }
  const quoted = match(patterns.quoted, text, at)
  if (quoted !== null) return { kind: 'text', text: unescape(quoted[1] ?? quoted[2]), ...found(quoted[0].length) }
  const call = match(patterns.function, text, at)
  if (call !== null)
    return {
      kind: 'function',
      negative: call[1]?.toLowerCase() === 'negative',
      text: (call[2] ?? '').trim().replace(/^\[(.*)\]$/u, '$1'),
      ...found(call[0].length),
    }
  const number = match(patterns.number, text, at)?.[0]
  if (number !== undefined)
    return { kind: 'number', text: number, number: numberOf(number) ?? 0, ...found(number.length) }
  const relation = match(patterns.relation, text, at)?.[0]
  if (relation !== undefined) return { kind: 'relation', sign: relation as '=', ...found(relation.length) }
  const sign = match(patterns.sign, text, at)?.[0]
  if (sign !== undefined) return { kind: 'sign', sign: sign as ';', ...found(sign.length) }
  const word = match(patterns.word, text, at)?.[0]
  if (word !== undefined) return wordToken(word, found(word.length))
  return badToken(text, at)
}

function wordToken(word: string, span: Span): Token {
  const keyword = keywords.find((each) => each === word.toUpperCase())
  if (keyword !== undefined) return { kind: 'keyword', word: keyword, ...span }
  const help = `parameters are written [${word}], texts "${word}"`
  return { kind: 'bad', message: `\`${word}\` is no word of the constraint language`, help, ...span }
}

function badToken(text: string, at: number): Token {
  const found = match(patterns.foreign, text, at)?.[0] ?? ''
  const lineEnd = text.indexOf('\n', at)
  if (found === '"' || found === "'" || found === '[') {
    const message = found === '[' ? 'this parameter has no closing `]`' : 'this text has no closing quote'
    return { kind: 'bad', message, start: at, end: lineEnd === -1 ? text.length : lineEnd }
  }
  const meant = instead[found]
  const help = meant === undefined ? undefined : `write ${meant}`
  return { kind: 'bad', message: `\`${found}\` has no meaning here`, help, start: at, end: at + found.length }
}

const instead: Readonly<Record<string, string>> = { '!=': '<>', '==': '=', '&&': 'AND', '||': 'OR', '!': 'NOT' }

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** A backslash takes the sign behind it for itself; before other signs than these it stands for itself. */
function unescape(text: string | undefined): string {
  return (text ?? '').replace(/\\([\\"'\]])/gu, '$1')
}
