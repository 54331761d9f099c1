import type { DevHandler, DevReply, DevRequest } from './dev-http.ts'
import { refused } from './dev-http.ts'
import type { DevJob, DevMergeRequest, DevPipeline, DevProject } from './dev-records.ts'
import type { DevScheduler } from './dev-scheduler.ts'
import type { DevTraces } from './dev-traces.ts'
import { findProject } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** What routes work with. */
export interface DevRoom {
  readonly world: DevWorld
  readonly scheduler: DevScheduler
  readonly traces: DevTraces
}

type Answer = DevReply | Promise<DevReply>

/** Roles, as GitLab numbers them. */
export const roles = { reporter: 20, developer: 30, maintainer: 40 } as const

/** A handler that needs a role; 403 below it. */
export function withRole(level: number, handler: DevHandler): DevHandler {
  return (request) => (request.token.accessLevel < level ? refused(403, '403 Forbidden') : handler(request))
}

/** A handler for `:id`: 404 for a project that is not there or not to be seen. */
export function withProject(
  world: DevWorld,
  handler: (project: DevProject, request: DevRequest) => Answer,
): DevHandler {
  return (request) => {
    const project = findProject(world, request.params['id'] ?? '')
    if (project === undefined || project.options.invisible === true) return refused(404, '404 Project Not Found')
    return handler(project, request)
  }
}

/** A handler for `:iid` of a project. */
export function withMergeRequest(
  world: DevWorld,
  handler: (
    at: { readonly project: DevProject; readonly mergeRequest: DevMergeRequest },
    request: DevRequest,
  ) => Answer,
): DevHandler {
  return withProject(world, (project, request) => {
    const mergeRequest = world.store.state.mergeRequests.find(
      ({ projectId, iid }) => projectId === project.id && String(iid) === request.params['iid'],
    )
    return mergeRequest === undefined ? refused(404, '404 Not found') : handler({ project, mergeRequest }, request)
  })
}

/** A handler for `:pipeline` of a project. */
export function withPipeline(
  world: DevWorld,
  handler: (pipeline: DevPipeline, request: DevRequest) => Answer,
): DevHandler {
  return withProject(world, (project, request) => {
    const pipeline = world.store.state.pipelines.find(
      ({ projectId, id }) => projectId === project.id && String(id) === request.params['pipeline'],
    )
    return pipeline === undefined ? refused(404, '404 Not found') : handler(pipeline, request)
  })
}

/** A handler for `:job` of a project. */
export function withJob(world: DevWorld, handler: (job: DevJob, request: DevRequest) => Answer): DevHandler {
  return withProject(world, (project, request) => {
    const job = world.store.state.jobs.find(
      ({ projectId, id }) => projectId === project.id && String(id) === request.params['job'],
    )
    return job === undefined ? refused(404, '404 Not found') : handler(job, request)
  })
}

/** How lists of this host are cut into pages. */
export const paging = (world: DevWorld) => ({ baseUrl: world.url(), hidesTotals: world.isAwkward })
