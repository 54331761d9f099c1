import type { ForgeJob, ForgePipeline } from '../domain/forge.ts'
import { classOf, currentJobs, failedJobs, isActive, needsTrace, workingJobs } from './jobs.ts'
import type { JobClass } from './jobs.ts'
import { createIdle } from './watch-idle.ts'
import { createNotice, word } from './watch-notes.ts'
import { createPace } from './watch-pace.ts'
import type { WatchParts } from './watch-parts.ts'

export { findPipeline } from './watch-find.ts'
export type { WatchParts } from './watch-parts.ts'

/** What a pipeline came to. */
export type Watched =
  | { readonly kind: 'green'; readonly jobs: readonly ForgeJob[]; readonly warnings: readonly string[] }
  /** Failed jobs by who can do something; all empty where the host does not say which job it was. */
  | {
      readonly kind: 'red'
      readonly code: readonly ForgeJob[]
      readonly infra: readonly ForgeJob[]
      readonly human: readonly ForgeJob[]
      readonly jobs: readonly ForgeJob[]
      /** Errors of the pipeline's description, where it failed for these. */
      readonly yamlErrors?: string | undefined
    }
  /** Manual jobs that block, or scheduled ones that are far off. */
  | { readonly kind: 'gate'; readonly waiting: readonly ForgeJob[]; readonly jobs: readonly ForgeJob[] }
  /** Nothing runs, and jobs have waited for a runner longer than `pendingMs`. */
  | { readonly kind: 'stuck'; readonly pending: readonly ForgeJob[] }
  | { readonly kind: 'canceled' }
  /** Nothing was run. */
  | { readonly kind: 'skipped' }

interface Look {
  readonly pipeline: ForgePipeline
  /** Current ones. */
  readonly jobs: readonly ForgeJob[]
  /** Looks at which the jobs did not bear out that the pipeline is over. */
  readonly doubtful: number
}

/** Farthest moment of a scheduled job that is waited for. */
const scheduleMs = 3_600_000
/** The host may tell the status of a pipeline later than that of its jobs, or earlier: looks until it is believed. */
const maxDoubtful = 4

/** Polls a pipeline until something has to be decided, and tells each change on the way. Throws what the forge throws. */
export async function watchPipeline(
  at: { readonly projectId: number; readonly pipelineId: number },
  parts: WatchParts,
  signal: AbortSignal,
): Promise<Watched> {
  const pace = createPace(parts)
  const notice = createNotice(parts.emit)
  const idle = createIdle(parts)
  for (let doubtful = 0; ;) {
    const pipeline = await parts.forge.pipeline(at.projectId, at.pipelineId, signal)
    const all = await parts.forge.jobs(at.projectId, at.pipelineId, signal)
    const jobs = currentJobs(all)
    const hasChanged = notice(pipeline, all)
    if (hasChanged) pace.reset()
    doubtful = isDoubtful(pipeline, jobs) ? doubtful + 1 : 0
    const stuck = idle(pipeline, jobs, hasChanged)
    const watched = stuck ?? (await decide({ pipeline, jobs, doubtful }, parts, signal))
    if (watched !== undefined) return watched
    await pace.wait(signal, untilScheduled(pipeline, jobs, parts.clock.now()))
  }
}

async function decide(look: Look, parts: WatchParts, signal: AbortSignal): Promise<Watched | undefined> {
  const { pipeline, jobs, doubtful } = look
  if (doubtful > 0 && doubtful < maxDoubtful) return undefined
  switch (pipeline.status) {
    case 'success':
      return { kind: 'green', jobs, warnings: warningsOf(jobs) }
    case 'failed':
      return { ...(await red(jobs, parts, signal)), yamlErrors: pipeline.yamlErrors }
    case 'canceled':
      return { kind: 'canceled' }
    case 'skipped':
      return { kind: 'skipped' }
    case 'manual':
    case 'scheduled':
      // A pipeline that waits for a person shows so even where another job of the stage has failed.
      return failedJobs(jobs).length > 0 ? red(jobs, parts, signal) : gate(look, parts.clock.now())
    default:
      return undefined
  }
}

/** After a retry, say, a pipeline still shows its old end for a while. */
function isDoubtful({ status, yamlErrors }: ForgePipeline, jobs: readonly ForgeJob[]): boolean {
  if (status === 'failed' && yamlErrors === undefined && failedJobs(jobs).length === 0) return true
  return ['success', 'failed', 'manual', 'scheduled'].includes(status) && workingJobs(jobs).length > 0
}

function gate({ pipeline, jobs }: Look, now: number): Watched | undefined {
  const waiting = jobs.filter((job) => job.status === 'manual' && !job.allowFailure && job.downstream === undefined)
  if (pipeline.status === 'manual' && waiting.length > 0) return { kind: 'gate', waiting, jobs }
  const scheduled = jobs.filter((job) => job.status === 'scheduled')
  const isSoon = (job: ForgeJob) => job.scheduledAt !== undefined && job.scheduledAt - now <= scheduleMs
  if (scheduled.length > 0 && scheduled.every(isSoon)) return undefined
  return { kind: 'gate', waiting: [...waiting, ...scheduled], jobs }
}

async function red(
  jobs: readonly ForgeJob[],
  parts: WatchParts,
  signal: AbortSignal,
): Promise<Extract<Watched, { kind: 'red' }>> {
  const sorted: Record<JobClass, ForgeJob[]> = { code: [], infra: [], human: [] }
  for (const job of failedJobs(jobs)) {
    const trace = needsTrace(job) ? await parts.forge.trace(job.projectId, job.id, signal) : ''
    sorted[classOf(job, trace.trim() === '')].push(job)
  }
  return { kind: 'red', ...sorted, jobs }
}

function warningsOf(jobs: readonly ForgeJob[]): readonly string[] {
  return jobs
    .filter((job) => job.status === 'failed')
    .map((job) =>
      job.allowFailure
        ? `The job ${word(job.name)} failed, and is allowed to.`
        : `The job ${word(job.name)} failed in a pipeline that does not count.`,
    )
}

/** Milliseconds until the next scheduled job begins, where nothing else goes on. */
function untilScheduled(pipeline: ForgePipeline, jobs: readonly ForgeJob[], now: number): number {
  if (isActive(pipeline.status)) return Infinity
  const moments = jobs.flatMap((job) => (job.status === 'scheduled' ? (job.scheduledAt ?? []) : []))
  return Math.min(...moments.map((moment) => Math.max(moment - now, 1000)))
}
