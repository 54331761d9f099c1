import type { Span } from '../lib/positions.ts'
import type { Constraint, Expression, Relation, Term } from './model.ts'
import {
  checkConstant,
  resolveParameter,
  signOfAll,
  warnOfConstantTerm,
  warnOfUnknown,
  type PlacedConstant,
  type TermScope,
} from './pict-terms.ts'
import { tokenize, type Keyword, type Token } from './pict-tokens.ts'

/** What constraints are read from. */
export interface ConstraintSource extends TermScope {
  readonly text: string
  /** Offset of the first constraint. */
  readonly from: number
  /** Whether the last constraint may do without its semicolon. */
  readonly openEnd: boolean
}

type ParameterToken = Extract<Token, { kind: 'parameter' }>

/** Parentheses and NOTs inside each other, at most. */
const deepest = 200
/** Stands where a condition could not be read; the problem is on record. */
const nothing: Expression = { kind: 'and', parts: [] }

/** Ends the reading of one constraint; its problem is on record. */
class Unreadable extends Error {}

/** Reads constraints of the PICT language. Problems are reported; what has one is left out, and reading goes on behind it. */
export function readConstraints(source: ConstraintSource): Constraint[] {
  const cursor = new Cursor(source, tokenize(source.text, source.from))
  const constraints: Constraint[] = []
  while (cursor.peek().kind !== 'end') {
    try {
      constraints.push(readConstraint(cursor))
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      cursor.skipConstraint()
    }
  }
  return constraints
}

function readConstraint(cursor: Cursor): Constraint {
  const first = cursor.at
  const when = cursor.takeKeyword('IF') ? readOr(cursor, 0) : undefined
  if (when !== undefined && !cursor.takeKeyword('THEN')) cursor.expected('THEN')
  const must = readOr(cursor, 0)
  const otherwise = when !== undefined && cursor.takeKeyword('ELSE') ? readOr(cursor, 0) : undefined
  const { text, span } = cursor.since(first)
  cursor.endConstraint()
  const place = cursor.source.report.placeOf(span)
  return { when, must, otherwise, text, place }
}

function readOr(cursor: Cursor, depth: number): Expression {
  return readJoined(cursor, 'OR', () => readJoined(cursor, 'AND', () => readFactor(cursor, depth)))
}

function readJoined(cursor: Cursor, word: 'AND' | 'OR', readPart: () => Expression): Expression {
  const first = readPart()
  const parts = [first]
  while (cursor.takeKeyword(word)) parts.push(readPart())
  return parts.length === 1 ? first : { kind: word === 'AND' ? 'and' : 'or', parts }
}

function readFactor(cursor: Cursor, depth: number): Expression {
  const token = cursor.peek()
  if (depth > deepest) cursor.fail('conditions are nested too deeply here', token)
  if (cursor.takeKeyword('NOT')) return { kind: 'not', part: readFactor(cursor, depth + 1) }
  if (cursor.takeSign('(')) {
    const inner = readOr(cursor, depth + 1)
    if (!cursor.takeSign(')')) cursor.expected('`)`')
    return inner
  }
  if (token.kind === 'function') return readSign(cursor, token)
  if (token.kind !== 'parameter') return cursor.expected('a condition such as [Parameter] = "value"')
  cursor.take()
  return readTerm(cursor, token)
}

function readSign(cursor: Cursor, token: Extract<Token, { kind: 'function' }>): Expression {
  cursor.take()
  const { negative, text } = token
  if (text === '') return signOfAll(negative, cursor.source.parameters)
  const parameter = resolveParameter(text, token, cursor.source)
  return parameter === undefined ? nothing : { kind: 'sign', parameter, negative }
}

function readTerm(cursor: Cursor, name: ParameterToken): Expression {
  const { source } = cursor
  const parameter = resolveParameter(name.text, name, source)
  const negated = cursor.takeKeyword('NOT')
  const start = name.start
  if (cursor.takeKeyword('IN')) return readIn(cursor, { parameter, negated, start })
  if (cursor.takeKeyword('LIKE')) return readLike(cursor, { parameter, negated, start })
  const token = cursor.peek()
  if (negated || token.kind !== 'relation')
    return cursor.expected(negated ? 'IN or LIKE' : 'a relation: = <> < <= > >= IN LIKE')
  cursor.take()
  const right = cursor.peek()
  if (right.kind === 'parameter') return readComparison(cursor, { parameter, relation: token.sign, start })
  const constant = readConstant(cursor)
  const owner = source.parameters[parameter ?? -1]
  if (parameter === undefined || owner === undefined || !checkConstant(owner, constant, source)) return nothing
  const term: Term = { kind: 'compare', parameter, relation: token.sign, value: constant.value }
  const asksExactly = token.sign === '=' || token.sign === '<>'
  if (!asksExactly || warnOfUnknown(owner, [constant], source)) warnOfConstantTerm(term, cursor.from(start), source)
  return term
}

interface Left {
  readonly parameter: number | undefined
  readonly start: number
}

function readComparison(cursor: Cursor, left: Left & { relation: Relation }): Expression {
  const { source } = cursor
  const name = cursor.take()
  const other = name.kind === 'parameter' ? resolveParameter(name.text, name, source) : undefined
  const a = source.parameters[left.parameter ?? -1]
  const b = source.parameters[other ?? -1]
  if (left.parameter === undefined || other === undefined || a === undefined || b === undefined) return nothing
  const span = cursor.from(left.start)
  if (a.numeric !== b.numeric) {
    const help = `\`${(a.numeric ? a : b).name}\` has numbers for values, \`${(a.numeric ? b : a).name}\` has texts`
    source.report.problem('a number cannot be compared with a text', span, help)
    return nothing
  }
  if (a === b) source.report.warning(`\`${a.name}\` is compared with itself`, span)
  const term: Term = { kind: 'other', parameter: left.parameter, relation: left.relation, other }
  warnOfConstantTerm(term, span, source)
  return term
}

