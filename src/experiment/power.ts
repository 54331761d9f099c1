import { binomialAtMost, binomialProbability, mcNemar } from './stats-binomial.ts'
import { normalQuantile } from './stats-normal.ts'

/** What a test is planned for. */
interface TestPlan {
  /** Two-sided level of significance of the single comparison. */
  readonly alpha: number
  readonly power: number
  /** Variance of the difference of one case. */
  readonly variance: number
}

/**
 * Cases that a paired difference needs: (z₁₋α/₂ + z_power)² · variance / difference², rounded up (Miller 2024). Infinite for
 * no difference.
 */
export function requiredCases({ alpha, power, variance }: TestPlan, difference: number): number {
  const reach = normalQuantile(1 - alpha / 2) + normalQuantile(power)
  // What is a whole number but for rounding is not rounded up.
  return Math.ceil(((reach * reach * variance) / (difference * difference)) * (1 - 1e-12))
}

/** Smallest paired difference that so many cases show with the power asked for. Infinite for no cases. */
export function detectableDifference({ alpha, power, variance }: TestPlan, cases: number): number {
  return (normalQuantile(1 - alpha / 2) + normalQuantile(power)) * Math.sqrt(variance / cases)
}

/** Two variants of which one passes more cases than the other, one trial each. */
interface PassDifference {
  readonly cases: number
  /** Share of the cases that only one of both passes. */
  readonly discordance: number
  /** Difference of the pass rates, at most the discordance. */
  readonly difference: number
}

/** Probability that the exact test of McNemar finds a difference, summed over the numbers of cases that may differ. */
export function mcNemarPower({ cases, discordance, difference }: PassDifference, alpha: number): number {
  const share = discordance > 0 ? Math.min(1, (discordance + Math.abs(difference)) / (2 * discordance)) : 0.5
  const spread = 9 * Math.sqrt(cases * discordance * (1 - discordance)) + 9
  const from = Math.max(0, Math.floor(cases * discordance - spread))
  const to = Math.min(cases, Math.ceil(cases * discordance + spread))
  let critical = 0
  let power = 0
  for (let differing = from; differing <= to; differing++) {
    if (differing === from) critical = Math.floor(differing / 2) + 1
    // The most cases that may go the other way grows by at most one; coming from below it is found in few steps.
    critical = criticalCount(differing, { alpha, start: critical + 1 })
    if (critical < 0) continue
    const found =
      binomialAtMost(critical, { n: differing, p: 1 - share }) + binomialAtMost(critical, { n: differing, p: share })
    power += binomialProbability(differing, { n: cases, p: discordance }) * found
  }
  return Math.min(1, power)
}

function criticalCount(
  differing: number,
  { alpha, start }: { readonly alpha: number; readonly start: number },
): number {
  let count = Math.min(start, Math.floor((differing - 1) / 2))
  while (count >= 0 && mcNemar(count, differing - count).exact >= alpha) count--
  return count
}

/**
 * Smallest difference of pass rates that McNemar's exact test finds with the power asked for, when the share `discordance`
 * of the cases goes differently; undefined where not even the largest possible difference is found.
 */
export function detectablePassDifference(
  { cases, discordance }: Omit<PassDifference, 'difference'>,
  { alpha, power }: Omit<TestPlan, 'variance'>,
): number | undefined {
  const reaches = (difference: number): boolean => mcNemarPower({ cases, discordance, difference }, alpha) >= power
  if (!reaches(discordance)) return undefined
  let low = 0
  let high = discordance
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2
    if (reaches(middle)) high = middle
    else low = middle
  }
  return high
}
