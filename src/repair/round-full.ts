import { GreenloopError } from '../domain/errors.ts'
import type { ForgePipeline } from '../domain/forge.ts'
import type { GuardFinding, RepairState } from '../domain/repair.ts'
import type { RepairContext } from './repair-context.ts'
import { known } from './repair-state.ts'

/**
 * A pipeline of the pushed commit with all its jobs, where a green one left some out. The first push of a branch runs jobs with
 * `rules:changes` whatever it changes, a further push only those whose paths it touches, and one that is started by hand runs
 * them all again. `undefined` where no job is missing, or there was one like that already.
 */
export async function fullPipeline(
  state: RepairState,
  findings: readonly GuardFinding[],
  { world, signal }: RepairContext,
): Promise<ForgePipeline | undefined> {
  if (!findings.some(({ code }) => code === 'lost_job')) return undefined
  const { forge } = world
  const [projectId, ref, sha] = [known(state.projectId), known(state.branch), known(state.pushedSha)]
  const isOfCommit = (pipeline: ForgePipeline): boolean => pipeline.sha === sha
  const there = (await forge.pipelines(projectId, { sha, ref }, signal)).filter(isOfCommit)
  const started = there.find(({ source }) => source === 'api')
  if (started !== undefined) return isSeen(state, started) ? undefined : started
  try {
    const made = await forge.createPipeline(projectId, ref, signal)
    return isOfCommit(made) ? made : undefined
  } catch (error) {
    if (error instanceof GreenloopError && error.code === 'forge_rejected') return undefined
    throw error
  }
}

function isSeen({ pipelineId, greenPipelines = [] }: RepairState, { id }: ForgePipeline): boolean {
  return id === pipelineId || greenPipelines.includes(id)
}
