import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPlan as readPlan } from '../config/experiment-files.ts'
import { processEnvironment } from '../config/process-environment.ts'
import type { CaseSpec } from '../domain/case.ts'
import type { Comparison } from '../domain/comparison.ts'
import { evaluationSchema } from '../domain/experiment.ts'
import type { LoadedPlan } from '../domain/experiment.ts'
import type { RunManifest } from '../domain/manifest.ts'
import type { Task, TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import type { TrialSpec } from '../domain/manifest.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import { generateCases as makeCases } from '../experiment/cases.ts'
import { compareVariants as compare } from '../experiment/compare.ts'
import { buildManifests as build } from '../experiment/manifests.ts'
import { batchSizeFor } from '../experiment/order.ts'
import { observationsOf } from '../experiment/observations.ts'
import { toTestResult } from '../experiment/results.ts'
import { trialHandler } from '../experiment/trial.ts'
import { createRefusals } from '../experiment/trial-refusals.ts'
import { now, systemClock } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { functionTarget } from '../workflows/module-target.ts'
import type { ExecuteTask } from '../workflows/module-target.ts'
import { coverWith, localiseRows } from './experiment-cover.ts'
import { storedTrials } from './experiment-record.ts'
import { startServers } from './experiment-servers.ts'
import { publishHeads, refuseUnpublished } from './experiment-publish.ts'
import { openStage } from './experiment-stage.ts'
import type { Stage } from './experiment-stage.ts'
import type { Surroundings } from './surroundings.ts'

/** Where files are looked for and variables are taken from. */
export interface FilePlace {
  /** Working folder; that of the process unless given. */
  readonly cwd?: string | undefined
  /** Variables for `${NAME}`; those of the process and of `.env` in the working folder unless given. */
  readonly env?: Surroundings['env'] | undefined
}

const never = new AbortController().signal

async function placeOf({ cwd = process.cwd(), env }: FilePlace): Promise<Pick<Surroundings, 'cwd' | 'env'>> {
  return { cwd, env: env ?? (await processEnvironment(cwd)) }
}

/** Reads `test_plan.yaml` with catalog, environment and datasets. Throws `plan_invalid` with every problem of all files. */
export async function loadPlan(path: string, place: FilePlace = {}): Promise<LoadedPlan> {
  return readPlan(path, await placeOf(place))
}

/** Cases by the id of their workflow. */
export type CasesByWorkflow = Readonly<Record<string, readonly CaseSpec[]>>

/** What is told while cases and manifests are made. */
export interface MakingOptions {
  readonly signal?: AbortSignal | undefined
  /** What was understood, but perhaps not as it was meant. */
  readonly onWarning?: ((text: string) => void) | undefined
}

/** Makes the cases of a plan, by workflow. Throws `plan_invalid`. */
export async function generateCases(
  plan: LoadedPlan,
  { signal = never, onWarning }: MakingOptions = {},
): Promise<CasesByWorkflow> {
  const { byWorkflow, warnings } = await makeCases(plan, { cover: coverWith(undefined, signal), signal })
  for (const warning of warnings) onWarning?.(warning)
  return byWorkflow
}

/** Builds one manifest for each workflow and variant. Throws `patch_invalid`, `plan_invalid`. */
export function buildManifests(
  plan: LoadedPlan,
  cases: CasesByWorkflow,
  { onWarning }: Pick<MakingOptions, 'onWarning'> = {},
): readonly RunManifest[] {
  const made = { byWorkflow: cases, designs: [], warnings: [] }
  const { manifests, warnings } = build(plan, made, { patch: applyPatches })
  for (const warning of warnings) onWarning?.(warning)
  return manifests
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
 * record. Results come in the order of the manifests. Throws `variable_missing` and the like before the first trial; what happens to a trial is its result.
 */
export async function executeManifest(
  manifest: RunManifest | readonly RunManifest[],
  options: ExecuteManifestOptions = {},
): Promise<readonly TestResult[]> {
  const manifests: readonly RunManifest[] = 'cases' in manifest ? [manifest] : manifest
  const { signal = never, execute, onResult } = options
  const { cwd, env } = await placeOf(options)
  const [first] = manifests
  if (first === undefined) return []
  if (execute === undefined) refuseUnpublished(manifests)
  const runId = createRunId(new Date(now()))
  const heads = execute === undefined ? manifests : manifests.map(withoutServer)
  const stage = await openStage(heads, { cwd, env })
  const closing: (() => Promise<unknown>)[] = [() => stage.close()]
  try {
    if (execute === undefined) closing.push(...(await setUp({ stage, runId }, { cwd, env, signal })))
    const own = manifests.map(({ prices }) => execute && functionTarget(execute, { clock: systemClock, prices }))
    const handler = trialHandler({
      runId,
      heads: stage.heads,
      clock: systemClock,
      refusals: createRefusals(),
      target: (index) => (own[index] === undefined ? stage.target(index) : Promise.resolve(own[index])),
      evaluate: (index, answered, within) => stage.evaluator(index).evaluate(answered, within),
      note: () => {},
      settled: () => Promise.resolve(),
      progress: new Map(),
      keep: (output) => Promise.resolve(output),
    })
    const results: (readonly [manifest: number, result: TestResult])[] = []
    const take = (result: TaskResult<TrialOutput, TrialSpec>): void => {
      const taken = toTestResult(result, stage.heads)
      results.push([result.task.payload.manifest, taken])
      onResult?.(taken)
    }
    const tasks: Iterable<Task<TrialSpec>> = storedTrials(manifests)
    const { timeoutSeconds: _ofTrials, ...policy } = first.execution
    const batchSize = batchSizeFor(first.execution, manifests)
    await executeTasks(tasks, handler, { ...policy, batchSize }, { signal, onResult: take })
    // In the order of the plan its first variant comes first, and is the baseline of whoever compares them.
    return results.toSorted(([one], [other]) => one - other).map(([, result]) => result)
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

/** A manifest for a function: nobody needs the key of a server that is not called. */
function withoutServer(manifest: RunManifest): RunManifest {
  const { server, workflow, variant, ...rest } = manifest
  const { id, parameters, timeoutSeconds = server?.timeoutSeconds } = workflow
  return {
    ...rest,
    workflow: { id, parameters, timeoutSeconds, server: '', target: 'module', file: '.', export: 'execute' },
    variant: { ...variant, keys: {}, versions: {} },
  }
}

interface Opened {
  readonly stage: Stage
  readonly runId: string
}

/** Starts the servers and publishes the descriptions that manifests ask for; gives what ends both. */
async function setUp(
  { stage, runId }: Opened,
  where: Pick<Surroundings, 'cwd' | 'env' | 'signal'>,
): Promise<(() => Promise<unknown>)[]> {
  const servers = await startServers(stage.heads, where)
  try {
    const folder = join(tmpdir(), `greenloop-${runId}`)
    const publishing = { heads: stage.heads, runId, folder, memory: join(folder, 'published.json') }
    const publication = await publishHeads(publishing, where)
    stage.use(publication.versions)
    return [() => servers.close(), () => publication.cleanup(), () => rm(folder, { recursive: true, force: true })]
  } catch (error) {
    await servers.close()
    throw error
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
