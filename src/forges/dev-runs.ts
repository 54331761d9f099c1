import type { CiJobEnd } from './ci.ts'
import type { DevJob } from './dev-records.ts'
import { runDevJob } from './dev-run-job.ts'
import type { DevTraces } from './dev-traces.ts'
import { projectOf } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Jobs that run now. */
export interface DevRuns {
  /** Begins jobs that are `pending`, as many as there is room for. */
  pump(): void
  /** Asks a job to end; false where it does not run. */
  abort(job: DevJob): boolean
  /** Ends all of them and begins no more. */
  stop(): Promise<void>
}

/** What begins and ends jobs. */
export interface RunParts {
  readonly world: DevWorld
  readonly traces: DevTraces
  /** Jobs that run at once. */
  readonly concurrentJobs: number
  readonly onBegin: (job: DevJob) => void
  /** Not called for jobs that `stop` has ended. */
  readonly onEnd: (job: DevJob, end: CiJobEnd) => void
}

interface Running {
  readonly job: DevJob
  readonly controller: AbortController
  readonly done: Promise<void>
}

/** Runs jobs in the order of their numbers; two of one name never run at once in a pipeline. */
export function createRuns({ world, traces, concurrentJobs, onBegin, onEnd }: RunParts): DevRuns {
  const running = new Map<number, Running>()
  let isStopped = false
  const isFree = (job: DevJob): boolean =>
    projectOf(world, job.projectId).options.stuckPending !== true &&
    ![...running.values()].some(({ job: other }) => other.pipelineId === job.pipelineId && other.name === job.name)
  const run = async (job: DevJob, signal: AbortSignal): Promise<void> => {
    const end = await runDevJob(world, { job, traces }, signal)
    running.delete(job.id)
    if (!isStopped) onEnd(job, end)
  }
  const begin = (job: DevJob): void => {
    const controller = new AbortController()
    job.status = 'running'
    job.startedAt = world.clock.now()
    running.set(job.id, { job, controller, done: run(job, controller.signal) })
    onBegin(job)
  }
  return {
    pump: () => {
      for (const job of world.store.state.jobs) {
        if (isStopped || running.size >= concurrentJobs) return
        if (job.status === 'pending' && job.trigger === undefined && isFree(job)) begin(job)
      }
    },
    abort: (job) => {
      const at = running.get(job.id)
      at?.controller.abort(new Error('The job was cancelled.'))
      return at !== undefined
    },
    stop: async () => {
      isStopped = true
      const jobs = [...running.values()]
      for (const { controller } of jobs) controller.abort(new Error('The server was closed.'))
      await Promise.all(jobs.map(({ done }) => done))
    },
  }
}
