import type { RepairSetup } from '../config/repair-setup.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RepairState } from '../domain/repair.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { openForge } from './repair-world.ts'
import { isOver } from './standing.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Starts a manual job of the pipeline that a repair waits for; gives the address of the job. The configuration is read once it
 * is needed. Throws `run_conflict` where there is no such job, and what the forge throws.
 */
export async function playManualJob(
  { run, state }: { readonly run: StoredRun; readonly state?: RepairState | undefined },
  job: string,
  { read, where }: { readonly read: () => Promise<RepairSetup>; readonly where: Surroundings },
): Promise<string> {
  const none = (why: string) =>
    new GreenloopError('run_conflict', `the run ${run.id} waits for no job \`${job}\``, { why })
  if (isOver(run)) throw none(`it is over: ${run.verdict ?? run.state}`)
  const { projectId, pipelineId } = state ?? {}
  if (projectId === undefined || pipelineId === undefined) throw none('it has no pipeline yet')
  const { it, close } = await openForge(await read(), () => {}, where)
  try {
    const jobs = await it.forge.jobs(projectId, pipelineId, where.signal)
    const found = jobs.find(({ name, status, isRetried }) => name === job && status === 'manual' && !isRetried)
    if (found === undefined) throw none('no manual job of its pipeline has this name')
    return (await it.forge.playJob(found.projectId, found.id, where.signal)).webUrl
  } finally {
    await close()
  }
}
