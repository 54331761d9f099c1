import type { DevJob } from './dev-records.ts'
import { compositeStatus } from './dev-status.ts'

/** What decides of a job whether it may begin. */
export type NextJob = Pick<DevJob, 'id' | 'name' | 'stage' | 'status' | 'when' | 'allowFailure' | 'needs'>

const over = new Set(['success', 'failed', 'canceled', 'skipped'])

/**
 * New status of each `created` job that may have one now: `pending`, `manual`, `scheduled` or `skipped`. One step; what follows
 * from it takes another. A job waits for all stages before its own, or for its `needs` alone.
 */
export function nextStatuses(jobs: readonly NextJob[], stages: readonly string[]): ReadonlyMap<number, string> {
  const next = new Map<number, string>()
  for (const job of jobs) {
    const status = job.status === 'created' ? statusFrom(job, earlier(job, jobs, stages)) : undefined
    if (status !== undefined) next.set(job.id, status)
  }
  return next
}

function earlier(job: NextJob, jobs: readonly NextJob[], stages: readonly string[]): readonly NextJob[] {
  const { needs } = job
  if (needs !== undefined) return jobs.filter(({ name }) => needs.includes(name))
  const own = stages.indexOf(job.stage)
  return jobs.filter(({ stage }) => stages.indexOf(stage) < own)
}

function statusFrom(job: NextJob, before: readonly NextJob[]): string | undefined {
  const isIgnored = ({ status, allowFailure }: NextJob): boolean => status === 'manual' && allowFailure
  if (!before.every((other) => over.has(other.status) || isIgnored(other))) return undefined
  const isLost = job.needs !== undefined && before.some((other) => other.status === 'skipped' || isIgnored(other))
  const status = before.length === 0 ? 'success' : isLost ? 'skipped' : compositeStatus(before)
  return accepts(job.when, status, job.needs !== undefined) ? started(job.when) : 'skipped'
}

function accepts(when: DevJob['when'], status: string, hasNeeds: boolean): boolean {
  switch (when) {
    case 'on_success':
    case 'manual':
    case 'delayed':
      return status === 'success' || (status === 'skipped' && !hasNeeds)
    case 'on_failure':
      return status === 'failed'
    case 'always':
      return status !== 'canceled'
    case 'never':
      return false
  }
}

function started(when: DevJob['when']): string {
  if (when === 'manual') return 'manual'
  return when === 'delayed' ? 'scheduled' : 'pending'
}
