import { resolve } from 'node:path'
import { reportExperiment } from './experiment.ts'
import type { ExperimentResult } from './experiment.ts'
import { findRun, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** Writes the reports of an experiment of the store once more: into its own folder, or into another one. */
export function reportById(id: string, out: string | undefined, where: Surroundings): Promise<ExperimentResult> {
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    const folder = out === undefined ? (run.folder ?? resolve(where.cwd, 'artifacts', run.id)) : resolve(where.cwd, out)
    return reportExperiment(store, run, { folder, where })
  })
}
