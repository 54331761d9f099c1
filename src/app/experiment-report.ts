import { gateProblems, parseGate } from '../experiment/gate-parse.ts'
import { compareVariants } from '../experiment/compare.ts'
import { createObservations } from '../experiment/observations.ts'
import { preferenceScores } from '../experiment/preference-score.ts'
import type { PreferenceNote } from '../experiment/preference-score.ts'
import { expectedTrials, experimentVerdict } from '../experiment/report-facts.ts'
import type { ExperimentVerdict, ReportFacts } from '../experiment/report-facts.ts'
import { openReport } from '../experiment/report-files.ts'
import type { Comparison, Observation } from '../domain/comparison.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Evaluation } from '../domain/experiment.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { RunConclusion, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { TaskStatistics } from '../domain/task.ts'
import type { TestResult } from '../domain/test-result.ts'
import { now } from '../lib/clock.ts'
import { localiseRows } from './experiment-cover.ts'
import { recordedPreferences } from './experiment-preference.ts'
import { resultsOf } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import type { Rejudged } from './experiment-rejudge.ts'
import { tool } from '../report/tool.ts'

/** An experiment that is over, or as far as it has come. */
export interface ExperimentReport {
  readonly comparison: Comparison
  readonly verdict: ExperimentVerdict
  readonly exitCode: number
  /** Why it proves nothing, or what it fails by. */
  readonly reason?: string | undefined
  readonly trials: { readonly expected: number; readonly done: number; readonly missing: number }
  /** Path by name: `results.jsonl`, `report.html` … */
  readonly files: Readonly<Record<string, string>>
  readonly statistics?: TaskStatistics | undefined
}

/** What a report is made from. */
export interface ReportSource {
  readonly store: RunStore
  readonly run: StoredRun
  readonly folder: string
  readonly redact: (text: string) => string
  /** What judges of pairs said; what the record holds of it unless given. */
  readonly preferences?: readonly PreferenceNote[] | undefined
  /** The answers judged anew, in place of the scores on record. */
  readonly rejudged?: Pick<Rejudged, 'record' | 'results'> | undefined
}

/** Compares the variants of an experiment by what the store holds, and writes its reports. */
export async function reportRun(source: ReportSource, conclusion?: RunConclusion): Promise<ExperimentReport> {
  const { store, run, folder, redact, rejudged } = source
  const record = rejudged?.record ?? (run.input as ExperimentRecord)
  const facts: ReportFacts = {
    runId: run.id,
    title: record.title,
    startedAt: run.startedAt ?? run.createdAt,
    manifests: record.manifests,
    casesByWorkflow: record.casesByWorkflow,
    seed: record.seed,
    redact,
    toolVersion: tool.version,
  }
  const judged = preferenceScores(source.preferences ?? (await recordedPreferences(store, run)))
  const writer = await openReport(facts, folder)
  try {
    const found = createObservations()
    const errors = new Map<string, number>()
    for await (const stored of rejudged?.results() ?? resultsOf(store, run)) {
      const result = judged(stored)
      await writer.add(result)
      countError(errors, result)
      found.add(result)
    }
    const observations = found.all()
    const comparison = compareRecorded(record, observations)
    const missing = observations.filter((observation) => observation.missing !== undefined).length
    const expected = expectedTrials(facts)
    const trials = { expected, done: observations.length, missing }
    const incomplete = whyIncomplete({ ...trials, mostly: redact(mostOf(errors)) }, evaluationOf(record), conclusion)
    const stopped = conclusion?.stopped
    const end = {
      comparison,
      stopped,
      statistics: conclusion?.statistics,
      endedAt: run.finishedAt ?? now(),
      incomplete,
    }
    const verdict = experimentVerdict(facts, end, observations.length)
    const { files } = await writer.finish(end)
    const reason = reasonOf(verdict, { incomplete, comparison, stopped: stopped?.message })
    const exitCode = verdict === 'incomplete' && isBudget(conclusion) ? 6 : exitCodes[verdict]
    return { comparison, verdict, exitCode, reason, trials, files, statistics: conclusion?.statistics }
  } catch (error) {
    await writer.discard()
    throw error
  }
}

const exitCodes: Readonly<Record<ExperimentVerdict, number>> = {
  passed: 0,
  compared: 0,
  failed: 1,
  incomplete: 5,
  cancelled: 130,
}

/** Compares the variants of a record. Gates and evaluation are those of its first manifest, which are those of its plan. */
export function compareRecorded(record: ExperimentRecord, observations: readonly Observation[]): Comparison {
  const variants = [...new Set(record.manifests.map(({ variantId }) => variantId))]
  const gates = [...new Set(record.manifests.flatMap((head) => head.gates))]
  const evaluation = evaluationOf(record)
  return compareVariants(observations, { evaluation, gates, variants, seed: record.seed, localise: localiseRows })
}

function evaluationOf({ manifests: [first] }: ExperimentRecord): Evaluation {
  if (first === undefined) throw new RangeError('an experiment without a manifest')
  return first.evaluation
}

/** Reads all gates of manifests, so that a slip of the pen costs nothing. Throws `usage_invalid` with all problems. */
export function checkGates(gates: readonly string[], manifests: readonly ManifestHead[]): void {
  const known = {
    variants: [...new Set(manifests.map(({ variantId }) => variantId))],
    workflows: [...new Set(manifests.map(({ workflowId }) => workflowId))],
    primary: manifests[0]?.evaluation.primary ?? 'pass_rate',
  }
  const problems = [...new Set(gates)].flatMap((gate) =>
    gateProblems(parseGate(gate), known).map((message) => ({ message: `gate \`${gate}\`: ${message}` })),
  )
  if (problems.length === 0) return
  const [first] = problems
  const message = problems.length === 1 ? (first?.message ?? '') : `${problems.length} problems in the gates`
  throw new GreenloopError('usage_invalid', message, { problems })
}

type Trials = ExperimentReport['trials']

/** Errors that are counted one by one; the first are those of the beginning. */
const errorsKept = 1000

/** Counts what trials without a score ended with. */
function countError(errors: Map<string, number>, { passed, error }: TestResult): void {
  if (passed !== undefined || error === undefined) return
  const known = errors.get(error.message)
  if (known !== undefined || errors.size < errorsKept) errors.set(error.message, (known ?? 0) + 1)
}

function mostOf(errors: ReadonlyMap<string, number>): string {
  const [most] = [...errors].toSorted(([, one], [, other]) => other - one)
  return most === undefined ? '' : `; ${most[1]} of them: ${most[0]}`
}

function whyIncomplete(
  { expected, done, missing, mostly }: Trials & { readonly mostly: string },
  { maxMissing }: Evaluation,
  conclusion: RunConclusion | undefined,
): string | undefined {
  if (conclusion?.stopped !== undefined) return undefined
  if (done < expected) return `${expected - done} of ${expected} trials have no result`
  if (done === 0) return 'there was nothing to try'
  if (missing / done <= maxMissing) return undefined
  return `${missing} of ${done} trials have no score, more than ${Number((maxMissing * 100).toFixed(2))} %${mostly}`
}

interface Reasons {
  readonly incomplete: string | undefined
  readonly comparison: Comparison
  readonly stopped: string | undefined
}

function reasonOf(verdict: ExperimentVerdict, { incomplete, comparison, stopped }: Reasons): string | undefined {
  if (verdict === 'failed') {
    const failed = comparison.gates.filter(({ passed }) => !passed)
    return failed.map(({ gate, reason }) => `${gate}: ${reason}`).join('; ')
  }
  return incomplete ?? stopped
}

const budgets: ReadonlySet<string> = new Set(['token_budget', 'cost_budget', 'timeout'])

function isBudget(conclusion: RunConclusion | undefined): boolean {
  return conclusion?.stopped !== undefined && budgets.has(conclusion.stopped.kind)
}
