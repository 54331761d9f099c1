import { GreenloopError } from '../domain/errors.ts'
import type { RepairResult } from '../domain/repair.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { TaskResult } from '../domain/task.ts'
import { readEarlier } from './earlier.ts'
import type { ExperimentResult } from './experiment.ts'
import type { Reported } from './execution.ts'
import { generateTests, runPipeline } from './pipeline.ts'
import type { PipelineInput, PipelineResult, Validated } from './pipeline.ts'
import { leaseMs } from './recording.ts'
import type { Resumption, StoredInput } from './resumption.ts'
import { runTests } from './run.ts'
import type { RunInput } from './run.ts'
import { isOver } from './standing.ts'
import { findRun, namedStore, openRunStore, thisProcess } from './store.ts'
import type { Surroundings } from './surroundings.ts'
import type { TrialResult } from './trial.ts'

/** What came of a run that was resumed, by its kind. */
export type ResumedRun =
  | { readonly kind: 'execute'; readonly result: Reported }
  | { readonly kind: 'pipeline'; readonly result: PipelineResult }
  | { readonly kind: 'generate'; readonly result: Validated }
  | { readonly kind: 'trial'; readonly result: TrialResult }
  | { readonly kind: 'experiment'; readonly result: ExperimentResult }
  | { readonly kind: 'repair'; readonly result: RepairResult }

/**
 * Goes on with a run that was broken off, where it stood: what is finished is not done again. Throws `run_unknown`, and
 * `run_conflict` where it is over or another process works on it.
 */
export async function resumeRun(
  id: string,
  where: Surroundings,
  onResult?: (result: TaskResult) => void,
): Promise<ResumedRun> {
  const store = await openRunStore(await namedStore(where))
  const run = await findRun(store, id).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  if (run.kind === 'trial' || run.kind === 'experiment' || run.kind === 'repair') {
    try {
      refuseOver(run)
      if (run.kind === 'trial') {
        const { resumeTrial } = await import('./trial.ts')
        return { kind: 'trial', result: await resumeTrial(store, run, { where, onResult }) }
      }
      if (run.kind === 'repair') {
        const { resumeRepair } = await import('./repair.ts')
        return { kind: 'repair', result: await resumeRepair(store, run, { audience: {}, where }) }
      }
      const { resumeExperiment } = await import('./experiment.ts')
      return { kind: 'experiment', result: await resumeExperiment(store, run, { where, onTrial: onResult }) }
    } finally {
      await store.close()
    }
  }
  return goOn(await claimAgain(store, run), where)
}

async function goOn(resumed: Resumption, where: Surroundings): Promise<ResumedRun> {
  const { kind } = resumed.run
  const { cwd, flags, input } = resumed.run.input as StoredInput<unknown>
  // The command as it was given, in the surroundings of today.
  const within = { ...where, cwd, flags: { ...flags, ...where.flags } }
  switch (kind) {
    case 'execute':
      return { kind, result: await runTests(input as RunInput, within, resumed) }
    case 'pipeline':
      return { kind, result: await runPipeline(input as PipelineInput, within, resumed) }
    case 'generate':
      return { kind, result: await generateTests(input as PipelineInput, within, resumed) }
    case 'trial':
    case 'experiment':
    case 'repair':
      throw new GreenloopError('run_conflict', `a run of kind ${kind} is not resumed here`)
  }
}

async function claimAgain(store: RunStore, run: StoredRun): Promise<Resumption> {
  try {
    refuseOver(run)
    const claimed = await store.claim(run.id, thisProcess(), leaseMs)
    if (claimed === undefined) throw new GreenloopError('run_conflict', `another process works on the run ${run.id}`)
    // A run that was handed in and never begun has left nothing.
    return { store, run: claimed, earlier: claimed.epoch === 1 ? undefined : await readEarlier(store, run.id) }
  } catch (error) {
    await store.close()
    throw error
  }
}

function refuseOver(run: StoredRun): void {
  if (!isOver(run)) return
  const verdict = run.verdict === undefined ? '' : ` (${run.verdict})`
  throw new GreenloopError('run_conflict', `the run ${run.id} is over: ${run.state}${verdict}`, {
    why: 'only a run that was broken off can be resumed',
    help: `greenloop runs show ${run.id}`,
  })
}
