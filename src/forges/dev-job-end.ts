import type { CiJobEnd } from './ci.ts'
import type { DevJob } from './dev-records.ts'
import type { DevWorld } from './dev-world.ts'

/** Writes down how a job ended. An exit code that is allowed makes its failure an allowed one. */
export function settleJob(world: DevWorld, job: DevJob, end: Omit<CiJobEnd, 'tests'>): void {
  // Somebody cancelled it while it was ending.
  const isCancelled = end.outcome === 'cancelled' || job.status === 'canceling'
  job.status = isCancelled ? 'canceled' : end.outcome
  job.exitCode = end.exitCode
  job.failureReason = job.status === 'failed' ? (end.failureReason ?? 'script_failure') : undefined
  job.finishedAt = world.clock.now()
  if (job.status === 'failed' && job.allowedExitCodes.length > 0)
    job.allowFailure = end.exitCode !== undefined && job.allowedExitCodes.includes(end.exitCode)
  world.store.changed()
}

/** The runner's own next try of a job that failed, where its `retry:` has one left for this reason. */
export function tryAgain(world: DevWorld, job: DevJob): void {
  const { max, when } = job.retry
  const reason = job.failureReason ?? ''
  if (job.status !== 'failed' || job.tries >= max) return
  if (when.length > 0 && !when.includes('always') && !when.includes(reason)) return
  job.tries++
  const tries = job.tries
  retryJob(world, job, job.user).tries = tries
}

/** A new job in the place of one that ended, with a new number; the old one stays as retried. */
export function retryJob(world: DevWorld, job: DevJob, user: string): DevJob {
  const again: DevJob = {
    ...job,
    id: world.store.nextId(),
    status: 'pending',
    tries: 0,
    user,
    isRetried: false,
    createdAt: world.clock.now(),
    startedAt: undefined,
    finishedAt: undefined,
    scheduledAt: undefined,
    failureReason: undefined,
    exitCode: undefined,
    downstream: undefined,
  }
  job.isRetried = true
  world.store.state.jobs.push(again)
  world.store.changed()
  return again
}

/** Puts jobs that were skipped because of an earlier one back, as a retry of that one does. */
export function reviveSkipped(jobs: readonly DevJob[]): void {
  for (const job of jobs) {
    if (job.status !== 'skipped') continue
    job.status = 'created'
    job.finishedAt = undefined
  }
}
