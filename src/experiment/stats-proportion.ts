import type { Interval } from '../domain/comparison.ts'
import { normalQuantile } from './stats-normal.ts'

/** Hits among tries. Both may be fractions, where tries that belong together count as fewer. */
interface Hits {
  readonly hits: number
  readonly tries: number
}

/** Wilson's score interval of a share (Wilson 1927). It is [0, 1] where nothing was tried. */
export function wilson({ hits, tries }: Hits, level: number): Interval {
  if (!(tries > 0)) return { low: 0, high: 1, level, method: 'wilson' }
  const z = normalQuantile((1 + level) / 2)
  const share = hits / tries
  const middle = (share + (z * z) / (2 * tries)) / (1 + (z * z) / tries)
  const spread = (z / (1 + (z * z) / tries)) * Math.sqrt((share * (1 - share)) / tries + (z * z) / (4 * tries * tries))
  return {
    low: hits <= 0 ? 0 : Math.max(0, middle - spread),
    high: hits >= tries ? 1 : Math.min(1, middle + spread),
    level,
    method: 'wilson',
  }
}

/**
 * Largest share that goes with no hit in `tries` independent tries: 1 - α^(1/n). At 95 % it is about 3 / n, the rule of
 * three (Hanley and Lippman-Hand 1983).
 */
export function unseenShare(tries: number, level: number): number {
  return tries > 0 ? 1 - (1 - level) ** (1 / tries) : 1
}

/** Cases by who passed them. */
interface PairedCounts {
  readonly both: number
  readonly baselineOnly: number
  readonly variantOnly: number
  readonly neither: number
}

/**
 * Interval of the difference of two shares of the same cases, variant less baseline: Wilson's limits of each, put together
 * with their correlation (Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions
 * based on paired data", method 10).
 */
export function newcombe({ both, baselineOnly, variantOnly, neither }: PairedCounts, level: number): Interval {
  const n = both + baselineOnly + variantOnly + neither
  if (n === 0) return { low: -1, high: 1, level, method: 'newcombe' }
  const ofVariant = both + variantOnly
  const ofBaseline = both + baselineOnly
  const variant = wilson({ hits: ofVariant, tries: n }, level)
  const baseline = wilson({ hits: ofBaseline, tries: n }, level)
  const product = both * neither - variantOnly * baselineOnly
  const scale = Math.sqrt(ofVariant * (n - ofVariant) * ofBaseline * (n - ofBaseline))
  const corrected = product > 0 ? Math.max(0, product - n / 2) : product
  const correlation = scale > 0 ? corrected / scale : 0
  const together = (x: number, y: number): number => Math.sqrt(Math.max(0, x * x - 2 * correlation * x * y + y * y))
  const p = ofVariant / n
  const q = ofBaseline / n
  return {
    low: Math.max(-1, p - q - together(p - variant.low, baseline.high - q)),
    high: Math.min(1, p - q + together(variant.high - p, q - baseline.low)),
    level,
    method: 'newcombe',
  }
}
