import type { GateResult, Interval, PairComparison } from '../domain/comparison.ts'
import { isShare, type ComparedMetric } from './compare-metrics.ts'
import { analysePair, drawnInterval, pairCases } from './compare-pair.ts'
import { trialValues } from './compare-summary.ts'
import { clusterUp, type WorkflowTable } from './compare-table.ts'
import { chanceText, figureText } from './compare-text.ts'
import type { GateGround } from './gate-ground.ts'
import { figureName, shareOf, type Gate, type GateFigure, type GateSide } from './gate-parse.ts'
import { bootstrapQuantile, type Drawing } from './stats-bootstrap.ts'
import { clusteredMean } from './stats-mean.ts'

/** A gate that sets two variants of one workflow side by side. */
export interface PairedGate {
  readonly table: WorkflowTable
  readonly metric: ComparedMetric
  readonly left: GateSide
  readonly right: GateSide
  readonly operator: Gate['operator']
  /** Figures of the left and of the right side. */
  readonly first: GateFigure
  readonly second: GateFigure
}

type Judged = Pick<GateResult, 'passed' | 'reason'>

/**
 * Two variants against each other. `>` and `<` alone ask whether one is better with certainty: adjusted p-value and
 * interval both have to say so. Otherwise a bound of the difference has to keep to the number: not inferior by more than the
 * margin, which is that of the plan where shares are compared with `>=` and no number.
 */
export function comparePaired(gate: PairedGate, ground: GateGround): Judged {
  const { left, right, operator, first } = gate
  const isStrict = operator === '>' || operator === '<'
  const isPlain = left.factor === 1 && right.factor === 1 && first.statistic === undefined
  if (isStrict && isPlain && left.offset === right.offset) return superior(gate, ground)
  const level = isStrict ? 1 - ground.alpha / Math.max(1, familySize(ground)) : 1 - ground.alpha
  const isRatio = first.statistic === undefined && gate.metric.kind === 'latency' && !left.hasOffset && !right.hasOffset
  const measured = isRatio ? ratioOf(gate, ground, level) : undefined
  return bounded(gate, measured ?? differenceOf(gate, ground, level))
}

interface Measured {
  /** What is measured, in words: `B - A`. */
  readonly name: string
  readonly value: number
  readonly interval: Interval | undefined
  /** What it has to keep to. */
  readonly limit: number
}

function bounded({ operator, metric }: PairedGate, measured: Measured | undefined): Judged {
  if (measured === undefined) return { passed: false, reason: `no case has a value of ${metric.name} for both` }
  const { name, value, interval, limit } = measured
  const start = `${name} = ${figureText(value)}`
  if (interval === undefined || !Number.isFinite(interval.low + interval.high)) {
    return { passed: false, reason: `${start}, but there are too few cases for an interval: nothing proves it` }
  }
  const isAbove = operator === '>=' || operator === '>'
  const bound = isAbove ? interval.low : interval.high
  const isStrict = operator === '>' || operator === '<'
  const distance = isAbove ? bound - limit : limit - bound
  const passed = isStrict ? distance > 0 : distance >= 0
  const side = distance === 0 ? 'is exactly' : distance > 0 === isAbove ? 'is above' : 'is below'
  const level = `${Number((interval.level * 100).toFixed(2))} % interval`
  const end = `${isAbove ? 'lower' : 'upper'} bound ${figureText(bound)} ${side} ${figureText(limit)} (${level})`
  return { passed, reason: `${start}, ${end}` }
}

/** Number of comparisons that p-values are adjusted over. */
function familySize({ pairs }: GateGround): number {
  return pairs.filter(({ p }) => p !== undefined).length
}

function casesOf({ table, metric, first, second }: PairedGate) {
  return pairCases(table, { baseline: second.variant, variant: first.variant, metric })
}

function drawingOf({ table, metric, first, second }: PairedGate, { drawing }: GateGround): Drawing {
  return drawing(`${table.workflowId} ${second.variant} ${first.variant} ${metric.name}`)
}

/** Ratio of the left figure to the right one, case by case; undefined where a value is not above 0. */
function ratioOf(gate: PairedGate, ground: GateGround, level: number): Measured | undefined {
  const { left, right, metric, first, second } = gate
  const analysis = analysePair(casesOf(gate), metric, drawingOf(gate, ground))
  if (analysis?.ratio === undefined) return undefined
  return {
    name: `${figureName(first)} / ${figureName(second)}`,
    value: analysis.ratio,
    interval: analysis.ratioInterval?.(level),
    limit: right.factor / left.factor,
  }
}