function readIn(cursor: Cursor, { parameter, negated, start }: Left & { negated: boolean }): Expression {
  const { source } = cursor
  if (!cursor.takeSign('{')) cursor.expected('`{` and a list of values')
  const constants: PlacedConstant[] = []
  do constants.push(readConstant(cursor))
  while (cursor.takeSign(','))
  if (!cursor.takeSign('}')) cursor.expected('`,` or `}`')
  const owner = source.parameters[parameter ?? -1]
  if (parameter === undefined || owner === undefined) return nothing
  if (constants.filter((constant) => !checkConstant(owner, constant, source)).length > 0) return nothing
  const term: Term = { kind: 'in', parameter, negated, values: constants.map(({ value }) => value) }
  if (warnOfUnknown(owner, constants, source)) warnOfConstantTerm(term, cursor.from(start), source)
  return term
}

function readLike(cursor: Cursor, { parameter, negated, start }: Left & { negated: boolean }): Expression {
  const { source } = cursor
  const { value, ...span } = readConstant(cursor)
  const owner = source.parameters[parameter ?? -1]
  if (parameter === undefined || owner === undefined) return nothing
  if (owner.numeric || typeof value !== 'string') {
    const help = owner.numeric ? `\`${owner.name}\` has numbers for values; use = <> < <= > >= or IN` : undefined
    source.report.problem('LIKE compares texts with a pattern in quotes', span, help)
    return nothing
  }
  const term: Term = { kind: 'like', parameter, pattern: value, negated }
  warnOfConstantTerm(term, cursor.from(start), source)
  return term
}

function readConstant(cursor: Cursor): PlacedConstant {
  const token = cursor.peek()
  if (token.kind !== 'text' && token.kind !== 'number') return cursor.expected('a number or a text in quotes')
  cursor.take()
  return { value: token.kind === 'text' ? token.text : token.number, start: token.start, end: token.end }
}

/** The tokens of the constraints with the place that was reached. */
class Cursor {
  readonly source: ConstraintSource
  readonly #tokens: readonly Token[]
  at = 0

  constructor(source: ConstraintSource, tokens: readonly Token[]) {
    this.source = source
    this.#tokens = tokens
  }

  peek(): Token {
    const last = this.source.text.length
    return this.#tokens[this.at] ?? { kind: 'end', start: last, end: last }
  }

  take(): Token {
    const token = this.peek()
    this.at++
    return token
  }

  takeKeyword(word: Keyword): boolean {
    const token = this.peek()
    const isIt = token.kind === 'keyword' && token.word === word
    if (isIt) this.at++
    return isIt
  }

  takeSign(sign: '(' | ')' | '{' | '}' | ',' | ';'): boolean {
    const token = this.peek()
    const isIt = token.kind === 'sign' && token.sign === sign
    if (isIt) this.at++
    return isIt
  }

  /** From an offset up to the end of the last token taken. */
  from(start: number): Span {
    return { start, end: this.#tokens[this.at - 1]?.end ?? start }
  }

  /** What was read since a token, on one line and without comments. */
  since(first: number): { readonly text: string; readonly span: Span } {
    const taken = this.#tokens.slice(first, this.at)
    const parts = taken.map(({ start, end }, index) => {
      const gap = index > 0 && taken[index - 1]?.end !== start
      return `${gap ? ' ' : ''}${this.source.text.slice(start, end)}`
    })
    return { text: parts.join(''), span: this.from(taken[0]?.start ?? 0) }
  }

  fail(message: string, span: Span, help?: string): never {
    this.source.report.problem(message, span, help)
    throw new Unreadable()
  }

  expected(what: string): never {
    const token = this.peek()
    if (token.kind === 'bad') return this.fail(token.message, token, token.help)
    if (token.kind !== 'end') return this.fail(`${what} should stand here`, token)
    const end = this.#tokens[this.at - 1]?.end ?? token.start
    return this.fail(`${what} is missing at the end of this constraint`, { start: Math.max(0, end - 1), end })
  }

  endConstraint(): void {
    const token = this.peek()
    if (this.takeSign(';') || (token.kind === 'end' && this.source.openEnd)) return
    const last = this.#tokens[this.at - 1]
    const between = this.source.text.slice(last?.end, token.start)
    // The next constraint seems to begin: only the semicolon was forgotten.
    const isForgotten = token.kind === 'end' || (between.includes('\n') && startsConstraint(token))
    if (!isForgotten) this.expected('AND, OR or `;`')
    const span = { start: (last?.end ?? 1) - 1, end: last?.end ?? 1 }
    this.source.report.problem('a semicolon is missing at the end of this constraint', span)
  }

  /** Goes on behind the next semicolon, or where a line begins a new constraint. */
  skipConstraint(): void {
    for (;;) {
      const token = this.take()
      const next = this.peek()
      if (token.kind === 'end' || (token.kind === 'sign' && token.sign === ';')) return
      const between = this.source.text.slice(token.end, next.start)
      if (between.includes('\n') && next.kind === 'keyword' && next.word === 'IF') return
    }
  }
}

function startsConstraint(token: Token): boolean {
  return token.kind === 'parameter' || (token.kind === 'keyword' && token.word === 'IF')
}
