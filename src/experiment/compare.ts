import type { Comparison, Metric, Observation, PairComparison } from '../domain/comparison.ts'
import type { Evaluation } from '../domain/experiment.ts'
import { sha256 } from '../lib/hash.ts'
import { createRandom } from '../lib/random.ts'
import { findingsOf } from './compare-findings.ts'
import { isShare, metricsCompared, metricsNamed, namedPreference, type ComparedMetric } from './compare-metrics.ts'
import { analysePair, pairCases, type Pairing } from './compare-pair.ts'
import { summarise } from './compare-summary.ts'
import { tabulate, type WorkflowTable } from './compare-table.ts'
import { closePair, type OpenPair } from './compare-verdict.ts'
import { winnerOf } from './compare-winner.ts'
import { evaluateGate } from './gate.ts'
import { parseGate } from './gate-parse.ts'
import { reliabilityOf } from './reliability.ts'
import { holm, holmLevels } from './stats-adjust.ts'
import type { Drawing } from './stats-bootstrap.ts'
import { findSuspects, type Localise } from './suspects.ts'

/** What variants are compared by. */
export interface CompareOptions {
  readonly evaluation: Evaluation
  readonly gates: readonly string[]
  /** Variants in the order of the plan; the first is the baseline unless the evaluation names one. */
  readonly variants: readonly string[]
  readonly seed: number
  /** Finds failing combinations of parameters; none are looked for without it. */
  readonly localise?: Localise | undefined
}

/** Draws of one comparison, the same for the same seed and name, whatever else is compared. */
type DrawingByName = (name: string) => Drawing

/**
 * Compares the variants of each workflow with its baseline, case by case. Repeats are averaged first, so that a case counts
 * once. All p-values, over workflows, variants and metrics, are adjusted together (Holm), and each interval is made at the
 * level that its p-value was held against. Throws `usage_invalid` for a gate that cannot be read.
 */
export function compareVariants(observations: readonly Observation[], options: CompareOptions): Comparison {
  const { evaluation, variants, seed } = options
  const gates = options.gates.map(parseGate)
  const baseline = evaluation.baseline ?? variants[0] ?? ''
  const compared = metricsCompared(observations, evaluation)
  const metrics = withOthers(observations, compared, evaluation.primary)
  const tables = tabulate(observations, variants)
  const drawing = drawingFrom(seed, evaluation.draws)
  const pairs = comparePairs(tables, { baseline, metrics: compared, evaluation, drawing })
  const summaries = tables.flatMap((table) =>
    [...table.variants.values()].map((variant) => {
      const named = drawing(`${table.workflowId} ${variant.variantId}`)
      return summarise(variant, table, { metrics, level: 1 - evaluation.alpha, drawing: named })
    }),
  )
  const { alpha, margin, power } = evaluation
  const ground = { tables, summaries, pairs, metrics, variants, alpha, margin, drawing }
  const comparison = {
    metrics: metrics.map(asMetric),
    baseline,
    alpha,
    summaries,
    pairs,
    gates: gates.map((gate) => evaluateGate(gate, ground)),
    suspects: options.localise === undefined ? [] : findSuspects(observations, options.localise),
    reliability: reliabilityOf(observations),
    winners: winners(tables, { pairs, metrics: compared, evaluation, drawing }),
  }
  return { ...comparison, findings: findingsOf({ comparison, metrics, observations, margin, power }) }
}

function drawingFrom(seed: number, draws: number): DrawingByName {
  return (name) => ({ draws, random: createRandom(Number.parseInt(sha256(`${seed} ${name}`).slice(0, 13), 16)) })
}

/** The metrics compared, and behind them all others that any trial has a value of. */
function withOthers(
  observations: readonly Observation[],
  compared: readonly ComparedMetric[],
  primary: string,
): ComparedMetric[] {
  const keys = new Set(observations.flatMap(({ values }) => Object.keys(values)))
  const others = [...keys].filter((key) => !compared.some((metric) => metric.key === key)).sort()
  return [...compared, ...metricsNamed(observations, others, primary)]
}

