import { loadPlan as readPlan } from '../config/experiment-files.ts'
import type { Comparison } from '../domain/comparison.ts'
import { evaluationSchema } from '../domain/experiment.ts'
import type { LoadedPlan } from '../domain/experiment.ts'
import type { RunManifest } from '../domain/manifest.ts'
import type { Task, TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import type { TrialSpec } from '../domain/manifest.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import { generateCases as makeCases } from '../experiment/cases.ts'
import type { GeneratedCases } from '../experiment/cases.ts'
import { compareVariants as compare } from '../experiment/compare.ts'
import { buildManifests as build } from '../experiment/manifests.ts'
import type { BuiltManifests } from '../experiment/manifests.ts'
import { observationsOf } from '../experiment/observations.ts'
import { toTestResult } from '../experiment/results.ts'
import { trialHandler } from '../experiment/trial.ts'
import { createRefusals } from '../experiment/trial-refusals.ts'
import { systemClock } from '../lib/clock.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { functionTarget } from '../workflows/module-target.ts'
import type { ExecuteTask } from '../workflows/module-target.ts'
import { coverWith, localiseRows } from './experiment-cover.ts'
import { storedTrials } from './experiment-record.ts'
import { startServers } from './experiment-servers.ts'
import { openStage } from './experiment-stage.ts'
import type { Surroundings } from './surroundings.ts'

/** Where files are looked for and variables are taken from; those of this process unless given. */
export interface FilePlace {
  readonly cwd?: string | undefined
  readonly env?: Surroundings['env'] | undefined
}

const never = new AbortController().signal

/** Reads `test_plan.yaml` with catalog, environment and datasets. Throws `plan_invalid` with every problem of all files. */
export function loadPlan(path: string, { cwd = process.cwd(), env = {} }: FilePlace = {}): Promise<LoadedPlan> {
  return readPlan(path, { cwd, env })
}

/** Makes the cases of a plan, by workflow. Throws `plan_invalid`. */
export function generateCases(
  plan: LoadedPlan,
  { signal = never }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GeneratedCases> {
  return makeCases(plan, { cover: coverWith(undefined, signal), signal })
}

/** Builds one manifest for each workflow and variant. Throws `patch_invalid`, `plan_invalid`. */
export function buildManifests(plan: LoadedPlan, cases: GeneratedCases): BuiltManifests {
  return build(plan, cases, { patch: applyPatches })
}

/** How a manifest is run. */
export interface ExecuteManifestOptions extends FilePlace {
  readonly signal?: AbortSignal | undefined
  /**
   * A function of one's own in place of the workflow: gets the task, gives back at least `workflow_run_id`, `status` and
   * `outputs`.
   */
  readonly execute?: ExecuteTask | undefined
  /** Takes each result when it is there; the order is that of the run. */
  readonly onResult?: ((result: TestResult) => void) | undefined
}

/**
 * Runs the trials of one manifest, or of several in randomised blocks under one policy, and judges them. Nothing is put on
 * record. Throws `variable_missing` and the like before the first trial; what happens to a trial is its result.
 */
export async function executeManifest(
  manifest: RunManifest | readonly RunManifest[],
  options: ExecuteManifestOptions = {},
): Promise<readonly TestResult[]> {
  const manifests: readonly RunManifest[] = 'cases' in manifest ? [manifest] : manifest
  const { cwd = process.cwd(), env = {}, signal = never, execute, onResult } = options
  const [first] = manifests
  if (first === undefined) return []
  const stage = await openStage(manifests, { cwd, env })
  const servers = execute === undefined ? await startServers(stage.heads, { cwd, env, signal }) : undefined
  const own = manifests.map(({ prices }) => execute && functionTarget(execute, { clock: systemClock, prices }))
  const handler = trialHandler({
    runId: `local-${first.seed}`,
    heads: stage.heads,
    clock: systemClock,
    refusals: createRefusals(),
    target: (index) => (own[index] === undefined ? stage.target(index) : Promise.resolve(own[index])),
    evaluate: (index, answered, within) => stage.evaluator(index).evaluate(answered, within),
    note: () => {},
    progress: new Map(),
    keep: (output) => Promise.resolve(output),
  })
  const results: TestResult[] = []
  const take = (result: TaskResult<TrialOutput, TrialSpec>): void => {
    const taken = toTestResult(result, stage.heads)
    results.push(taken)
    onResult?.(taken)
  }
  const tasks: Iterable<Task<TrialSpec>> = storedTrials(manifests)
  const { timeoutSeconds: _ofTrials, ...policy } = first.execution
  try {
    await executeTasks(tasks, handler, policy, { signal, onResult: take })
    return results
  } finally {
    await stage.close()
    await servers?.close()
  }
}

/** How variants are compared. */
export interface CompareVariantsOptions {
  /** Variant that the others are compared with; the first unless given. */
  readonly baseline?: string | undefined
  /** Metric that decides; `pass_rate` unless given. */
  readonly primary?: string | undefined
  readonly metrics?: readonly string[] | undefined
  readonly alpha?: number | undefined
  /** Loss of the primary metric that does not matter. */
  readonly margin?: number | undefined
  readonly gates?: readonly string[] | undefined
  readonly seed?: number | undefined
}

/** Compares the variants among results, case by case. Throws `usage_invalid` for gates that cannot be read. */
export function compareVariants(results: Iterable<TestResult>, options: CompareVariantsOptions = {}): Comparison {
  const { gates = [], seed = 1, metrics, ...rest } = options
  const observations = observationsOf(results)
  const variants = [...new Set(observations.map(({ variantId }) => variantId))]
  const evaluation = evaluationSchema.parse({ ...rest, ...(metrics === undefined ? {} : { metrics: [...metrics] }) })
  return compare(observations, { evaluation, gates, variants, seed, localise: localiseRows })
}
