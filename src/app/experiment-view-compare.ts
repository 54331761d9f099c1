import type { ApiComparison } from '../domain/api-experiment.ts'
import type { Comparison, VariantSummary } from '../domain/comparison.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { createObservations } from '../experiment/observations.ts'
import { preferenceScores } from '../experiment/preference-score.ts'
import { recordedPreferences } from './experiment-preference.ts'
import { resultsOf } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { compareRecorded } from './experiment-report.ts'
import { isOver } from './standing.ts'
import { findRun } from './store.ts'

/**
 * Compares the variants of an experiment by what the store holds at this moment. Takes seconds for many trials, so it has a
 * thread of its own. Throws `run_unknown`.
 */
export async function compareStored(store: RunStore, runId: string): Promise<ApiComparison> {
  const run = await findRun(store, runId)
  const record = run.input as ExperimentRecord
  const judged = preferenceScores(await recordedPreferences(store, run))
  const found = createObservations()
  for await (const result of resultsOf(store, run)) found.add(judged(result))
  const comparison = compareRecorded(record, found.all())
  return toComparison(comparison, countTrials(record, comparison.summaries), isOver(run))
}

/** Trials that a record asks for, that are over, and those of them that have no score. */
export function countTrials(
  { manifests, casesByWorkflow }: ExperimentRecord,
  summaries: readonly Pick<VariantSummary, 'trials' | 'scored'>[],
): ApiComparison['trials'] {
  const expected = manifests.reduce((sum, { workflowId, repeats }) => {
    const cases = Object.hasOwn(casesByWorkflow, workflowId) ? casesByWorkflow[workflowId] : undefined
    return sum + (cases ?? 0) * repeats
  }, 0)
  const done = summaries.reduce((sum, { trials }) => sum + trials, 0)
  return { expected, done, missing: done - summaries.reduce((sum, { scored }) => sum + scored, 0) }
}

/**
 * A comparison as the API has it. Before the end nothing is claimed: neither verdicts nor chances of error, winners, gates and
 * findings are there, for who looks again and again would find a difference in the end.
 */
function toComparison(comparison: Comparison, trials: ApiComparison['trials'], isFinal: boolean): ApiComparison {
  const { metrics, baseline, alpha, summaries, pairs, gates, suspects, winners, findings } = comparison
  return {
    isFinal,
    baseline,
    alpha,
    metrics: [...metrics],
    summaries: summaries.map(summaryOf),
    pairs: pairs.map(({ p, adjustedP, verdict, ...pair }) => {
      const { workflowId, variant, metric, cases, difference, ratio, interval, test, note } = pair
      const measured = {
        workflowId,
        baseline: pair.baseline,
        variant,
        metric,
        cases,
        difference,
        ratio,
        interval,
        test,
      }
      return isFinal ? { ...measured, p, adjustedP, verdict, note } : { ...measured, verdict: 'open' }
    }),
    gates: isFinal ? [...gates] : [],
    suspects: suspects.map((suspect) => ({ ...suspect, parameters: { ...suspect.parameters } })),
    winners: isFinal ? { ...winners } : {},
    findings: isFinal ? [...findings] : [],
    trials,
  }
}

function summaryOf({
  workflowId,
  variantId,
  trials,
  scored,
  estimates,
}: VariantSummary): ApiComparison['summaries'][number] {
  const shown = estimates.map(({ metric, value, interval, cases, trials: own }) => ({
    metric,
    value,
    interval,
    cases,
    trials: own,
  }))
  return { workflowId, variantId, trials, scored, estimates: shown }
}
