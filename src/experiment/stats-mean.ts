import type { Interval } from '../domain/comparison.ts'
import { studentQuantile } from './stats-student.ts'

/** Values summed by cluster: those of one case or of one source row belong together. */
export interface Clustered {
  /** Sum of the values of each cluster. */
  readonly sums: Float64Array
  /** Number of values of each cluster, none of them 0. */
  readonly sizes: Float64Array
}

/** Mean with its standard error. */
export interface Mean {
  readonly mean: number
  /** 0 for a single cluster, which says nothing of its spread. */
  readonly standardError: number
  readonly clusters: number
  readonly values: number
}

/** Sum of all numbers. */
function total(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

/**
 * Mean over all values with the standard error that allows for clusters: √(Σ_c (Σ_i (s_ic - mean))²) / n, without a factor
 * for small samples (Miller 2024, "Adding error bars to evals"); NaN where there are no values.
 */
export function clusteredMean({ sums, sizes }: Clustered): Mean {
  const values = total(sizes)
  const mean = total(sums) / values
  let squares = 0
  for (let cluster = 0; cluster < sums.length; cluster++) {
    squares += ((sums[cluster] as number) - mean * (sizes[cluster] as number)) ** 2
  }
  return { mean, standardError: Math.sqrt(squares) / values, clusters: sums.length, values }
}

/**
 * Interval of a clustered mean by Student's t with one degree of freedom less than there are clusters; the standard error
 * is widened by √(c / (c - 1)). Without limits below two clusters.
 */
export function meanInterval({ mean, standardError, clusters }: Mean, level: number): Interval {
  if (clusters < 2)
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, level, method: 'clustered t' }
  const t = studentQuantile((1 + level) / 2, clusters - 1)
  const spread = t * standardError * Math.sqrt(clusters / (clusters - 1))
  return { low: mean - spread, high: mean + spread, level, method: 'clustered t' }
}

/** Quantile of values in ascending order, between the two nearest (type 7 of Hyndman and Fan 1996). NaN for no values. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * Math.min(1, Math.max(0, share))
  const index = Math.floor(place)
  const low = sorted[index]
  if (low === undefined) return Number.NaN
  const high = sorted[index + 1]
  return high === undefined ? low : low + (place - index) * (high - low)
}
