import { resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { NewRun, RunEnding, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Handler, TaskResult } from '../domain/task.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { carryOut, submitTasks } from '../engine/recorded.ts'
import type { Note } from '../engine/recorded.ts'
import { batchSizeFor } from '../experiment/order.ts'
import { trialHandler } from '../experiment/trial.ts'
import { createRefusals } from '../experiment/trial-refusals.ts'
import { now, systemClock } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { createRedactor } from '../lib/redact.ts'
import { withDotEnv } from './dot-env.ts'
import { refuseMissingFunctions } from './experiment-functions.ts'
import { tellingWaits } from './experiment-patience.ts'
import { preparePlan, prepareManifests } from './experiment-prepare.ts'
import type { ExperimentOverrides } from './experiment-prepare.ts'
import { keepLarge, progressOf, recordOf, storedTrials } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { checkGates, reportRun } from './experiment-report.ts'
import type { ExperimentReport } from './experiment-report.ts'
import { startServers } from './experiment-servers.ts'
import { judgePairs } from './experiment-preference.ts'
import { publishHeads, publishMemory, refuseUnpublished } from './experiment-publish.ts'
import { openStage } from './experiment-stage.ts'
import type { Stage } from './experiment-stage.ts'
import { liveEvents } from './live-events.ts'
import { leaseMs } from './recording.ts'
import { checkedRunId, makeRunDir } from './run-folder.ts'
import { readSettings } from './settings.ts'
import { isOver } from './standing.ts'
import { isShared, namedStore, openRunStore, thisProcess } from './store.ts'
import type { Surroundings } from './surroundings.ts'
import { withRunSpan } from './telemetry.ts'
import type { RunSpan } from './telemetry.ts'

/** A plan or a manifest file, and what goes before it. */
export interface ExperimentInput {
  readonly kind: 'plan' | 'manifest'
  /** File, relative to the working folder. */
  readonly path: string
  readonly overrides?: ExperimentOverrides | undefined
  readonly runId?: string | undefined
}

/** An experiment that is over. */
export interface ExperimentResult extends ExperimentReport {
  readonly run: StoredRun
  readonly folder: string
}

/** Who is told of each trial. */
export type OnTrial = (result: TaskResult) => void

/**
 * Runs an experiment: its trials in randomised blocks under one policy, each on record at once; then the comparison and the
 * reports. Throws for what keeps it from running (`plan_invalid`, `variable_missing` …); a gate that fails is a value.
 */
export async function runExperiment(
  input: ExperimentInput,
  around: Surroundings,
  onTrial?: OnTrial,
): Promise<ExperimentResult> {
  const where = await withDotEnv(around)
  const at = await namedStore(where)
  refuseShared(at)
  const run = await handInExperiment(input, at, where)
  const store = await openRunStore(at)
  try {
    return await carryOutExperiment(store, run, { where, onTrial })
  } finally {
    await store.close()
  }
}

/** Puts an experiment on record with all its trials; gives its id. From then on its cases are in the store alone. */
export async function handInExperiment(
  { by, ...input }: ExperimentInput & { readonly by?: string | undefined },
  at: string,
  where: Surroundings,
): Promise<string> {
  const manifests = await manifestsOf(input, where)
  const [first] = manifests
  if (first === undefined)
    throw new GreenloopError('plan_invalid', 'there is nothing to try: no workflow or no variant')
  const { settings } = await readSettings(where)
  const record = recordOf(manifests)
  checkGates(
    manifests.flatMap(({ gates }) => gates),
    manifests,
  )
  refuseUnpublished(record.manifests)
  await refuseMissingFunctions(manifests)
  const id = checkedRunId(input.runId) ?? createRunId(new Date(now()))
  const folder = resolve(where.cwd, settings.artifacts, id)
  // What is not set is said before there is a run.
  await (await openStage(record.manifests, where)).close()
  const { timeoutSeconds: _ofTrials, ...execution } = first.execution
  const policy = { ...execution, batchSize: batchSizeFor(first.execution, manifests) }
  const run: NewRun = { id, kind: 'experiment', title: record.title, input: { ...record, by }, policy, folder }
  const store = await openRunStore(at)
  try {
    await makeRunDir(folder)
    where.onRun?.(id, folder)
    await submitTasks(store, run, storedTrials(manifests))
    return id
  } finally {
    await store.close()
  }
}

async function manifestsOf(
  { kind, path, overrides = {} }: ExperimentInput,
  where: Surroundings,
): Promise<readonly RunManifest[]> {
  if (kind === 'manifest') return prepareManifests(path, overrides, where)
  const { manifests, warnings } = await preparePlan(path, overrides, where)
  for (const warning of warnings) where.onStep?.(warning)
  return manifests
}

function refuseShared(at: string): void {
  if (!isShared(at)) return
  throw new GreenloopError('usage_invalid', 'experiments are recorded in an embedded store so far', {
    help: 'leave out --database, or name a file with --store',
  })
}

/** Goes on with an experiment that was broken off. Calls whose end nobody saw are looked up, not sent again. */
export async function resumeExperiment(
  store: RunStore,
  run: StoredRun,
  { where, onTrial }: { readonly where: Surroundings; readonly onTrial?: OnTrial | undefined },
): Promise<ExperimentResult> {
  if (run.taskCount === undefined) {
    throw new GreenloopError('run_conflict', `not all trials of the run ${run.id} were handed in`, {
      why: 'its process ended before, and nothing was spent',
      help: 'run the plan again',
    })
  }
  where.onRun?.(run.id, run.folder ?? '')
  return carryOutExperiment(store, run.id, { where: await withDotEnv(where), onTrial })
}

async function carryOutExperiment(
  store: RunStore,
  id: string,
  { where, onTrial }: { readonly where: Surroundings; readonly onTrial?: OnTrial | undefined },
): Promise<ExperimentResult> {
  const run = await store.claim(id, thisProcess(), leaseMs)
  if (run === undefined) {
    throw new GreenloopError('run_conflict', `another process works on the run ${id}`, {
      help: `greenloop runs show ${id}`,
    })
  }
  const work = (span: RunSpan): Promise<ExperimentResult> =>
    carryOutClaimed(store, run, { where: { ...where, env: { ...where.env, ...span.env } }, onTrial })
  return withRunSpan({ id, kind: run.kind, title: run.title }, where.env, { work, ending: endingOf })
}

async function carryOutClaimed(
  store: RunStore,
  run: StoredRun,
  { where, onTrial }: { readonly where: Surroundings; readonly onTrial?: OnTrial | undefined },
): Promise<ExperimentResult> {
  const { id } = run
  const record = run.input as ExperimentRecord
  const folder = run.folder ?? resolve(where.cwd, 'artifacts', id)
  const stage = await openStage(record.manifests, where)
  const closing: (() => Promise<unknown>)[] = [() => stage.close()]
  try {
    const publication = await unlessBegun({ store, run, signal: where.signal }, async () => {
      const servers = await startServers(stage.heads, { ...where, runId: id })
      closing.push(() => servers.close())
      const memory = publishMemory(await namedStore(where), id)
      return await publishHeads({ heads: stage.heads, runId: id, folder, memory }, where)
    })
    stage.use(publication.versions)
    try {
      const report = await carryOutTrials({ store, run, stage, folder }, { where, onTrial })
      return { ...report, run: (await store.find(id)) ?? run, folder }
    } finally {
      // A run that was broken off goes on with what was published for it.
      const left = isOver((await store.find(id)) ?? run) ? await publication.cleanup() : []
      for (const text of left) where.onStep?.(`left behind: ${text}`)
    }
  } finally {
    for (const close of closing) await close()
  }
}

/** Does what goes before the first trial. A run that fails at it has spent nothing, and is over. */
async function unlessBegun<T>(
  { store, run, signal }: { readonly store: RunStore; readonly run: StoredRun; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const ending: RunEnding = signal.aborted
      ? { state: 'cancelled', exitCode: 130, reason }
      : { state: 'failed', reason }
    // Who resumes a run may try again.
    if (run.epoch === 1) await store.end(run.id, ending, run.epoch)
    throw error
  }
}

/** Most trials are calls that can be found again, and did not take their process with them. */
const maxBrokenOff = 10

async function carryOutTrials(
  { store, run, stage, folder }: Omit<Trying, 'redact' | 'onStep'>,
  { where, onTrial }: { readonly where: Surroundings; readonly onTrial?: OnTrial | undefined },
): Promise<ExperimentReport> {
  const redactor = createRedactor(stage.secrets)
  let report: ExperimentReport | undefined
  let write: Note = () => {}
  let settled = (): Promise<void> => Promise.resolve()
  const note: Note = (kind, data) => write(kind, redactor.deep(data))
  const noting = { note, settled: () => settled() }
  const live = liveEvents({ put: (kind, data) => write(kind, data), total: run.taskCount })
  const trying = { store, run, stage, folder, redact: redactor.deep, onStep: where.onStep }
  const handler = await handlerOf(trying, noting)
  await carryOut(run, handler as Handler, {
    parts: { store, clock: systemClock, leaseMs },
    options: {
      signal: where.signal,
      onResult: (result) => {
        live.onResult(result)
        onTrial?.(result)
      },
      maxBrokenOff,
      onNotes: (given, untilWritten) => {
        write = given
        settled = untilWritten
      },
      ending: async (conclusion) => {
        live.close()
        const isCancelled = conclusion.stopped !== undefined
        const judging = { store, run, stage, note, signal: where.signal }
        const judged = isCancelled ? undefined : await judgePairs(judging)
        where.onStep?.('comparing the variants')
        const source = { store, run, folder, redact: redactor.text, preferences: judged?.notes }
        const stopped = conclusion.stopped ?? judged?.stopped
        report = await reportRun(source, { ...conclusion, stopped }).catch((error: unknown) => {
          throw onRecord(error, run.id)
        })
        return endingOf(report)
      },
    },
  })
  if (report === undefined) throw new GreenloopError('internal', 'the experiment ended without a report')
  return report
}

/** Reports that cannot be written are no loss. */
function onRecord(error: unknown, id: string): unknown {
  if (!(error instanceof GreenloopError) || error.code !== 'artifact_failed') return error
  return new GreenloopError(error.code, error.message, {
    cause: error,
    why: 'all results are on record',
    help: `make room, then: greenloop experiment report ${id}, with --out for another folder`,
  })
}

interface Trying {
  readonly store: RunStore
  readonly run: StoredRun
  readonly stage: Stage
  readonly folder: string
  readonly redact: <T>(value: T) => T
  readonly onStep: Surroundings['onStep']
}

async function handlerOf(
  { store, run, stage, folder, redact, onStep }: Trying,
  { note, settled }: { readonly note: Note; readonly settled: () => Promise<void> },
): Promise<Handler<TrialSpec, TrialOutput>> {
  return trialHandler({
    runId: run.id,
    heads: stage.heads,
    clock: systemClock,
    refusals: tellingWaits(createRefusals(), onStep),
    target: stage.target,
    evaluate: (manifest, answered, signal) => stage.evaluator(manifest).evaluate(answered, signal),
    note: (kind, data) => note(kind, { text: `${kind} ${data.task}`, ...data }),
    settled,
    progress: await progressOf(store, run.id),
    keep: (output) => keepLarge(redact(output), folder, (text) => note('task', { text })),
  })
}

function endingOf({ verdict, exitCode, reason }: ExperimentReport): RunEnding {
  return { state: verdict === 'cancelled' ? 'cancelled' : 'finished', verdict, exitCode, reason }
}
