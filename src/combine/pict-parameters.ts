import type { Span } from '../lib/positions.ts'
import type { ModelValue, Parameter } from './model.ts'
import { folding } from './model-truth.ts'
import { didYouMean } from './pict-report.ts'
import type { Reporter } from './pict-report.ts'
import { numberOf } from './pict-tokens.ts'

/** Signs that may be chosen; the usual ones are `,`, `|` and `~`. */
export interface Separators {
  readonly values: string
  readonly aliases: string
  readonly negative: string
}

/** What parameter lines are read with. */
export interface ParameterScope {
  readonly separators: Separators
  readonly caseSensitive: boolean
  readonly report: Reporter
}

/** A piece of a text with its place. */
interface Piece extends Span {
  readonly text: string
}

/** Reads `Name: value, value | alias, ~negative, value (weight), <Other>`; `undefined` where that cannot be. */
export function readParameter(line: Piece, known: readonly Parameter[], scope: ParameterScope): Parameter | undefined {
  const { report, separators, caseSensitive } = scope
  const colon = line.text.indexOf(':')
  const cut = colon === -1 ? line.text.indexOf(separators.values) : colon
  if (cut === -1) {
    report.problem('a parameter needs values', trimmed(line), 'write `Name: value, value`')
    return undefined
  }
  const name = trimmed({ text: line.text.slice(0, cut), start: line.start, end: line.start + cut })
  if (name.text === '') return report.problem('a parameter needs a name', line)
  if (/@\s*\d+$/u.test(name.text)) {
    const help = 'write a sub-model instead: `{ A, B } @ 3`'
    return report.problem('a strength for a single parameter is not supported', name, help)
  }
  const fold = folding(caseSensitive)
  if (known.some((other) => fold(other.name) === fold(name.text)))
    return report.problem(`there is a parameter \`${name.text}\` already`, name)
  const rest: Piece = { text: line.text.slice(cut + 1), start: line.start + cut + 1, end: line.end }
  if (rest.text.trim() === '') return report.problem(`\`${name.text}\` has no values`, name)
  const values = split(rest, separators.values).flatMap((piece) => readValues(piece, known, scope))
  warnOfDoubles(values, name, scope)
  return withPlainNumbers(typed(name.text, values))
}

/** JSON rows of a model without JSON types hold numbers where that loses nothing. */
function withPlainNumbers(parameter: Parameter): Parameter {
  const values = parameter.values.map((value): ModelValue =>
    String(value.number) === value.text ? { ...value, json: value.number } : value,
  )
  return { ...parameter, values }
}

/** A parameter of these values; it is numeric when every value is a number. */
export function typed(name: string, values: readonly ModelValue[]): Parameter {
  const numbers = values.map(({ text }) => numberOf(text))
  if (numbers.includes(undefined)) return { name, values, numeric: false }
  return { name, values: values.map((value, index) => ({ ...value, number: numbers[index] })), numeric: true }
}

function readValues(piece: Piece, known: readonly Parameter[], scope: ParameterScope): readonly ModelValue[] {
  const reference = /^<(.+)>$/u.exec(piece.text)?.[1]?.trim()
  if (reference === undefined) return [readValue(piece, scope)]
  const fold = folding(scope.caseSensitive)
  const copied = known.find(({ name }) => fold(name) === fold(reference))
  if (copied !== undefined)
    return copied.values.map(({ text, aliases, negative, weight }) => ({ text, aliases, negative, weight }))
  const message = `there is no parameter \`${reference}\` above to copy values from; this is taken as a value`
  const names = known.map(({ name }) => name)
  scope.report.warning(message, piece, didYouMean(reference, names))
  return [readValue(piece, scope)]
}

function readValue(piece: Piece, { separators, report }: ParameterScope): ModelValue {
  const weighted = /^(.*)\(\s*(\d+)\s*\)$/su.exec(piece.text)
  const weight = Number(weighted?.[2] ?? 1)
  const names = (weight > 0 ? (weighted?.[1] ?? piece.text) : piece.text).split(separators.aliases)
  const [first = '', ...aliases] = names.map((name) => name.trim())
  const negative = first.startsWith(separators.negative)
  const text = negative ? first.slice(separators.negative.length).trim() : first
  if (text === '') report.warning('a value is empty', piece, 'remove the comma, unless an empty value is meant')
  return { text, aliases, negative, weight: Math.max(1, weight) }
}

function warnOfDoubles(values: readonly ModelValue[], name: Piece, { caseSensitive, report }: ParameterScope): void {
  const fold = folding(caseSensitive)
  const names = values.flatMap(({ text, aliases }) => [text, ...aliases])
  const seen = new Set<string>()
  for (const each of names) {
    if (seen.has(fold(each))) report.warning(`\`${name.text}\` has the value \`${each}\` twice`, name)
    seen.add(fold(each))
  }
}

/** The pieces of a text between separators, without the space around them. */
export function split(piece: Piece, separator: string): Piece[] {
  const pieces: Piece[] = []
  let at = piece.start
  for (const text of piece.text.split(separator)) {
    pieces.push(trimmed({ text, start: at, end: at + text.length }))
    at += text.length + separator.length
  }
  return pieces
}

/** A piece without the space around it. */
export function trimmed({ text, start }: Piece): Piece {
  const inner = text.trim()
  const from = start + (text.length - text.trimStart().length)
  return { text: inner, start: from, end: from + inner.length }
}
