import { createDelays } from './dev-delays.ts'
import { settleJob, tryAgain } from './dev-job-end.ts'
import { nextStatuses } from './dev-next.ts'
import type { DevJob } from './dev-records.ts'
import { createRuns } from './dev-runs.ts'
import { compositeStatus, isFinished } from './dev-status.ts'
import type { DevTraces } from './dev-traces.ts'
import { findPipeline, jobsOf, latestJobs } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Runs the jobs of all pipelines, a few at a time. */
export interface DevScheduler {
  /** Looks what may begin in a pipeline and what it is now. To be called after every change of its jobs. */
  advance(pipelineId: number): void
  /** Ends a job; one that runs ends as soon as its processes are gone. */
  cancel(job: DevJob): void
  /** Takes up what was running when the server ended before. */
  resume(): void
  /** Ends all jobs, which run again after the next start. */
  stop(): Promise<void>
}

/** What the scheduler is made of. */
interface SchedulerParts {
  readonly world: DevWorld
  readonly traces: DevTraces
  /** Jobs that run at once. */
  readonly concurrentJobs: number
  /** Makes the child pipeline of a bridge; gives its number, or why there is none. */
  readonly startChild: (bridge: DevJob) => Promise<number | string>
}

/** Makes the scheduler; nothing runs before `resume` or `advance`. */
export function createScheduler(parts: SchedulerParts): DevScheduler {
  const { world } = parts
  const update = (pipelineId: number): void => {
    const bridge = updatePipeline(world, pipelineId)
    if (bridge !== undefined) advance(bridge.pipelineId)
  }
  const runs = createRuns({
    ...parts,
    onBegin: ({ pipelineId }) => update(pipelineId),
    onEnd: (job, end) => {
      settleJob(world, job, end)
      tryAgain(world, job)
      advance(job.pipelineId)
    },
  })
  const wait = createDelays(world, ({ pipelineId }) => advance(pipelineId))
  const advance = (pipelineId: number): void => {
    const pipeline = findPipeline(world, pipelineId)
    if (world.signal.aborted || pipeline === undefined) return
    stepJobs(world, pipelineId, pipeline.stages)
    for (const job of latestJobs(world, pipelineId)) {
      if (job.status === 'scheduled') wait(job)
      // One that waits as its child does has started it already.
      if (job.status === 'pending' && job.trigger !== undefined && job.downstream === undefined) void bridge(job)
    }
    update(pipelineId)
    world.store.changed()
    runs.pump()
  }
  const bridge = async (job: DevJob): Promise<void> => {
    job.status = 'running'
    job.startedAt = world.clock.now()
    const child = await parts.startChild(job).catch((error: unknown) => String(error))
    if (world.signal.aborted) return
    linkChild(world, job, child)
    advance(job.pipelineId)
    if (typeof child === 'number') advance(child)
  }
  return {
    advance,
    cancel: (job) => {
      if (runs.abort(job)) job.status = 'canceling'
      else settleJob(world, job, { outcome: 'cancelled' })
    },
    resume: () => {
      reviveRunning(world)
      for (const { id, status } of world.store.state.pipelines) if (!isFinished(status)) advance(id)
    },
    stop: () => runs.stop(),
  }
}

/** Gives jobs their next status until nothing more follows. */
function stepJobs(world: DevWorld, pipelineId: number, stages: readonly string[]): void {
  const jobs = latestJobs(world, pipelineId)
  for (let step = 0; step <= jobs.length; step++) {
    const next = nextStatuses(jobs, stages)
    if (next.size === 0) return
    for (const job of jobs) {
      job.status = next.get(job.id) ?? job.status
      if (next.get(job.id) === 'scheduled') job.scheduledAt = world.clock.now() + (job.startInMs ?? 0)
    }
  }
}

/** Writes down what became of a bridge's child; a bridge that waits for it ends with it. */
function linkChild(world: DevWorld, job: DevJob, child: number | string): void {
  const failureReason = 'downstream_pipeline_creation_failed'
  if (typeof child === 'string') {
    world.log(`bridge ${job.id} (${job.name}): ${child}`)
    return settleJob(world, job, { outcome: 'failed', failureReason })
  }
  job.downstream = child
  if (job.trigger?.isDepended !== true) settleJob(world, job, { outcome: 'success' })
}

/** Jobs that ran when the server ended run again, under the same numbers. */
function reviveRunning(world: DevWorld): void {
  for (const job of world.store.state.jobs) {
    if (job.status === 'canceling') job.status = 'canceled'
    if (job.status === 'running' && job.downstream === undefined) job.status = 'pending'
  }
}

/** Brings the status of a pipeline up to date. Gives the bridge that has started it, where that changed with it. */
function updatePipeline(world: DevWorld, pipelineId: number): DevJob | undefined {
  const pipeline = findPipeline(world, pipelineId)
  if (pipeline === undefined || pipeline.yamlErrors !== undefined) return undefined
  const before = pipeline.status
  const now = world.clock.now()
  pipeline.status = compositeStatus(latestJobs(world, pipelineId))
  const starts = jobsOf(world, pipelineId).flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]))
  pipeline.startedAt = starts.length === 0 ? undefined : Math.min(...starts)
  if (before !== pipeline.status) pipeline.updatedAt = now
  pipeline.finishedAt = isFinished(pipeline.status) ? (pipeline.finishedAt ?? now) : undefined
  const bridge = world.store.state.jobs.find(({ id }) => id === pipeline.parentJob)
  if (bridge?.trigger?.isDepended !== true || bridge.downstream !== pipelineId) return undefined
  const status = pipeline.status === 'created' ? 'running' : pipeline.status
  if (bridge.status === status) return undefined
  bridge.status = status
  bridge.finishedAt = pipeline.finishedAt
  return bridge
}
