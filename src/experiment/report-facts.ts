import type { Comparison } from '../domain/comparison.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { StopReason, TaskStatistics } from '../domain/task.ts'

/** What is known of an experiment before its first result. */
export interface ReportFacts {
  readonly runId: string
  readonly title: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly manifests: readonly ManifestHead[]
  /** Cases by workflow; together with variants and repeats they say how many trials there should be. */
  readonly casesByWorkflow: Readonly<Record<string, number>>
  readonly seed: number
  /** Takes the secrets out of a text. */
  readonly redact: (text: string) => string
  readonly toolVersion: string
}

/** What is known of an experiment when it is over. */
export interface ReportEnd {
  readonly comparison: Comparison
  /** Why it ended before its trials did. */
  readonly stopped?: StopReason | undefined
  readonly statistics?: TaskStatistics | undefined
  /** Why its trials prove nothing, where too many are without a score. */
  readonly incomplete?: string | undefined
  /** Epoch milliseconds. */
  readonly endedAt?: number | undefined
}

/**
 * What an experiment as a whole came to. `passed` and `failed` go by its gates; `compared` had none; `incomplete` lacks
 * trials, so that nothing was decided; `cancelled` was somebody's wish.
 */
export type ExperimentVerdict = 'passed' | 'failed' | 'compared' | 'incomplete' | 'cancelled'

/** Trials that the manifests ask for. */
export function expectedTrials({ manifests, casesByWorkflow }: ReportFacts): number {
  return manifests.reduce(
    (sum, { workflowId, repeats }) => sum + (ownCount(casesByWorkflow, workflowId) ?? 0) * repeats,
    0,
  )
}

/** The verdict over all. A gate that fails is said even where trials are missing. */
export function experimentVerdict(facts: ReportFacts, end: ReportEnd, trials: number): ExperimentVerdict {
  const { gates } = end.comparison
  if (end.stopped?.kind === 'cancelled') return 'cancelled'
  if (gates.some(({ passed }) => !passed)) return 'failed'
  if (end.stopped !== undefined || end.incomplete !== undefined || trials < expectedTrials(facts)) return 'incomplete'
  return gates.length === 0 ? 'compared' : 'passed'
}

function ownCount(counts: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(counts, name) ? counts[name] : undefined
}
