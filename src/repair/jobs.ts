import type { ForgeJob } from '../domain/forge.ts'
import { isComplete } from './trace.ts'
import type { WatchParts } from './watch-parts.ts'
import { createPace } from './watch-pace.ts'

/** Who can do something about a failed job: the model, the host by another try, or a person. */
export type JobClass = 'code' | 'infra' | 'human'

const classes: ReadonlyMap<string, JobClass> = new Map([
  ...named('code', ['script_failure', 'job_execution_timeout']),
  ...named('infra', [
    'runner_system_failure',
    'api_failure',
    'stuck_or_timeout_failure',
    'scheduler_failure',
    'data_integrity_failure',
    'stale_schedule',
  ]),
  ...named('human', [
    'missing_dependency_failure',
    'unmet_prerequisites',
    'runner_unsupported',
    'ci_quota_exceeded',
    'user_blocked',
    'builds_disabled',
    'archived_failure',
    'trace_size_exceeded',
    'secrets_provider_not_found',
    'insufficient_bridge_permissions',
    'forward_deployment_failure',
    'protected_environment_failure',
  ]),
])

function named(kind: JobClass, reasons: readonly string[]): (readonly [string, JobClass])[] {
  return reasons.map((reason) => [reason, kind])
}

/** Whether {@link classOf} has to know if the job left a trace. */
export function needsTrace(job: ForgeJob): boolean {
  return classByReason(job) === undefined
}

/** Class of a failed job by its `failure_reason`. One that is not known counts as code where there is a trace, else as infra. */
export function classOf(job: ForgeJob, traceIsEmpty: boolean): JobClass {
  return classByReason(job) ?? (traceIsEmpty ? 'infra' : 'code')
}

function classByReason({ kind, failureReason = '' }: ForgeJob): JobClass | undefined {
  const known = classes.get(failureReason)
  if (known !== undefined) return known
  // A bridge runs nothing: that it fails is told by the pipeline it starts, or is a matter of rights and settings.
  return kind === 'bridge' || failureReason.startsWith('downstream_') ? 'human' : undefined
}

/** Jobs that count: the newest of each name in each pipeline, without those of child pipelines that were started again. */
export function currentJobs(jobs: readonly ForgeJob[]): readonly ForgeJob[] {
  const newest = new Map<string, ForgeJob>()
  for (const job of jobs) {
    if (job.isRetried) continue
    const key = JSON.stringify([job.projectId, job.pipelineId, job.name])
    if ((newest.get(key)?.id ?? -Infinity) < job.id) newest.set(key, job)
  }
  const kept = new Set(newest.values())
  const pipelinesOf = (some: Iterable<ForgeJob>) => new Set([...some].flatMap((job) => childOf(job) ?? []))
  const children = pipelinesOf(kept)
  const replaced = pipelinesOf(jobs.filter((job) => !kept.has(job)))
  return jobs.filter((job) => {
    const pipeline = pipelineOf(job)
    return kept.has(job) && (children.has(pipeline) || !replaced.has(pipeline))
  })
}

/**
 * Jobs that make a pipeline red: failed and not allowed to, in it and its child pipelines. A bridge stands for itself only
 * where no failed job of its child is known; below a bridge that may fail, or that does not wait, nothing counts.
 */
export function failedJobs(jobs: readonly ForgeJob[]): readonly ForgeJob[] {
  const current = currentJobs(jobs)
  const ignored = ignoredPipelines(current)
  const failed = current.filter((job) => job.status === 'failed' && !job.allowFailure && !ignored.has(pipelineOf(job)))
  const told = new Set(failed.map(pipelineOf))
  return failed.filter((job) => job.kind !== 'bridge' || !told.has(childOf(job) ?? ''))
}

/** Jobs that run or are about to, in the pipeline and those children that count. Bridges are left out: they show their child. */
export function workingJobs(jobs: readonly ForgeJob[]): readonly ForgeJob[] {
  const current = currentJobs(jobs)
  const ignored = ignoredPipelines(current)
  const isOwn = (job: ForgeJob) => job.downstream === undefined && !ignored.has(pipelineOf(job))
  return current.filter((job) => isActive(job.status) && job.status !== 'created' && isOwn(job))
}

function ignoredPipelines(current: readonly ForgeJob[]): ReadonlySet<string> {
  const ignored = new Set<string>()
  // Children of children: parents may stand anywhere in the list, so it is gone through once for each level.
  for (let before = -1; before !== ignored.size;) {
    before = ignored.size
    for (const job of current) {
      const child = childOf(job)
      const isIgnored = job.allowFailure || job.status === 'success' || ignored.has(pipelineOf(job))
      if (child !== undefined && isIgnored) ignored.add(child)
    }
  }
  return ignored
}

function pipelineOf(job: ForgeJob): string {
  return `${job.projectId}/${job.pipelineId}`
}

function childOf({ downstream }: ForgeJob): string | undefined {
  return downstream === undefined ? undefined : `${downstream.projectId}/${downstream.pipelineId}`
}

const activeStatuses: ReadonlySet<string> = new Set([
  'created',
  'waiting_for_resource',
  'preparing',
  'pending',
  'running',
  'canceling',
  'waiting_for_callback',
])
const settledStatuses: ReadonlySet<string> = new Set([
  'success',
  'failed',
  'canceled',
  'skipped',
  'manual',
  'scheduled',
])

/** Whether a pipeline or job goes on by itself. A status that is not known counts as active: the time limit bounds it. */
export function isActive(status: string): boolean {
  return !settledStatuses.has(status)
}

/** Whether a status is one of those that are documented or seen. */
export function isKnownStatus(status: string): boolean {
  return activeStatuses.has(status) || settledStatuses.has(status)
}

const maxFetches = 8

/**
 * Trace of a finished job. It may still be on its way when the job has ended, so it is fetched again until its end is there or
 * its size was the same three times, at most 8 times. Empty for a bridge.
 */
export async function finishedTrace(job: ForgeJob, parts: WatchParts, signal: AbortSignal): Promise<string> {
  if (job.kind === 'bridge') return ''
  const pace = createPace(parts)
  let trace = await parts.forge.trace(job.projectId, job.id, signal)
  for (let fetches = 1, same = 0; fetches < maxFetches && same < 2 && !isComplete(trace); fetches++) {
    await pace.wait(signal)
    const again = await parts.forge.trace(job.projectId, job.id, signal)
    same = again.length === trace.length ? same + 1 : 0
    trace = again
  }
  return trace
}
