import { GreenloopError } from '../domain/errors.ts'
import type { RepairState } from '../domain/repair.ts'
import { currentJobs } from './jobs.ts'
import type { Step } from './repair-context.ts'
import { known, move, withNote } from './repair-state.ts'

/** Runs jobs again, and starts manual ones. A job whose successor is there already is left alone. */
export const retrying: Step = async (state, { world, signal }) => {
  const { forge } = world
  const jobs = currentJobs(await forge.jobs(known(state.projectId), known(state.pipelineId), signal))
  let told = state
  const refused = new Set<number>()
  for (const { id, name } of state.toRetry ?? []) {
    const job = jobs.find((each) => each.id === id)
    const why = job === undefined ? undefined : await refusal(forge.retryJob(job.projectId, id, signal))
    if (why === undefined) continue
    refused.add(id)
    told = withNote(told, `${name} could not be run again: ${why}`)
  }
  for (const name of state.toPlay ?? []) {
    const job = jobs.find((each) => each.name === name && each.status === 'manual')
    const why = job === undefined ? undefined : await refusal(forge.playJob(job.projectId, job.id, signal))
    if (why !== undefined) told = withNote(told, `${name} could not be started: ${why}`)
  }
  return move(told, 'polling', { toPlay: undefined, toRetry: withoutRefused(state, refused) })
}

function withoutRefused({ toRetry }: RepairState, refused: ReadonlySet<number>): RepairState['toRetry'] {
  return toRetry?.filter(({ id }) => !refused.has(id))
}

/** Why the host does not start a job, in its words: not every job may be started, or by everybody. */
async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    const isRefused =
      error instanceof GreenloopError && (error.code === 'forge_rejected' || error.code === 'forge_auth_failed')
    if (!isRefused) throw error
    return error.message
  }
}
