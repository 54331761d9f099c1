import type { ForgeJob, ForgePipeline } from '../domain/forge.ts'
import { isActive, isKnownStatus } from './jobs.ts'
import type { Watched } from './watch.ts'
import type { WatchParts } from './watch-parts.ts'

/** Jobs in these states wait for something that is not they themselves. */
const waitingStatuses: ReadonlySet<string> = new Set(['created', 'pending', 'waiting_for_resource'])

/**
 * Notices that a pipeline which is said to go on does not: no job runs, nothing has changed for `pendingMs`. With a manual job
 * in the way (of a child pipeline, say) that is a gate, else no runner takes its jobs.
 */
export function createIdle(parts: Pick<WatchParts, 'clock' | 'polling'>) {
  let since: number | undefined
  return (pipeline: ForgePipeline, jobs: readonly ForgeJob[], hasChanged: boolean): Watched | undefined => {
    const now = parts.clock.monotonic()
    // A bridge only shows what its child does, whose jobs are here themselves.
    const own = jobs.filter((job) => job.downstream === undefined)
    const isWorking = own.some((job) => isActive(job.status) && !waitingStatuses.has(job.status))
    const isAsleep = own.some((job) => job.status === 'scheduled')
    if (
      hasChanged ||
      !isActive(pipeline.status) ||
      !isKnownStatus(pipeline.status) ||
      isWorking ||
      isAsleep ||
      since === undefined
    )
      since = now
    if (now - since < parts.polling.pendingMs) return undefined
    const waiting = own.filter((job) => job.status === 'manual' && !job.allowFailure)
    const queued = own.filter((job) => job.status !== 'created' && waitingStatuses.has(job.status))
    if (queued.length === 0 && waiting.length > 0) return { kind: 'gate', waiting, jobs }
    const pending = queued.length > 0 ? queued : own.filter((job) => job.status === 'created')
    return pending.length > 0 || jobs.length === 0 ? { kind: 'stuck', pending } : undefined
  }
}
