import type { Interval, PairComparison } from '../domain/comparison.ts'
import { isShare, type ComparedMetric } from './compare-metrics.ts'
import { clusterUp, columnOf, type WorkflowTable } from './compare-table.ts'
import { mcNemar } from './stats-binomial.ts'
import { bootstrapMean, type Bootstrap, type Drawing } from './stats-bootstrap.ts'
import { clusteredMean, meanInterval, type Clustered, type Mean } from './stats-mean.ts'
import { normalCdf } from './stats-normal.ts'
import { newcombe, unseenShare } from './stats-proportion.ts'
import { signFlip } from './stats-sign-flip.ts'
import { studentQuantile } from './stats-student.ts'

/** Clusters below which the bootstrap is too narrow, and Student's t is used. */
const fewestDrawn = 20

/** Values of two variants for the cases that both have, repeats averaged. */
export interface PairedCases {
  readonly baseline: Float64Array
  readonly variant: Float64Array
  /** Cluster by case. */
  readonly clusters: Int32Array
  /** Whether every value is that of a single trial, and every case a cluster of its own. */
  readonly isSingle: boolean
}

/** Which two variants are set side by side, and by what. */
export interface Pairing {
  readonly baseline: string
  readonly variant: string
  readonly metric: ComparedMetric
  readonly missingAs?: number | undefined
}

/** Values of two variants for the cases that both have; nothing where one of the variants has no trials. */
export function pairCases(workflow: WorkflowTable, { baseline, variant, metric, missingAs }: Pairing): PairedCases {
  const reading = { key: metric.key, missingAs }
  const [first, second] = [baseline, variant].map((id) => {
    const table = workflow.variants.get(id) ?? { variantId: id, observations: [], cases: new Int32Array() }
    return columnOf(table, workflow, reading)
  }) as [ReturnType<typeof columnOf>, ReturnType<typeof columnOf>]
  const common = [...first.counts.keys()].filter(
    (index) => (first.counts[index] as number) > 0 && (second.counts[index] as number) > 0,
  )
  const means = ({ sums, counts }: typeof first): Float64Array =>
    Float64Array.from(common, (index) => (sums[index] as number) / (counts[index] as number))
  const clusters = Int32Array.from(common, (index) => workflow.clusters[index] as number)
  const isAlone = new Set(clusters).size === common.length
  const isOnce = common.every((index) => first.counts[index] === 1 && second.counts[index] === 1)
  return { baseline: means(first), variant: means(second), clusters, isSingle: isAlone && isOnce }
}

/** What two variants differ by. Intervals are made when they are asked for. */
export interface PairAnalysis {
  readonly cases: number
  readonly clusters: number
  readonly difference: number
  /** Geometric mean of the ratios of single cases; for amounts that are all above 0. */
  readonly ratio: number | undefined
  readonly test: string
  readonly p: number
  readonly discordant: PairComparison['discordant']
  /** Whether every case came out the same. */
  readonly isIdentical: boolean
  /** Variance of the difference of a case, clusters allowed for. */
  readonly variance: number
  /** Draws of the bootstrap; undefined where none is made. */
  readonly draws: number | undefined
  /** Interval of the difference. */
  readonly interval: (level: number) => Interval
  readonly ratioInterval: ((level: number) => Interval) | undefined
}

/**
 * Sets two variants side by side. Passes of single trials are tested with McNemar's exact test and get Newcombe's interval;
 * shares otherwise, the sign-flip test and the bootstrap over clusters; amounts the same by the logarithm of their ratio,
 * with a t interval for the plain difference. Undefined without cases in common.
 */
export function analysePair(cases: PairedCases, metric: ComparedMetric, drawing: Drawing): PairAnalysis | undefined {
  if (cases.clusters.length === 0) return undefined
  const differences = cases.variant.map((value, index) => value - (cases.baseline[index] as number))
  const clustered = clusterUp(differences, cases.clusters)
  const mean = clusteredMean(clustered)
  const shared = {
    cases: differences.length,
    clusters: mean.clusters,
    difference: mean.mean,
    isIdentical: differences.every((value) => value === 0),
    variance: mean.standardError ** 2 * mean.values * smallSample(mean),
  }
  if (metric.kind === 'binary' && cases.isSingle) return { ...shared, ...passes(cases) }
  const isDrawn = mean.clusters >= fewestDrawn
  const draws = isDrawn ? drawing.draws : undefined
  if (isShare(metric)) {
    const flips = signFlip(clustered.sums, drawing)
    const interval = shareInterval(clustered, mean, drawing)
    const test = flips.method
    return {
      ...shared,
      ratio: undefined,
      test,
      p: flips.p,
      discordant: undefined,
      draws,
      interval,
      ratioInterval: undefined,
    }
  }
  return { ...shared, draws, ...amounts(cases, { clustered, mean }, drawing) }
}

