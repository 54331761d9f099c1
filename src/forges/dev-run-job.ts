import type { CiJobEnd } from './ci.ts'
import type { DevJob } from './dev-records.ts'
import { saveTests } from './dev-job-tests.ts'
import type { DevTraces } from './dev-traces.ts'
import { openWork } from './dev-work.ts'
import { findPipeline, projectOf } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

const defaultTimeoutMs = 3_600_000

/** Runs one job to its end, or lets it fail where the project's options say so. Never throws: what breaks is the runner's failure. */
export async function runDevJob(
  world: DevWorld,
  { job, traces }: { readonly job: DevJob; readonly traces: DevTraces },
  signal: AbortSignal,
): Promise<CiJobEnd> {
  traces.begin(job.id)
  try {
    const planned = plannedFailure(world, job)
    if (planned !== undefined) {
      traces.add(job.id, planned.trace)
      return planned.end
    }
    const pipeline = findPipeline(world, job.pipelineId)
    if (pipeline === undefined) throw new RangeError(`no pipeline ${job.pipelineId}`)
    const context = await openWork(world, pipeline)
    signal.throwIfAborted()
    const end = await world.runner.run(
      { ...context, name: job.name, id: job.id, timeoutMs: job.timeoutMs ?? defaultTimeoutMs },
      (text) => traces.add(job.id, text),
      signal,
    )
    await saveTests(world, job.id, end.tests)
    return end
  } catch (error) {
    if (signal.aborted) return { outcome: 'cancelled', tests: [] }
    const words = error instanceof Error ? error.message : String(error)
    world.log(`job ${job.id} (${job.name}): ${words}`)
    traces.add(job.id, `ERROR: Job failed (system failure): ${words}\n`)
    return { outcome: 'failed', failureReason: 'runner_system_failure', tests: [] }
  } finally {
    await traces.end(job.id)
  }
}

/** A failure that options ask for; each lasts as many runs of the job's name as they say. */
function plannedFailure(world: DevWorld, job: DevJob): { readonly trace: string; readonly end: CiJobEnd } | undefined {
  const { options } = projectOf(world, job.projectId)
  if (takeOne(options.runnerFailures, job.name)) {
    const trace = 'ERROR: Job failed (system failure): prepare environment: the runner lost its connection\n'
    return { trace, end: { outcome: 'failed', failureReason: 'runner_system_failure', tests: [] } }
  }
  if (takeOne(options.flakyJobs, job.name)) {
    const trace = '$ flaky step\nError: connection reset by peer\nERROR: Job failed: exit code 1\n'
    return { trace, end: { outcome: 'failed', exitCode: 1, failureReason: 'script_failure', tests: [] } }
  }
  return undefined
}

function takeOne(left: Record<string, number> | undefined, name: string): boolean {
  const count = left !== undefined && Object.hasOwn(left, name) ? (left[name] ?? 0) : 0
  if (left === undefined || count <= 0) return false
  left[name] = count - 1
  return true
}
