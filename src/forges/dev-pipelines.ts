import { keepShowing, scriptedStatus } from './dev-awkward.ts'
import { createDevPipeline } from './dev-create.ts'
import { invalid, made, ok, refused, textOf } from './dev-http.ts'
import type { DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { retryJob, reviveSkipped } from './dev-job-end.ts'
import { page } from './dev-paging.ts'
import type { DevPipeline, DevProject } from './dev-records.ts'
import { paging, roles, withPipeline, withProject, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { shownStatus } from './dev-awkward.ts'
import { isFinished } from './dev-status.ts'
import { createTestReports } from './dev-test-reports.ts'
import { pipelineDetails, pipelineView } from './dev-views.ts'
import { latestJobs } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Routes of pipelines. */
export function pipelineRoutes(room: DevRoom): readonly DevRoute[] {
  const { world } = room
  const list = '/api/v4/projects/:id/pipelines'
  const at = `${list}/:pipeline`
  const reports = createTestReports(world)
  const retried = withPipeline(world, (pipeline, request) => retry(room, pipeline, request))
  const cancelled = withPipeline(world, (pipeline) => cancel(room, pipeline))
  const created = withProject(world, (project, request) => create(room, project, request))
  return [
    ['GET', list, withProject(world, (project, request) => listing(world, project, request))],
    ['POST', '/api/v4/projects/:id/pipeline', withRole(roles.developer, created)],
    ['GET', at, withPipeline(world, (one) => ok(pipelineDetails(world, one, scriptedStatus(world, one))))],
    ['POST', `${at}/retry`, withRole(roles.developer, retried)],
    ['POST', `${at}/cancel`, withRole(roles.developer, cancelled)],
    ['GET', `${at}/test_report`, withPipeline(world, async (one) => ok(await reports.whole(one)))],
    ['GET', `${at}/test_report_summary`, withPipeline(world, async (one) => ok(await reports.summary(one)))],
  ]
}

function listing(world: DevWorld, project: DevProject, request: DevRequest): DevReply {
  const wanted = (name: string, value: string | undefined): boolean => {
    const text = request.query.get(name)
    return text === null || text === value
  }
  const after = Date.parse(request.query.get('updated_after') ?? '')
  const source = request.query.get('source')
  const pipelines = world.store.state.pipelines
    .filter(({ projectId }) => projectId === project.id)
    // Children show only to whoever asks for them.
    .filter((one) => (source === null ? one.source !== 'parent_pipeline' : one.source === source))
    .filter((one) => wanted('ref', one.ref) && wanted('sha', one.sha) && wanted('status', shownStatus(world, one)))
    .filter(({ updatedAt }) => Number.isNaN(after) || updatedAt > after)
  const sorted = request.query.get('sort') === 'asc' ? pipelines : pipelines.toReversed()
  return page(
    request,
    sorted.map((one) => pipelineView(world, one)),
    paging(world),
  )
}

async function create({ world, scheduler }: DevRoom, project: DevProject, request: DevRequest): Promise<DevReply> {
  const ref = textOf(request, 'ref')
  if (ref === undefined) return invalid('ref is missing')
  const sha = await world.git.ask(project.gitDirectory, [
    'rev-parse',
    '--verify',
    '--quiet',
    `refs/heads/${ref}^{commit}`,
  ])
  if (sha === undefined) return refused(400, { base: ['Reference not found'] })
  const { username } = request.token
  const variables = variablesIn(request.body['variables'])
  const wanted = { project, ref, sha: sha.trim(), source: 'api', user: username, variables } as const
  const creation = await createDevPipeline(world, wanted)
  switch (creation.kind) {
    case 'errors':
      return refused(400, { base: creation.errors })
    case 'nothing':
      return refused(400, { base: [creation.reason] })
    case 'pipeline':
      scheduler.advance(creation.pipeline.id)
      return made(pipelineDetails(world, creation.pipeline))
  }
}

/** Variables as GitLab takes them: `[{key, value}]`. */
function variablesIn(value: unknown): Record<string, string> {
  const entries = (Array.isArray(value) ? value : []).flatMap((item: unknown): [string, string][] => {
    if (typeof item !== 'object' || item === null || !('key' in item) || !('value' in item)) return []
    return [[String(item.key), String(item.value)]]
  })
  return Object.fromEntries(entries)
}

function retry({ world, scheduler }: DevRoom, pipeline: DevPipeline, request: DevRequest): DevReply {
  keepShowing(world, pipeline)
  const jobs = latestJobs(world, pipeline.id).filter(({ trigger }) => trigger === undefined)
  for (const job of jobs)
    if (job.status === 'failed' || job.status === 'canceled') retryJob(world, job, request.token.username)
  reviveSkipped(latestJobs(world, pipeline.id))
  scheduler.advance(pipeline.id)
  return made(pipelineDetails(world, pipeline))
}

function cancel(room: DevRoom, pipeline: DevPipeline): DevReply {
  const { world, scheduler } = room
  keepShowing(world, pipeline)
  for (const job of latestJobs(world, pipeline.id)) {
    const child = world.store.state.pipelines.find(({ id }) => id === job.downstream)
    if (child !== undefined && !isFinished(child.status)) cancel(room, child)
    if (!isFinished(job.status)) scheduler.cancel(job)
  }
  scheduler.advance(pipeline.id)
  return ok(pipelineDetails(world, pipeline))
}
