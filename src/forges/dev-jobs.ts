import { keepShowing, shownTrace } from './dev-awkward.ts'
import { made, ok, refused } from './dev-http.ts'
import type { DevHandler, DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { retryJob, reviveSkipped } from './dev-job-end.ts'
import { page } from './dev-paging.ts'
import type { DevJob } from './dev-records.ts'
import { paging, roles, withJob, withPipeline, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { jobView } from './dev-views.ts'
import { findPipeline, jobsOf, latestJobs } from './dev-world.ts'

const retryable = new Set(['success', 'failed', 'canceled'])
const cancellable = new Set(['created', 'pending', 'running', 'manual', 'scheduled', 'preparing'])

/** Routes of jobs and bridges. */
export function jobRoutes(room: DevRoom): readonly DevRoute[] {
  const { world } = room
  const at = '/api/v4/projects/:id/jobs/:job'
  const change = (action: (job: DevJob, request: DevRequest) => DevReply): DevHandler =>
    withRole(roles.developer, withJob(world, action))
  const trace = withJob(world, async (job) => {
    const text = shownTrace(world, job, await room.traces.read(job.id))
    return { status: 200, text, headers: { 'content-type': 'text/plain; charset=utf-8' } }
  })
  return [
    ['GET', '/api/v4/projects/:id/pipelines/:pipeline/jobs', listing(room, 'job')],
    ['GET', '/api/v4/projects/:id/pipelines/:pipeline/bridges', listing(room, 'bridge')],
    ['GET', at, withJob(world, (job) => ok(jobView(world, job)))],
    ['GET', `${at}/trace`, trace],
    ['POST', `${at}/retry`, change((job, request) => retry(room, job, request))],
    ['POST', `${at}/play`, change((job) => play(room, job))],
    ['POST', `${at}/cancel`, change((job) => cancel(room, job))],
  ]
}

function listing({ world }: DevRoom, kind: 'job' | 'bridge'): DevHandler {
  return withPipeline(world, (pipeline, request) => {
    const hasRetried = request.query.get('include_retried') === 'true'
    const scope = [...request.query.getAll('scope[]'), ...request.query.getAll('scope')]
    const jobs = (hasRetried ? jobsOf(world, pipeline.id) : latestJobs(world, pipeline.id))
      .filter(({ trigger }) => (trigger !== undefined) === (kind === 'bridge'))
      .filter(({ status }) => scope.length === 0 || scope.includes(status))
    const views = jobs.toReversed().map((job) => jobView(world, job))
    return page(request, views, paging(world))
  })
}

function retry({ world, scheduler }: DevRoom, job: DevJob, request: DevRequest): DevReply {
  if (job.isRetried || !retryable.has(job.status) || job.trigger !== undefined)
    return refused(403, '403 Forbidden - Job is not retryable')
  const pipeline = findPipeline(world, job.pipelineId)
  if (pipeline !== undefined) keepShowing(world, pipeline)
  const again = retryJob(world, job, request.token.username)
  const shown = { ...again, status: 'created' }
  reviveSkipped(latestJobs(world, job.pipelineId))
  scheduler.advance(job.pipelineId)
  return made(jobView(world, world.isAwkward ? shown : again))
}

function play({ world, scheduler }: DevRoom, job: DevJob): DevReply {
  if (job.status !== 'manual' && job.status !== 'scheduled') return refused(400, '400 Bad request - Unplayable Job')
  keepShowing(world, job)
  job.status = 'pending'
  reviveSkipped(latestJobs(world, job.pipelineId))
  scheduler.advance(job.pipelineId)
  return ok(jobView(world, job))
}

function cancel({ world, scheduler }: DevRoom, job: DevJob): DevReply {
  if (!cancellable.has(job.status)) return refused(403, '403 Forbidden - Job is not cancelable')
  scheduler.cancel(job)
  scheduler.advance(job.pipelineId)
  return made(jobView(world, job))
}