function asMetric({ name, kind, better, primary, unit }: ComparedMetric): Metric {
  return { name, kind, better, primary, unit }
}

interface Comparing {
  readonly metrics: readonly ComparedMetric[]
  readonly evaluation: Evaluation
  readonly drawing: DrawingByName
}

function comparePairs(
  tables: readonly WorkflowTable[],
  { baseline: usual, metrics, evaluation, drawing }: Comparing & { readonly baseline: string },
): PairComparison[] {
  const open = tables.flatMap((table) => {
    const baseline = baselineOf(table, usual, tables)
    if (baseline === undefined) return []
    const rivals = [...table.variants.keys()].filter((variant) => variant !== baseline)
    return rivals.flatMap((variant) =>
      metrics
        .filter((metric) => isOf(variant, metric))
        .map((metric) => openPair(table, { baseline, variant, metric }, drawing)),
    )
  })
  const tested = open.flatMap(({ analysis }) => analysis?.p ?? [])
  const [adjusted, levels] = [holm(tested), holmLevels(tested, evaluation.alpha)]
  let position = 0
  return open.map((pair) => {
    const index = pair.analysis === undefined ? -1 : position++
    const margin = pair.pairing.metric.primary ? evaluation.margin : undefined
    const bar = { level: levels[index] ?? evaluation.alpha, power: evaluation.power, margin }
    return closePair(pair, adjusted[index] ?? 1, bar)
  })
}

/** A workflow that has other variants than the rest has a baseline of its own: the first of them. */
function baselineOf(table: WorkflowTable, usual: string, tables: readonly WorkflowTable[]): string | undefined {
  if (table.variants.has(usual)) return usual
  return tables.some(({ variants }) => variants.has(usual)) ? table.variants.keys().next().value : undefined
}

/** A preference that names a variant is about that one alone. */
function isOf(variant: string, { key }: ComparedMetric): boolean {
  return !key.startsWith(namedPreference) || key === `${namedPreference}${variant}`
}

function openPair(table: WorkflowTable, pairing: Pairing, drawing: DrawingByName): OpenPair {
  const { baseline, variant, metric } = pairing
  const name = `${table.workflowId} ${baseline} ${variant} ${metric.name}`
  const analysis = analysePair(pairCases(table, pairing), metric, drawing(name))
  const lacksTrials = [baseline, variant].some((id) =>
    table.variants.get(id)?.observations.some(({ missing }) => missing === 'infrastructure' || missing === 'judge'),
  )
  const strict =
    lacksTrials && isShare(metric)
      ? analysePair(pairCases(table, { ...pairing, missingAs: 0 }), metric, drawing(`${name}, strict`))
      : undefined
  return { workflowId: table.workflowId, pairing, analysis, strict }
}

/** Winners by workflow. A winner also has to be so in every comparison with the baseline, which are adjusted further. */
function winners(
  tables: readonly WorkflowTable[],
  { pairs, metrics, evaluation, drawing }: Comparing & { readonly pairs: readonly PairComparison[] },
): Record<string, string> {
  const metric = metrics.find(({ primary }) => primary)
  if (metric === undefined) return {}
  const { alpha } = evaluation
  const found = tables.flatMap((table): [string, string][] => {
    const winner = winnerOf(table, { metric, alpha, drawing })
    const own = pairs.filter(
      (pair) =>
        pair.workflowId === table.workflowId &&
        pair.metric === metric.name &&
        (pair.baseline === winner || pair.variant === winner),
    )
    const isConfirmed = own.every(({ baseline, verdict }) => verdict === (baseline === winner ? 'worse' : 'better'))
    return winner !== undefined && isConfirmed ? [[table.workflowId, winner]] : []
  })
  return Object.fromEntries(found)
}
