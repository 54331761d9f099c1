import { invalid, made, ok, refused, textOf } from './dev-http.ts'
import type { DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { readDiffs } from './dev-diffs.ts'
import { isDraft, mergeNow, mergeRequestView, mergeStatus } from './dev-merge.ts'
import { page } from './dev-paging.ts'
import { branchMoved, moveHead, startForRequest } from './dev-push.ts'
import type { DevMergeRequest, DevProject } from './dev-records.ts'
import { paging, roles, withMergeRequest, withProject, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { pipelineView } from './dev-views.ts'
import { pipelinesOf } from './dev-world.ts'

interface At {
  readonly project: DevProject
  readonly mergeRequest: DevMergeRequest
}

/** Routes of merge requests, without their notes. */
export function mergeRequestRoutes(room: DevRoom): readonly DevRoute[] {
  const { world } = room
  const list = '/api/v4/projects/:id/merge_requests'
  const one = `${list}/:iid`
  const view = async ({ mergeRequest }: At): Promise<DevReply> => ok(await mergeRequestView(world, mergeRequest))
  const diffs = (at: At) => readDiffs(world, at.project, at.mergeRequest)
  const pipelines = ({ mergeRequest }: At, request: DevRequest): DevReply => {
    const views = pipelinesOf(world, mergeRequest)
      .toReversed()
      .map((item) => pipelineView(world, item))
    return page(request, views, paging(world))
  }
  const changes = async (at: At): Promise<DevReply> => {
    const body = await mergeRequestView(world, at.mergeRequest)
    return ok({ ...body, changes: await diffs(at), overflow: false })
  }
  const created = withProject(world, (project, request) => create(room, project, request))
  const updated = withMergeRequest(world, (at, request) => update(room, at, request))
  const merged = withMergeRequest(world, (at, request) => merge(room, at, request))
  return [
    ['GET', list, withProject(world, (project, request) => listing(room, project, request))],
    ['POST', list, withRole(roles.developer, created)],
    ['GET', one, withMergeRequest(world, view)],
    ['PUT', one, withRole(roles.developer, updated)],
    ['PUT', `${one}/merge`, withRole(roles.developer, merged)],
    ['GET', `${one}/pipelines`, withMergeRequest(world, pipelines)],
    ['GET', `${one}/changes`, withMergeRequest(world, changes)],
    [
      'GET',
      `${one}/diffs`,
      withMergeRequest(world, async (at, request) => page(request, await diffs(at), paging(world))),
    ],
  ]
}

async function listing({ world }: DevRoom, project: DevProject, request: DevRequest): Promise<DevReply> {
  const wanted = (name: string, value: string): boolean => (request.query.get(name) ?? value) === value
  const state = request.query.get('state')
  const found = world.store.state.mergeRequests
    .filter(({ projectId }) => projectId === project.id)
    .filter((one) => wanted('source_branch', one.sourceBranch) && wanted('target_branch', one.targetBranch))
    .filter((one) => state === null || state === 'all' || one.state === state)
  const sorted = request.query.get('sort') === 'asc' ? found : found.toReversed()
  const reply = page(request, sorted, paging(world))
  // Lists bear no head pipeline.
  const views = (reply.body as DevMergeRequest[]).map(async (one) => ({
    ...(await mergeRequestView(world, one)),
    head_pipeline: undefined,
  }))
  return { ...reply, body: await Promise.all(views) }
}

async function create(room: DevRoom, project: DevProject, request: DevRequest): Promise<DevReply> {
  const { world } = room
  const missing = ['title', 'source_branch', 'target_branch'].filter((name) => textOf(request, name) === undefined)
  if (missing.length > 0) return invalid(missing.map((name) => `${name} is missing`).join(', '))
  const [sourceBranch = '', targetBranch = ''] = [textOf(request, 'source_branch'), textOf(request, 'target_branch')]
  if (sourceBranch === targetBranch) return refused(422, ["You can't use same project/branch for source and target"])
  const refs = await world.git.refs(project.gitDirectory)
  const sha = refs.get(`refs/heads/${sourceBranch}`)
  if (sha === undefined) return refused(400, { source_branch: ['does not exist'] })
  if (!refs.has(`refs/heads/${targetBranch}`)) return refused(400, { target_branch: ['does not exist'] })
  const open = world.store.state.mergeRequests.find(
    (one) =>
      one.projectId === project.id &&
      one.state === 'opened' &&
      one.sourceBranch === sourceBranch &&
      one.targetBranch === targetBranch,
  )
  if (open !== undefined)
    return refused(409, [`Another open merge request already exists for this source branch: !${open.iid}`])
  const now = world.clock.now()
  const mergeRequest: DevMergeRequest = {
    id: world.store.nextId(),
    iid: ++project.mergeRequests,
    projectId: project.id,
    title: textOf(request, 'title') ?? '',
    description: textOf(request, 'description') ?? '',
    state: 'opened',
    sourceBranch,
    targetBranch,
    sha,
    author: request.token.username,
    createdAt: now,
    updatedAt: now,
    changedAt: now,
  }
  world.store.state.mergeRequests.push(mergeRequest)
  await moveHead(room, mergeRequest, sha)
  await startForRequest(room, mergeRequest, request.token.username)
  return made(await mergeRequestView(world, mergeRequest))
}

async function update({ world }: DevRoom, { mergeRequest }: At, request: DevRequest): Promise<DevReply> {
  const event = textOf(request, 'state_event')
  const { title, description } = request.body
  if (title === '') return refused(400, { title: ["can't be blank"] })
  if (event === 'close' && mergeRequest.state === 'opened') mergeRequest.state = 'closed'
  if (event === 'reopen' && mergeRequest.state === 'closed') mergeRequest.state = 'opened'
  if (typeof title === 'string') mergeRequest.title = title
  if (typeof description === 'string') mergeRequest.description = description
  mergeRequest.targetBranch = textOf(request, 'target_branch') ?? mergeRequest.targetBranch
  mergeRequest.updatedAt = world.clock.now()
  world.store.changed()
  return ok(await mergeRequestView(world, mergeRequest))
}

async function merge(room: DevRoom, { project, mergeRequest }: At, request: DevRequest): Promise<DevReply> {
  const { world } = room
  const sha = textOf(request, 'sha')
  if (sha !== undefined && sha !== mergeRequest.sha)
    return refused(409, `SHA does not match HEAD of source branch: ${mergeRequest.sha}`)
  const status = await mergeStatus(world, project, mergeRequest)
  if (isDraft(mergeRequest.title) || (status !== 'mergeable' && status !== 'conflict'))
    return refused(405, '405 Method Not Allowed')
  const branch = mergeRequest.targetBranch
  const before = (await world.git.refs(project.gitDirectory)).get(`refs/heads/${branch}`)
  const commit = await mergeNow(world, project, mergeRequest)
  if (commit === undefined) return refused(422, 'Branch cannot be merged')
  mergeRequest.state = 'merged'
  mergeRequest.mergeCommit = commit
  mergeRequest.updatedAt = world.clock.now()
  await branchMoved(room, { project, branch, before, after: commit, user: request.token.username })
  return ok(await mergeRequestView(world, mergeRequest))
}
