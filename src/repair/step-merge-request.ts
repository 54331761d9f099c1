import { closedBy } from './repair-ours.ts'
import { codeSpan } from './story-text.ts'
import { GreenloopError } from '../domain/errors.ts'
import { known, move } from './repair-state.ts'
import type { MergeRequest, NewMergeRequest } from '../domain/forge.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import { capHead } from '../lib/plain-text.ts'

/** Opens the merge request of the branch as a draft; one that is there is kept. */
export const mergeRequestOpen: Step = async (state, context) => {
  const { world, signal } = context
  const projectId = known(state.projectId)
  if (state.mergeRequest !== undefined) {
    const now = await world.forge.mergeRequest(projectId, state.mergeRequest.iid, signal)
    return closedBy(state, now) ?? move(state, 'waiting_pipeline')
  }
  const there = await world.forge.findMergeRequest(projectId, known(state.branch), signal)
  if (there !== undefined) return closedBy(state, there) ?? opened(state, there)
  const made = await openOne(state, context)
  return made === undefined ? move(state, 'waiting_pipeline') : opened(state, made)
}

function opened(state: RepairState, { iid, webUrl }: MergeRequest): RepairState {
  return move(state, 'waiting_pipeline', { mergeRequest: { iid, webUrl } })
}

/** `undefined` where the host wants none yet, because the branch has no change of its own. */
async function openOne(state: RepairState, { world, signal }: RepairContext): Promise<MergeRequest | undefined> {
  try {
    return await world.forge.openMergeRequest(known(state.projectId), requestOf(state, world.runId), signal)
  } catch (error) {
    const isEmpty = state.pushedSha === state.baseSha
    if (isEmpty && error instanceof GreenloopError && error.code === 'forge_rejected') return undefined
    throw error
  }
}

function requestOf(state: RepairState, runId: string): NewMergeRequest {
  const target = known(state.targetBranch)
  return {
    sourceBranch: known(state.branch),
    targetBranch: target,
    title: capHead(`Draft: Repair the pipeline of ${target}`, 200),
    description: [
      `Greenloop repairs the pipeline of ${codeSpan(target)} here. It changes source files alone: tests, pipeline and settings are protected by mechanical guards.`,
      'The merge request stays a draft until its pipeline is green with all its tests. Greenloop never merges. A comment below tells each round.',
      `<!-- greenloop:${runId} -->`,
    ].join('\n\n'),
  }
}