const smallSample = ({ clusters }: Mean): number => (clusters > 1 ? clusters / (clusters - 1) : 1)

function passes({ baseline, variant }: PairedCases) {
  const counts = { both: 0, baselineOnly: 0, variantOnly: 0, neither: 0 }
  baseline.forEach((value, index) => {
    const other = variant[index]
    if (value === other) counts[value === 1 ? 'both' : 'neither']++
    else counts[value === 1 ? 'baselineOnly' : 'variantOnly']++
  })
  const { baselineOnly, variantOnly } = counts
  return {
    ratio: undefined,
    test: 'mcnemar exact',
    p: mcNemar(baselineOnly, variantOnly).exact,
    discordant: { baselineOnly, variantOnly },
    draws: undefined,
    interval: (level: number) => newcombe(counts, level),
    ratioInterval: undefined,
  }
}

/**
 * Interval of a mean over clusters: the bootstrap from 20 clusters on, Student's t below. Bootstraps of few values are too
 * narrow, so that theirs is taken at the level that Student's t would need (Hesterberg 2015, "What teachers should know
 * about the bootstrap"). Made on first use, and once.
 */
export function drawnInterval(clustered: Clustered, mean: Mean, drawing: Drawing): (level: number) => Interval {
  let bootstrap: Bootstrap | undefined
  return (level) => {
    const { clusters } = mean
    if (clusters < fewestDrawn) return meanInterval(mean, level)
    bootstrap ??= bootstrapMean(clustered, drawing)
    const reach = studentQuantile((1 + level) / 2, clusters - 1) * Math.sqrt(smallSample(mean))
    return { ...bootstrap.interval(1 - 2 * normalCdf(-reach)), level }
  }
}

/** Where no two cases differ in their difference, the interval allows for cases that were never seen. */
function shareInterval(clustered: Clustered, mean: Mean, drawing: Drawing): (level: number) => Interval {
  const drawn = drawnInterval(clustered, mean, drawing)
  const within = (value: number): number => Math.max(-1, Math.min(1, value))
  return (level) => {
    if (mean.standardError > 0) {
      const interval = drawn(level)
      return { ...interval, low: within(interval.low), high: within(interval.high) }
    }
    const unseen = unseenShare(mean.clusters, (1 + level) / 2)
    return { low: within(mean.mean - unseen), high: within(mean.mean + unseen), level, method: 'rule of three' }
  }
}

interface Differences {
  readonly clustered: Clustered
  readonly mean: Mean
}

function amounts(cases: PairedCases, { clustered, mean }: Differences, drawing: Drawing) {
  const isPositive = cases.baseline.every((value) => value > 0) && cases.variant.every((value) => value > 0)
  const logarithms = isPositive
    ? clusterUp(
        cases.variant.map((value, index) => Math.log(value / (cases.baseline[index] as number))),
        cases.clusters,
      )
    : undefined
  const tested = logarithms ?? clustered
  const flips = signFlip(tested.sums, drawing)
  const common = { test: flips.method, p: flips.p, discordant: undefined }
  if (logarithms === undefined) {
    return { ...common, ratio: undefined, interval: drawnInterval(clustered, mean, drawing), ratioInterval: undefined }
  }
  const ratio = clusteredMean(logarithms)
  const drawn = drawnInterval(logarithms, ratio, drawing)
  return {
    ...common,
    ratio: Math.exp(ratio.mean),
    interval: (level: number) => meanInterval(mean, level),
    ratioInterval: (level: number) => {
      const interval = drawn(level)
      return { ...interval, low: Math.exp(interval.low), high: Math.exp(interval.high) }
    },
  }
}
