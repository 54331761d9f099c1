import type { TestResult } from '../domain/test-result.ts'

/** What a trial counts as in a report; the order is that of the page's data. */
export const trialOutcomes = ['passed', 'failed', 'unchecked', 'missing', 'cancelled'] as const

/** What a trial counts as in a report. */
export type TrialOutcome = (typeof trialOutcomes)[number]

/** What one trial counts as. Only trials that could not be had are missing; a workflow that timed out has failed. */
export function outcomeOf(result: Pick<TestResult, 'status' | 'passed'>): TrialOutcome {
  if (result.status === 'cancelled') return 'cancelled'
  if (['rate_limited', 'infra_error', 'config_error'].includes(result.status)) return 'missing'
  if (result.passed !== undefined) return result.passed ? 'passed' : 'failed'
  return result.status === 'succeeded' || result.status === 'partial' ? 'unchecked' : 'failed'
}

/** Mean score by metric of the checks that name one. */
export function metricsOf({ scores }: Pick<TestResult, 'scores'>): Readonly<Record<string, number>> {
  const named = scores.flatMap(({ metric, score }) =>
    metric === undefined || score === undefined ? [] : [{ metric, score }],
  )
  const groups = [...Map.groupBy(named, ({ metric }) => metric)]
  return Object.fromEntries(
    groups.map(([metric, members]) => [metric, members.reduce((sum, { score }) => sum + score, 0) / members.length]),
  )
}
