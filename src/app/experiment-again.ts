import { join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { createRedactor } from '../lib/redact.ts'
import { withDotEnv } from './dot-env.ts'
import { preparePlan } from './experiment-prepare.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { rejudge } from './experiment-rejudge.ts'
import { reportRun } from './experiment-report.ts'
import type { ExperimentReport } from './experiment-report.ts'
import type { ExperimentResult } from './experiment.ts'
import { openStage } from './experiment-stage.ts'
import { isOver } from './standing.ts'
import { findRun, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** What is reported once more, and where to. */
export interface ReportAgain {
  /** Id of the run, the beginning of it, or `latest`. */
  readonly id: string
  /** Folder, relative to the working folder; that of the run unless set, and `rejudged` in it with a plan. */
  readonly out?: string | undefined
  /** Plan whose checks judge the recorded answers anew. */
  readonly plan?: string | undefined
}

/**
 * Writes the reports of an experiment of the store once more. With a plan the recorded answers are judged by its checks and
 * compared by its gates: no workflow is called, and the record stays as it is.
 */
export async function reportAgain({ id, out, plan }: ReportAgain, around: Surroundings): Promise<ExperimentResult> {
  const where = await withDotEnv(around)
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    if (run.kind !== 'experiment') {
      throw new GreenloopError('usage_invalid', `the run ${run.id} is no experiment but a run of kind ${run.kind}`)
    }
    const own = run.folder ?? resolve(where.cwd, 'artifacts', run.id)
    const folder = out === undefined ? (plan === undefined ? own : join(own, 'rejudged')) : resolve(where.cwd, out)
    const report =
      plan === undefined
        ? await reportRun({ store, run, folder, redact: await redactorFor(run, where) }, await conclusionOf(store, run))
        : await judgeAgain({ store, run, folder, own, plan }, where)
    return { ...report, run, folder }
  })
}

interface JudgingAgain {
  readonly store: RunStore
  readonly run: StoredRun
  readonly folder: string
  /** Folder of the run, where large answers lie. */
  readonly own: string
  readonly plan: string
}

async function judgeAgain(
  { store, run, folder, own, plan }: JudgingAgain,
  where: Surroundings,
): Promise<ExperimentReport> {
  const { manifests, warnings } = await preparePlan(plan, {}, where)
  for (const warning of warnings) where.onStep?.(warning)
  const rejudged = await rejudge({ store, run, folder: own, manifests }, where)
  try {
    const redact = await redactorFor(run, where)
    return await reportRun({ store, run, folder, redact, rejudged }, await conclusionOf(store, run))
  } finally {
    await rejudged.close()
  }
}

/** Keys may be gone by now, and then there is nothing to look for. */
async function redactorFor(run: StoredRun, where: Surroundings): Promise<(text: string) => string> {
  const { manifests } = run.input as ExperimentRecord
  const stage = await openStage(manifests, where).catch(() => undefined)
  const redactor = createRedactor(stage?.secrets ?? [])
  await stage?.close()
  return redactor.text
}

async function conclusionOf(store: RunStore, run: StoredRun) {
  const stopped = isOver(run) ? undefined : { kind: 'cancelled' as const, message: 'the run is not over' }
  return { statistics: await store.counts(run.id), stopped }
}