function differenceOf(gate: PairedGate, ground: GateGround, level: number): Measured | undefined {
  const { left, right, first, second } = gate
  const limit = right.offset - left.offset + implied(gate, ground)
  const term = (figure: GateFigure, factor: number): string =>
    factor === 1 ? figureName(figure) : `${figureText(factor)} * ${figureName(figure)}`
  const name = `${term(first, left.factor)} - ${term(second, right.factor)}`
  const { statistic } = first
  if (statistic !== undefined && statistic !== 'mean') {
    const found = quantileDifference(gate, ground, shareOf(statistic))
    return found && { name, limit, value: found.estimate, interval: found.interval(level) }
  }
  const cases = casesOf(gate)
  if (isShare(gate.metric) && left.factor === 1 && right.factor === 1) {
    const analysis = analysePair(cases, gate.metric, drawingOf(gate, ground))
    return analysis && { name, limit, value: analysis.difference, interval: analysis.interval(level) }
  }
  if (cases.clusters.length === 0) return undefined
  const differences = cases.variant.map(
    (value, index) => left.factor * value - right.factor * (cases.baseline[index] as number),
  )
  const clustered = clusterUp(differences, cases.clusters)
  const mean = clusteredMean(clustered)
  return { name, limit, value: mean.mean, interval: drawnInterval(clustered, mean, drawingOf(gate, ground))(level) }
}

/** The margin of the plan, for shares that are compared with `>=` or `<=` and no number. */
function implied({ metric, left, right, operator }: PairedGate, { margin }: GateGround): number {
  const isNamed = left.hasOffset || right.hasOffset || left.factor !== 1 || right.factor !== 1
  if (isNamed || !isShare(metric)) return 0
  if (operator === '>=') return -margin
  return operator === '<=' ? margin : 0
}

function quantileDifference(gate: PairedGate, ground: GateGround, share: number) {
  const { table, metric, left, right, first, second } = gate
  const [one, other] = [first, second].map(({ variant }) => {
    const own = table.variants.get(variant)
    return own === undefined ? undefined : trialValues(metric.key, { variant: own, workflow: table })
  })
  if (one === undefined || other === undefined || one.values.length === 0 || other.values.length === 0) return undefined
  // Both series draw the same clusters, so they need the same numbers.
  const numbers = new Map([...new Set([...one.owners, ...other.owners])].map((owner, index) => [owner, index]))
  const renumbered = (owners: Int32Array): Int32Array => owners.map((owner) => numbers.get(owner) ?? 0)
  const series = [
    { values: one.values, clusters: renumbered(one.owners), factor: left.factor },
    { values: other.values, clusters: renumbered(other.owners), factor: -right.factor },
  ]
  return bootstrapQuantile({ series, share }, drawingOf(gate, ground))
}

/** Whether the left variant lies above (or below) the right one with certainty. */
function superior(gate: PairedGate, ground: GateGround): Judged {
  const { metric, first, second, operator } = gate
  const found = knownPair(gate, ground) ?? freshPair(gate, ground)
  if (found === undefined) return { passed: false, reason: `no case has a value of ${metric.name} for both` }
  const sign = operator === '>' ? 1 : -1
  const ends = [sign * (found.low ?? Number.NaN), sign * (found.high ?? Number.NaN)]
  const isClear = Math.min(...ends) > 0
  const passed = found.adjustedP < ground.alpha && isClear
  const interval = Number.isFinite(found.low) ? `, interval ${figureText(found.low)} to ${figureText(found.high)}` : ''
  const end = passed ? '' : ': nothing proves it'
  const name = `${figureName(first)} - ${figureName(second)} = ${figureText(found.difference)}`
  return { passed, reason: `${name}${interval}, adjusted p ${chanceText(found.adjustedP)}${end}` }
}

interface Superiority {
  readonly difference: number
  readonly adjustedP: number
  readonly low: number
  readonly high: number
}

/** The comparison of the report, turned round where the gate has the baseline on the left. */
function knownPair({ table, metric, first, second }: PairedGate, { pairs }: GateGround): Superiority | undefined {
  const joins = (pair: PairComparison, baseline: GateFigure, variant: GateFigure): boolean =>
    pair.workflowId === table.workflowId &&
    pair.metric === metric.name &&
    pair.baseline === baseline.variant &&
    pair.variant === variant.variant
  const pair = pairs.find((each) => joins(each, second, first) || joins(each, first, second))
  if (pair?.difference === undefined || pair.adjustedP === undefined) return undefined
  const turn = pair.variant === first.variant ? 1 : -1
  const { low = Number.NaN, high = Number.NaN } = pair.interval ?? {}
  const ends = [turn * low, turn * high] as const
  return {
    difference: turn * pair.difference,
    adjustedP: pair.adjustedP,
    low: Math.min(...ends),
    high: Math.max(...ends),
  }
}

/** Two variants that the report does not compare, adjusted as if they were one comparison more. */
function freshPair(gate: PairedGate, ground: GateGround): Superiority | undefined {
  const analysis = analysePair(casesOf(gate), gate.metric, drawingOf(gate, ground))
  if (analysis === undefined) return undefined
  const family = familySize(ground) + 1
  const { low, high } = analysis.interval(1 - ground.alpha / family)
  return { difference: analysis.difference, adjustedP: Math.min(1, analysis.p * family), low, high }
}
