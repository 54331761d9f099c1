import { endWith, known } from './repair-state.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { MergeRequest } from '../domain/forge.ts'
import { repositoryOf } from './repair-context.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'

/**
 * Looks whether branch and merge request are as the run left them. Gives the end where a person closed the merge request;
 * throws `repair_conflict` where somebody else pushed.
 */
export async function takenAway(state: RepairState, context: RepairContext): Promise<RepairState | undefined> {
  const { world, signal } = context
  const branch = known(state.branch)
  const head = await (await repositoryOf(state, context)).remoteHead(branch, signal)
  if (head !== state.pushedSha) {
    const what = head === undefined ? 'is gone' : `stands at ${head.slice(0, 12)}`
    const ours = state.pushedSha?.slice(0, 12) ?? 'nothing'
    throw new GreenloopError('repair_conflict', `the branch ${branch} ${what}, and the run left it at ${ours}`, {
      help: 'Start a new run when you are done with the branch.',
    })
  }
  if (state.mergeRequest === undefined) return undefined
  const request = await world.forge.mergeRequest(known(state.projectId), state.mergeRequest.iid, signal)
  return closedBy(state, request)
}

/** The end where a person closed or merged the merge request, or deleted it. */
export function closedBy(state: RepairState, request: MergeRequest | undefined): RepairState | undefined {
  if (request?.state === 'opened' || request?.state === 'locked') return undefined
  const what = request === undefined ? 'deleted' : request.state
  return endWith(state, {
    end: 'cancelled',
    reason: `the merge request was ${what} while the run worked on it`,
    advice: 'Start a new run if the branch should be repaired after all.',
  })
}
