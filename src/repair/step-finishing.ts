import { isActive } from './jobs.ts'
import { known, move } from './repair-state.ts'
import { lastActs } from './repair-deadline.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairWorld } from './world.ts'
import { tellStory } from './story-tell.ts'

/** Tells the end in the merge request; what was stopped has ten seconds for that, and for cancelling its own pipeline. */
export const finishing: Step = async (state, context) => {
  if (state.end === 'succeeded') return succeeded(state, context)
  await lastActs(context.world.clock, async (signal) => {
    const isStopped = state.end === 'timed_out' || state.end === 'cancelled'
    if (isStopped) await attempt(context.world, cancelOurs(state, context.world, signal))
    await attempt(context.world, tellStory(state, context.world, signal))
  }).catch((error: unknown) => told(context.world, error))
  return move(state, 'done')
}

async function succeeded(state: RepairState, { world, signal }: RepairContext): Promise<RepairState> {
  await publish(state, world, signal)
  return move(state, 'done')
}

/** The end of a run that was stopped, or refused, while it told its end: what was decided stays, and is tried once more. */
export async function finishLate(state: RepairState, world: RepairWorld): Promise<RepairState> {
  await attempt(
    world,
    lastActs(world.clock, (signal) => publish(state, world, signal)),
  )
  return move(state, 'done')
}

async function publish(state: RepairState, world: RepairWorld, signal: AbortSignal): Promise<void> {
  await tellStory(state, world, signal)
  const isGreen = state.end === 'succeeded' && state.pushedSha !== state.baseSha
  if (isGreen && state.mergeRequest !== undefined) await undraft(state, world, signal)
}

async function undraft(state: RepairState, { forge }: RepairWorld, signal: AbortSignal): Promise<void> {
  const at = { projectId: known(state.projectId), iid: known(state.mergeRequest).iid }
  const request = await forge.mergeRequest(at.projectId, at.iid, signal)
  if (request?.state !== 'opened' || request.sha !== state.pushedSha) return
  const title = request.title.replace(/^(?:draft|wip): ?/i, '')
  if (title !== request.title) await forge.updateMergeRequest(at, { title }, signal)
}

/** Cancels pipelines of the commit that we pushed, on our branch alone. */
async function cancelOurs(state: RepairState, { forge }: RepairWorld, signal: AbortSignal): Promise<void> {
  const { projectId, pushedSha, branch, mergeRequest } = state
  if (projectId === undefined || pushedSha === undefined || branch === undefined) return
  const query = { sha: pushedSha, ref: branch, mergeRequest: mergeRequest?.iid }
  const refs = [branch, ...['head', 'merge'].map((kind) => `refs/merge-requests/${mergeRequest?.iid}/${kind}`)]
  for (const pipeline of await forge.pipelines(projectId, query, signal)) {
    const isOurs = pipeline.sha === pushedSha && refs.includes(pipeline.ref)
    if (isOurs && isActive(pipeline.status)) await forge.cancelPipeline(pipeline.projectId, pipeline.id, signal)
  }
}

/** The end stands, whether or not it can be told. */
async function attempt(world: RepairWorld, act: Promise<void>): Promise<void> {
  await act.catch((error: unknown) => told(world, error))
}

function told(world: RepairWorld, error: unknown): void {
  const text = `the end could not be told on the host: ${error instanceof Error ? error.message : String(error)}`
  world.emit({ kind: 'step', text })
}
