import { GreenloopError } from '../domain/errors.ts'
import { isAmount } from './compare-metrics.ts'
import { gateTokens, type Token } from './gate-tokens.ts'

/** Figures of a variant other than the usual one of its metric. */
const gateStatistics = ['mean', 'median', 'p50', 'p90', 'p95', 'p99'] as const

/** Share of the values below a quantile: 0.95 for `p95`. */
export function shareOf(statistic: Exclude<(typeof gateStatistics)[number], 'mean'>): number {
  return statistic === 'median' ? 0.5 : Number(statistic.slice(1)) / 100
}

/** A figure of one variant. Without a metric it is the primary one. */
export interface GateFigure {
  readonly variant: string
  readonly metric?: string | undefined
  readonly statistic?: (typeof gateStatistics)[number] | undefined
  /** An end of the interval in place of the figure itself. */
  readonly bound?: 'lower' | 'upper' | undefined
}

/** A figure as the gate has it: `B`, `latency.p95(B)`. */
export function figureName({ variant, metric, statistic, bound }: GateFigure): string {
  const name = `${metric ?? ''}${statistic === undefined ? '' : `.${statistic}`}`
  const inner = name === '' ? variant : `${name}(${variant})`
  return bound === undefined ? inner : `${bound}(${inner})`
}

/** `factor * figure + offset`. */
export interface GateSide {
  readonly figure?: GateFigure | undefined
  readonly factor: number
  readonly offset: number
  /** Whether a number was added, be it 0. */
  readonly hasOffset: boolean
}

/** A condition, taken apart. Without a workflow it is for all of them. */
export interface Gate {
  readonly text: string
  readonly workflow?: string | undefined
  readonly left: GateSide
  readonly operator: '>=' | '>' | '<=' | '<'
  readonly right: GateSide
}

const examples =
  'Examples: `B >= A - 0.02`, `B > A`, `pass_rate(B) >= 0.9`, `lower(pass_rate(B)) >= 0.85`, `latency.p95(B) <= 2000`, `cost(B) <= cost(A) * 1.1`, `support-bot: B >= A`. Names with other characters go in quotes; a minus stands between spaces.'

/** Takes a gate apart. Throws `usage_invalid` with the position of the first piece that does not fit. */
export function parseGate(text: string): Gate {
  const reader = readerOf(text)
  const workflow = reader.workflow()
  const left = sideOf(reader)
  const operator = reader.next()
  if (operator?.kind !== 'compare') return reader.fail(operator, 'one of >=, >, <= and <')
  const right = sideOf(reader)
  const rest = reader.next()
  if (rest !== undefined) return reader.fail(rest, 'the end')
  if (left.figure === undefined && right.figure === undefined) return reader.fail(undefined, 'a variant on either side')
  checkSides(text, left, right)
  return { text, workflow, left, operator: operator.text, right }
}

/** What an experiment has that a gate can name. */
interface GateNames {
  readonly variants: readonly string[]
  readonly workflows: readonly string[]
  /** The primary metric: the one meant where a gate names none. */
  readonly primary: string
}

/** Problems of a gate with what an experiment has: names that nobody goes by, and `B > A` where less is better. */
export function gateProblems(gate: Gate, known: GateNames): string[] {
  const problems: string[] = []
  const isBare = [gate.left, gate.right].some(({ figure }) => figure !== undefined && figure.metric === undefined)
  if (isBare && isAmount(known.primary)) {
    const { primary } = known
    problems.push(`less ${primary} is better, so a gate has to name it: ${primary}(B) <= ${primary}(A)`)
  }
  if (gate.workflow !== undefined && !known.workflows.includes(gate.workflow)) {
    problems.push(`no workflow is called ${gate.workflow}; there are ${known.workflows.join(', ')}`)
  }
  for (const { figure } of [gate.left, gate.right]) {
    if (figure === undefined || known.variants.includes(figure.variant)) continue
    const glued = /-\.?\d/u.test(figure.variant) ? '; put spaces around a minus' : ''
    problems.push(`no variant is called ${figure.variant}; there are ${known.variants.join(', ')}${glued}`)
  }
  return problems
}

