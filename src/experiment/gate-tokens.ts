/** One piece of a gate. `at` counts characters from 1. */
export type Token =
  | { readonly kind: 'compare'; readonly at: number; readonly text: '>=' | '>' | '<=' | '<' }
  | { readonly kind: 'sign'; readonly at: number; readonly text: '(' | ')' | '*' | '+' | '-' | ':' }
  | { readonly kind: 'name'; readonly at: number; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'number'; readonly at: number; readonly text: string; readonly value: number }
  | { readonly kind: 'unknown'; readonly at: number; readonly text: string }

const pattern = new RegExp(
  [
    '(?<compare>>=|<=|≥|≤|>|<)',
    '(?<sign>[()*+:−-])',
    '"(?<double>[^"]*)"',
    "'(?<single>[^']*)'",
    String.raw`(?<number>(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?%?(?![\p{L}\p{N}._@-]))`,
    String.raw`(?<name>cost:\p{L}+(?=[.(])|[\p{L}\p{N}_][\p{L}\p{N}._@-]*)`,
    '(?<unknown>.)',
  ].join('|'),
  'gsu',
)

/** Splits a gate into its pieces. What has no meaning becomes a piece as well, for the parser to name. */
export function gateTokens(text: string): Token[] {
  return [...text.matchAll(pattern)].flatMap((match): Token[] => {
    const [piece] = match
    const { compare, sign, double, single, number, name } = match.groups ?? {}
    const at = match.index + 1
    if (compare !== undefined) return [{ kind: 'compare', at, text: comparisons[compare] ?? '>=' }]
    if (sign !== undefined) return [{ kind: 'sign', at, text: signs[sign] ?? '-' }]
    const quoted = double ?? single
    if (quoted !== undefined) return [{ kind: 'name', at, text: quoted, isQuoted: true }]
    if (number !== undefined) return [{ kind: 'number', at, text: piece, value: numberOf(number) }]
    if (name !== undefined) return [{ kind: 'name', at, text: name, isQuoted: false }]
    return piece.trim() === '' ? [] : [{ kind: 'unknown', at, text: piece }]
  })
}

const comparisons: Readonly<Record<string, '>=' | '>' | '<=' | '<'>> = {
  '>=': '>=',
  '≥': '>=',
  '>': '>',
  '<=': '<=',
  '≤': '<=',
  '<': '<',
}
const signs: Readonly<Record<string, '(' | ')' | '*' | '+' | '-' | ':'>> = {
  '(': '(',
  ')': ')',
  '*': '*',
  '+': '+',
  ':': ':',
  '-': '-',
  '−': '-',
}

function numberOf(text: string): number {
  return text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
}
