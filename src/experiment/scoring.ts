import type { Score } from '../domain/check.ts'
import type { TrialStatus } from '../domain/test-result.ts'

/** How a trial came out over all its checks. */
export interface Scored {
  /** From 0 to 1; absent without checks that count, and where one of them broke down. */
  readonly score?: number | undefined
  /** Absent where a check that counts broke down, and where the trial was not answered. */
  readonly passed?: boolean | undefined
}

/** What becomes of an answer with this status: judged, failed whatever it says, or missing. */
export function standingOf(status: TrialStatus): 'judged' | 'failed' | 'missing' {
  switch (status) {
    case 'succeeded':
    case 'partial':
      return 'judged'
    case 'app_failed':
    case 'stopped':
    case 'paused':
      return 'failed'
    case 'timeout':
    case 'rate_limited':
    case 'infra_error':
    case 'config_error':
    case 'cancelled':
      return 'missing'
  }
}

/** So that 0.1 + 0.2 reaches 0.3. */
const rounding = 1e-9

/**
 * Puts the scores of a trial together. Checks of weight 0 only inform. The score is the weighted mean; a trial passes
 * when the weighted share of its passed checks reaches `passShare`, or, without checks that count, when it was answered.
 * A check that broke down leaves both out: that is missing, not failed. A trial whose workflow failed never passes and
 * scores 0, however fast it was.
 */
export function scoreTrial(scores: readonly Score[], status: TrialStatus, passShare: number): Scored {
  const standing = standingOf(status)
  if (standing === 'missing') return {}
  const counting = scores.filter(({ weight }) => weight > 0)
  if (standing === 'failed') return counting.length === 0 ? { passed: false } : { score: 0, passed: false }
  if (counting.length === 0) return { passed: true }
  if (counting.some(({ score }) => score === undefined)) return {}
  const total = counting.reduce((sum, { weight }) => sum + weight, 0)
  const score = counting.reduce((sum, { weight, score }) => sum + weight * (score ?? 0), 0) / total
  const share = counting.reduce((sum, { weight, passed }) => sum + (passed === true ? weight : 0), 0) / total
  return { score: Math.min(1, score), passed: share >= passShare - rounding }
}