function checkSides(text: string, left: GateSide, right: GateSide): void {
  if (left.figure === undefined || right.figure === undefined) return
  const [first, second] = [left.figure, right.figure]
  if (first.bound !== undefined || second.bound !== undefined) {
    throw invalid(
      text,
      '`lower` and `upper` go with a number on the other side: two variants are compared case by case',
    )
  }
  if (first.metric !== second.metric || first.statistic !== second.statistic) {
    throw invalid(text, 'both sides have to be the same figure')
  }
  if (first.variant === second.variant) throw invalid(text, 'both sides are the same variant')
  if (left.factor <= 0 || right.factor <= 0) throw invalid(text, 'factors have to be above 0')
}

function invalid(text: string, what: string): GreenloopError {
  return new GreenloopError('usage_invalid', `the gate \`${text}\` cannot be used: ${what}`, { help: examples })
}

interface Reader {
  peek(): Token | undefined
  next(): Token | undefined
  workflow(): string | undefined
  fail(token: Token | undefined, wanted: string): never
}

function readerOf(text: string): Reader {
  const tokens = gateTokens(text)
  let position = 0
  return {
    peek: () => tokens[position],
    next: () => tokens[position++],
    workflow: () => {
      const [name, colon] = tokens
      if (name?.kind !== 'name' || colon?.kind !== 'sign' || colon.text !== ':') return undefined
      position = 2
      return name.text
    },
    fail: (token, wanted) => {
      const place = token === undefined ? 'its end' : `character ${token.at} (\`${token.text}\`)`
      throw invalid(text, `${place} should be ${wanted}`)
    },
  }
}

function sideOf(reader: Reader): GateSide {
  let figure: GateFigure | undefined
  let factor = 1
  let offset = 0
  let hasOffset = false
  let sign = isSign(reader.peek(), '-') && reader.next() !== undefined ? -1 : 1
  for (;;) {
    const start = reader.peek()
    const term = termOf(reader)
    if (term.figure === undefined) {
      offset += sign * term.factor
      hasOffset = true
    } else {
      if (figure !== undefined) return reader.fail(start, 'a number: each side has one variant at most')
      figure = term.figure
      factor = sign * term.factor
    }
    const next = reader.peek()
    if (!isSign(next, '+') && !isSign(next, '-')) return { figure, factor, offset, hasOffset }
    sign = isSign(next, '-') ? -1 : 1
    reader.next()
  }
}

function termOf(reader: Reader): { readonly figure: GateFigure | undefined; readonly factor: number } {
  let figure: GateFigure | undefined
  let factor = 1
  for (;;) {
    const token = reader.next()
    if (token?.kind === 'number') factor *= token.value
    else if (token?.kind === 'name' && figure === undefined) figure = figureOf(reader, token)
    else return reader.fail(token, figure === undefined ? 'a variant, a metric or a number' : 'a number')
    if (!isSign(reader.peek(), '*')) return { figure, factor }
    reader.next()
  }
}

type Name = Extract<Token, { readonly kind: 'name' }>

function figureOf(reader: Reader, name: Name): GateFigure {
  if (!isSign(reader.peek(), '(')) return { variant: name.text }
  reader.next()
  const inner = reader.next()
  // A number in brackets is a variant whose name happens to be one.
  const named = inner?.kind === 'number' ? ({ ...inner, kind: 'name', isQuoted: true } as const) : inner
  if (named?.kind !== 'name') return reader.fail(inner, 'the name of a variant')
  const bound = name.isQuoted ? undefined : boundOf(name.text)
  const figure =
    bound !== undefined ? { ...figureOf(reader, named), bound } : { variant: named.text, ...metricOf(name) }
  const close = reader.next()
  if (!isSign(close, ')')) return reader.fail(close, 'a closing bracket')
  return figure
}

function boundOf(text: string): GateFigure['bound'] {
  return text === 'lower' || text === 'upper' ? text : undefined
}

function metricOf({ text, isQuoted }: Name): Pick<GateFigure, 'metric' | 'statistic'> {
  const dot = text.lastIndexOf('.')
  const statistic = gateStatistics.find((each) => each === text.slice(dot + 1))
  if (isQuoted || dot < 1 || statistic === undefined) return { metric: text }
  return { metric: text.slice(0, dot), statistic }
}

function isSign(token: Token | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text
}
