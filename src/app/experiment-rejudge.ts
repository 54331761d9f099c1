import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { CaseSpec } from '../domain/case.ts'
import type { ManifestHead, RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { RunStore, StoredResult, StoredRun } from '../domain/stored-run.ts'
import type { TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import { toTestResult } from '../experiment/results.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { openStage } from './experiment-stage.ts'
import type { Stage } from './experiment-stage.ts'
import type { Surroundings } from './surroundings.ts'

/** The answers of an experiment, judged anew. */
export interface Rejudged {
  /** The record with the evaluation, models and gates of the plan. */
  readonly record: ExperimentRecord
  /** All results with new scores, in the order of the trials. */
  readonly results: () => AsyncGenerator<TestResult>
  close(): Promise<void>
}

/** What is judged anew, and by which manifests. */
export interface Rejudging {
  readonly store: RunStore
  readonly run: StoredRun
  readonly folder: string
  /** Manifests of a plan: their checks take the place of those that were recorded. */
  readonly manifests: readonly RunManifest[]
}

/** Answers that are judged side by side. */
const width = 8

/**
 * Judges the recorded answers of an experiment with the checks of a plan. No workflow is called, only judges and embeddings.
 * Cases that the plan does not have keep their own checks. Throws `plan_invalid` where plan and run have no manifest in common.
 */
export async function rejudge(
  { store, run, folder, manifests }: Rejudging,
  where: Pick<Surroundings, 'cwd' | 'env' | 'signal'>,
): Promise<Rejudged> {
  const recorded = run.input as ExperimentRecord
  const byId = new Map(manifests.map((manifest) => [manifest.id, manifest]))
  if (!recorded.manifests.some(({ id }) => byId.has(id))) {
    throw new GreenloopError('plan_invalid', `the plan and the run ${run.id} have nothing in common`, {
      help: `the run has ${recorded.manifests.map(({ id }) => id).join(', ')}`,
    })
  }
  const heads = recorded.manifests.map((head) => headWith(head, byId.get(head.id) ?? manifests[0]))
  const stage = await openStage(heads, where)
  const checks = new Map(manifests.flatMap(({ id, cases }) => cases.map((spec) => [`${id}/${spec.id}`, spec] as const)))
  const judged = { heads, stage, folder, signal: where.signal, checks }
  return {
    record: { ...recorded, manifests: heads },
    results: () => judgeAll(store, run, judged),
    close: () => stage.close(),
  }
}

function headWith(head: ManifestHead, { evaluation, models, gates, baseFolder, envFile }: Partial<RunManifest> = {}) {
  return {
    ...head,
    evaluation: evaluation ?? head.evaluation,
    models: models ?? head.models,
    gates: gates ?? head.gates,
    baseFolder: baseFolder ?? head.baseFolder,
    envFile: envFile ?? head.envFile,
  }
}

interface Judging {
  readonly heads: readonly ManifestHead[]
  readonly stage: Stage
  readonly folder: string
  readonly signal: AbortSignal
  /** Cases of the plan by manifest and id. */
  readonly checks: ReadonlyMap<string, CaseSpec>
}

async function* judgeAll(store: RunStore, run: StoredRun, judging: Judging): AsyncGenerator<TestResult> {
  for (let afterSeq = -1; ;) {
    const page = await store.results(run.id, { afterSeq, limit: width })
    yield* await Promise.all(page.map((stored) => judgeOne(stored, judging)))
    const last = page.at(-1)
    if (last === undefined) return
    afterSeq = last.seq
  }
}

async function judgeOne(stored: StoredResult, { heads, stage, folder, signal, checks }: Judging): Promise<TestResult> {
  const result = stored as TaskResult<TrialOutput, TrialSpec>
  const { output, task } = result
  if (output === undefined) return toTestResult(result, heads)
  const { manifest, case: own } = task.payload
  const head = heads[manifest]
  const spec = checks.get(`${head?.id ?? ''}/${own.id}`)
  const judged = {
    ...own,
    checks: spec?.checks ?? own.checks,
    turns: spec?.turns ?? own.turns,
    vars: spec?.vars ?? own.vars,
  }
  const whole = await unfolded(output, folder)
  const answered = { ...whole, case: judged, variantId: head?.variantId ?? '' }
  const { usage: evaluation, ...scored } = await stage.evaluator(manifest).evaluate(answered, signal)
  const { scores: _old, score: _was, passed: _had, ...kept } = output
  return toTestResult({ ...result, output: { ...kept, ...scored, evaluation } }, heads)
}

/** An answer with what lies in files of its own. */
async function unfolded(output: TrialOutput, folder: string): Promise<TrialOutput> {
  const { blobs } = output
  if (blobs === undefined) return output
  const read = async (name: string): Promise<string | undefined> => {
    const hash = blobs[name]?.sha256
    return hash === undefined ? undefined : readFile(join(folder, 'blobs', hash), 'utf8').catch(() => undefined)
  }
  const [text, outputs, nodes, turns] = await Promise.all(['text', 'outputs', 'nodes', 'turns'].map(read))
  return {
    ...output,
    text: text ?? output.text,
    ...(outputs === undefined ? {} : { outputs: JSON.parse(outputs) as unknown }),
    ...(nodes === undefined ? {} : { nodes: JSON.parse(nodes) as TrialOutput['nodes'] }),
    ...(turns === undefined ? {} : { turns: JSON.parse(turns) as TrialOutput['turns'] }),
  }
}
