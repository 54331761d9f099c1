import type { Estimate, Interval, Observation, VariantSummary } from '../domain/comparison.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import { clusterUp, columnOf, type VariantTable, type WorkflowTable } from './compare-table.ts'
import { passAtK, passHatK } from './pass-at-k.ts'
import { bootstrapQuantile, type Drawing } from './stats-bootstrap.ts'
import { clusteredMean, meanInterval, quantile, type Clustered } from './stats-mean.ts'
import { wilson } from './stats-proportion.ts'

/** What summaries are made with. */
interface Summing {
  readonly metrics: readonly ComparedMetric[]
  /** Share of intervals that hold the truth. */
  readonly level: number
  readonly drawing: Drawing
}

/** What one variant of one workflow did, on its own. */
export function summarise(variant: VariantTable, workflow: WorkflowTable, summing: Summing): VariantSummary {
  const { observations } = variant
  const missing: Record<string, number> = {}
  for (const { missing: reason } of observations) {
    if (reason !== undefined) missing[reason] = (missing[reason] ?? 0) + 1
  }
  return {
    workflowId: workflow.workflowId,
    variantId: variant.variantId,
    trials: observations.length,
    scored: observations.filter((observation) => observation.missing === undefined).length,
    missing,
    estimates: summing.metrics.map((metric) => estimateOf(metric, { variant, workflow }, summing)),
    ...repeatsOf(observations),
  }
}

interface Place {
  readonly variant: VariantTable
  readonly workflow: WorkflowTable
}

function estimateOf(metric: ComparedMetric, { variant, workflow }: Place, { level, drawing }: Summing): Estimate {
  const { sums, counts } = columnOf(variant, workflow, { key: metric.key })
  const present = [...counts.keys()].filter((index) => (counts[index] as number) > 0)
  const trials = present.reduce((sum, index) => sum + (counts[index] as number), 0)
  const about = { metric: metric.name, cases: present.length, trials }
  if (trials === 0) return about
  const clustered = trialClusters({ sums, counts }, workflow.clusters)
  const mean = clusteredMean(clustered)
  if (metric.kind === 'binary') return { ...about, value: mean.mean, interval: rateInterval(clustered, level) }
  const interval = mean.clusters < 2 ? undefined : meanInterval(mean, level)
  if (metric.kind === 'score') return { ...about, value: mean.mean, interval: within(interval, 1) }
  const { values, clusters, sorted } = trialValues(metric.key, { variant, workflow })
  const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((share) => quantile(sorted, share)) as Quartet
  const quantiles = { p50, p90, p95, p99 }
  if (metric.kind !== 'latency') return { ...about, value: mean.mean, interval: within(interval), quantiles }
  const median =
    mean.clusters < 2
      ? undefined
      : bootstrapQuantile({ series: [{ values, clusters, factor: 1 }], share: 0.5 }, drawing)
  return { ...about, value: p50, interval: median?.interval(level), quantiles }
}

type Quartet = [number, number, number, number]

function within(interval: Interval | undefined, most = Number.POSITIVE_INFINITY): Interval | undefined {
  if (interval === undefined) return undefined
  return { ...interval, low: Math.max(0, interval.low), high: Math.min(most, interval.high) }
}

/** Values of single trials: in order, with the cluster of each, and with clusters numbered without gaps. */
export function trialValues(key: string, { variant, workflow }: Place) {
  const values: number[] = []
  const owners: number[] = []
  variant.observations.forEach(({ values: own }, index) => {
    const value = own[key]
    if (value === undefined) return
    values.push(value)
    owners.push(workflow.clusters[variant.cases[index] as number] as number)
  })
  const numbers = new Map([...new Set(owners)].map((owner, index) => [owner, index]))
  return {
    values: Float64Array.from(values),
    sorted: Float64Array.from(values).sort(),
    owners: Int32Array.from(owners),
    clusters: Int32Array.from(owners, (owner) => numbers.get(owner) as number),
  }
}

/** Trials put together by cluster. */
function trialClusters(
  { sums, counts }: { readonly sums: Float64Array; readonly counts: Float64Array },
  clusters: Int32Array,
): Clustered {
  const present = Array.from(counts, (count, index) => (count > 0 ? (sums[index] as number) : undefined))
  const sizes = Array.from(counts, (count) => (count > 0 ? count : undefined))
  return { sums: clusterUp(present, clusters).sums, sizes: clusterUp(sizes, clusters).sums }
}

/**
 * Wilson's interval with as many tries as the trials are worth: trials of the same cluster say less than independent ones
 * (Korn and Graubard 1998 cut the tries down in the same way).
 */
function rateInterval(clustered: Clustered, level: number): Interval {
  const { mean, standardError, clusters, values } = clusteredMean(clustered)
  if (clusters === values) return wilson({ hits: Math.round(mean * values), tries: values }, level)
  const variance = standardError ** 2 * (clusters / Math.max(1, clusters - 1))
  const worth = variance > 0 ? (mean * (1 - mean)) / variance : clusters
  const tries = Math.min(values, Math.max(1, worth))
  return { ...wilson({ hits: mean * tries, tries }, level), method: 'wilson, clustered' }
}

/**
 * How reliable repeats are: pass@k and pass^k for a case with c passes in n trials, averaged over the cases with at least k
 * trials; and the share of cases that both passed and failed.
 */
function repeatsOf(observations: readonly Observation[]): Pick<VariantSummary, 'passAt' | 'flaky'> {
  const scored = observations.filter(({ values }) => values['pass_rate'] !== undefined)
  const cases = [...Map.groupBy(scored, ({ caseId }) => caseId).values()].map((trials) => ({
    n: trials.length,
    c: trials.filter(({ values }) => values['pass_rate'] === 1).length,
  }))
  const most = cases.reduce((largest, { n }) => Math.max(largest, n), 0)
  const passAt = Array.from({ length: most }, (_, index) => {
    const k = index + 1
    const able = cases.filter(({ n }) => n >= k)
    const average = (of: (counts: { n: number; c: number }) => number): number =>
      able.reduce((sum, counts) => sum + of(counts), 0) / able.length
    return {
      k,
      passAtK: average(({ n, c }) => passAtK(n, c, k) ?? 0),
      passHatK: average(({ n, c }) => passHatK(n, c, k) ?? 0),
    }
  })
  const flaky = cases.filter(({ n, c }) => c > 0 && c < n).length
  return { passAt, flaky: cases.length === 0 ? 0 : flaky / cases.length }
}
