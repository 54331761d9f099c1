import type { Interval } from '../domain/comparison.ts'
import { inGroups } from './stats-groups.ts'
import { clusteredMean, quantile, type Clustered } from './stats-mean.ts'
import { normalCdf, normalQuantile } from './stats-normal.ts'

/** How a bootstrap is run. */
export interface Drawing {
  readonly draws: number
  /** Numbers from 0 up to 1. */
  readonly random: () => number
}

/** A figure with the distribution of its draws. */
export interface Bootstrap {
  readonly estimate: number
  /** Interval at a level: BCa, or the plain percentiles where BCa has no meaning. */
  interval(level: number): Interval
}

/** Values that are looked at for one bootstrap of a quantile, at most; more trials mean fewer draws, down to 200. */
const mostLooks = 5e6

/**
 * Bootstrap of a mean that draws whole clusters, with intervals that are corrected for bias and skew: BCa (Efron 1987), the
 * acceleration from the jackknife over clusters. Very many clusters are drawn in groups.
 */
export function bootstrapMean(clustered: Clustered, { draws, random }: Drawing): Bootstrap {
  const grouped = inGroups(clustered, random)
  const { sums, sizes } = grouped
  const isEven = sizes.every((size) => size === 1)
  const replicates = Float64Array.from({ length: draws }, () =>
    isEven ? drawEven(sums, random) : drawUneven(grouped, random),
  )
  const estimate = clusteredMean(clustered).mean
  return fromReplicates({ estimate, replicates, acceleration: accelerationOf(grouped) })
}

/** Values of single trials, each with the number of its cluster, without gaps from 0. */
interface Trials {
  readonly values: Float64Array
  readonly clusters: Int32Array
}

/** A weighted sum of one quantile of several series over the same clusters; of a single series, the quantile itself. */
interface QuantileSum {
  readonly series: readonly (Trials & { readonly factor: number })[]
  readonly share: number
}

/**
 * Bootstrap of a quantile, or a difference of quantiles, that draws whole clusters, with percentile intervals: quantiles
 * are no smooth function of the data, so that BCa gains nothing.
 */
export function bootstrapQuantile({ series, share }: QuantileSum, { draws: asked, random }: Drawing): Bootstrap {
  const ordered = series.map(inOrder)
  const sizes = series.map(({ values }) => values.length)
  const clusters = series.reduce((most, each) => each.clusters.reduce((a, b) => Math.max(a, b + 1), most), 0)
  const looks = Math.max(1, Math.max(...sizes, clusters))
  const draws = Math.min(asked, Math.max(200, Math.floor(mostLooks / looks)))
  const times = new Uint32Array(clusters)
  const replicates = Float64Array.from({ length: draws }, () => {
    times.fill(0)
    for (let pick = 0; pick < clusters; pick++) (times[(random() * clusters) | 0] as number) += 1
    return ordered.reduce((sum, each) => sum + each.factor * weightedQuantile(each, times, share), 0)
  }).filter((value) => !Number.isNaN(value))
  const estimate = ordered.reduce((sum, { factor, sorted }) => sum + factor * quantile(sorted, share), 0)
  return fromReplicates({ estimate, replicates, acceleration: undefined })
}

interface Ordered {
  readonly sorted: Float64Array
  /** Cluster of each sorted value. */
  readonly owner: Int32Array
  readonly factor: number
}

function inOrder({ values, clusters, factor }: QuantileSum['series'][number]): Ordered {
  const order = Uint32Array.from(values.keys()).sort((x, y) => (values[x] as number) - (values[y] as number))
  return {
    sorted: Float64Array.from(order, (index) => values[index] as number),
    owner: Int32Array.from(order, (index) => clusters[index] as number),
    factor,
  }
}

/** Quantile of values that each count as often as their cluster was drawn. */
function weightedQuantile({ sorted, owner }: Ordered, times: Uint32Array, share: number): number {
  let count = 0
  for (const cluster of owner) count += times[cluster] as number
  const place = (count - 1) * share
  const index = Math.floor(place)
  let seen = 0
  let low = Number.NaN
  for (let at = 0; at < sorted.length; at++) {
    seen += times[owner[at] as number] as number
    if (Number.isNaN(low) && seen > index) low = sorted[at] as number
    if (seen > index + 1) return low + (place - index) * ((sorted[at] as number) - low)
  }
  return low
}

function drawEven(sums: Float64Array, random: () => number): number {
  const clusters = sums.length
  let sum = 0
  for (let pick = 0; pick < clusters; pick++) sum += sums[(random() * clusters) | 0] as number
  return sum / clusters
}

function drawUneven({ sums, sizes }: Clustered, random: () => number): number {
  const clusters = sums.length
  let sum = 0
  let size = 0
  for (let pick = 0; pick < clusters; pick++) {
    const index = (random() * clusters) | 0
    sum += sums[index] as number
    size += sizes[index] as number
  }
  return sum / size
}

/** Skew of the jackknife values, over six; undefined where they are all the same. */
function accelerationOf({ sums, sizes }: Clustered): number | undefined {
  const sum = sums.reduce((all, value) => all + value, 0)
  const size = sizes.reduce((all, value) => all + value, 0)
  const left = sums.map((value, index) => (sum - value) / (size - (sizes[index] as number)))
  const mean = left.reduce((all, value) => all + value, 0) / left.length
  let squares = 0
  let cubes = 0
  for (const value of left) {
    squares += (mean - value) ** 2
    cubes += (mean - value) ** 3
  }
  const result = cubes / (6 * squares ** 1.5)
  return Number.isFinite(result) ? result : undefined
}

interface Replicated {
  readonly estimate: number
  readonly replicates: Float64Array
  readonly acceleration: number | undefined
}

function fromReplicates({ estimate, replicates, acceleration }: Replicated): Bootstrap {
  replicates.sort()
  const slack = 1e-12 * Math.max(Math.abs(replicates[0] ?? 0), Math.abs(replicates.at(-1) ?? 0))
  let below = 0
  for (const value of replicates) {
    if (value < estimate - slack) below++
    else if (value <= estimate + slack) below += 0.5
  }
  const bias = normalQuantile(below / replicates.length)
  const interval = (level: number): Interval => {
    const shares = [(1 - level) / 2, (1 + level) / 2] as const
    const [low, high] = shares.map((share) => corrected(share, bias, acceleration))
    const isUsable = low !== undefined && high !== undefined && low < high
    return {
      low: quantile(replicates, isUsable ? low : shares[0]),
      high: quantile(replicates, isUsable ? high : shares[1]),
      level,
      method: isUsable ? 'bca' : 'percentile',
    }
  }
  return { estimate, interval }
}

/** Share of the draws that stands for a share of the interval; undefined where the correction breaks down. */
function corrected(share: number, bias: number, acceleration: number | undefined): number | undefined {
  if (acceleration === undefined || !Number.isFinite(bias)) return undefined
  const moved = bias + normalQuantile(share)
  const scale = 1 - acceleration * moved
  return scale > 0 ? normalCdf(bias + moved / scale) : undefined
}
