import type { DevJob, DevMergeRequest, DevPipeline } from './dev-records.ts'
import { findPipeline, headPipeline } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** How long an awkward host shows what was before, in milliseconds, more or less. */
const lagMs = 800
/** How long the last part of a trace is missing after its job has ended. */
const traceLagMs = 1200
const cutBytes = 400

const stale = new WeakMap<DevJob | DevPipeline, { readonly until: number; readonly status: string }>()

/** Has an awkward host show the status of now for a little longer. To be called before the change. */
export function keepShowing(world: DevWorld, record: DevJob | DevPipeline): void {
  if (world.isAwkward)
    stale.set(record, { until: world.clock.now() + lagMs * (0.5 + world.random()), status: record.status })
}

/** Status as it is shown. */
export function shownStatus(world: DevWorld, record: DevJob | DevPipeline): string {
  const old = stale.get(record)
  return old !== undefined && world.clock.now() < old.until ? old.status : record.status
}

/** Status of a pipeline for whoever asks for it alone: the next word of the project's script, where there is one. */
export function scriptedStatus(world: DevWorld, pipeline: DevPipeline): string {
  const project = world.store.state.projects.find(({ id }) => id === pipeline.projectId)
  return project?.options.statusScript?.shift() ?? shownStatus(world, pipeline)
}

/** Trace as it is shown: without its end for a moment after the job has ended. */
export function shownTrace(world: DevWorld, job: DevJob, trace: Buffer): Buffer {
  const isLate = world.isAwkward && job.finishedAt !== undefined && world.clock.now() < job.finishedAt + traceLagMs
  return isLate ? trace.subarray(0, Math.max(0, trace.length - cutBytes)) : trace
}

/** Head pipeline as it is shown: none for a moment after the commit has changed, then that of before, then the right one. */
export function shownHead(world: DevWorld, request: DevMergeRequest): DevPipeline | undefined {
  if (!isSettling(world, request)) return headPipeline(world, request)
  const { state } = world.store
  const before = state.pipelines.findLast(
    ({ ref, projectId, sha }) => projectId === request.projectId && ref === request.sourceBranch && sha !== request.sha,
  )
  return before === undefined ? undefined : findPipeline(world, before.id)
}

/** Whether the host still works out what a merge request's new commit means. */
export function isSettling(world: DevWorld, request: DevMergeRequest): boolean {
  return world.isAwkward && world.clock.now() < request.changedAt + lagMs
}
