import { invalid, made, ok, refused, textOf } from './dev-http.ts'
import type { DevHandler, DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { page } from './dev-paging.ts'
import type { DevNote } from './dev-records.ts'
import { paging, roles, withMergeRequest, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { noteView } from './dev-views.ts'

/** Routes of comments on merge requests. */
export function noteRoutes({ world }: DevRoom): readonly DevRoute[] {
  const list = '/api/v4/projects/:id/merge_requests/:iid/notes'
  const one = `${list}/:note`
  const { notes } = world.store.state
  const withNote = (handler: (note: DevNote, request: DevRequest) => DevReply): DevHandler =>
    withMergeRequest(world, ({ project, mergeRequest }, request) => {
      const note = notes.find(
        ({ id, projectId, iid }) =>
          String(id) === request.params['note'] && projectId === project.id && iid === mergeRequest.iid,
      )
      return note === undefined ? refused(404, '404 Note Not Found') : handler(note, request)
    })
  const create = withMergeRequest(world, ({ project, mergeRequest }, request) => {
    const body = textOf(request, 'body')
    if (body === undefined) return invalid('body is missing')
    const now = world.clock.now()
    const at = { projectId: project.id, iid: mergeRequest.iid, createdAt: now, updatedAt: now }
    const note: DevNote = { id: world.store.nextId(), body, author: request.token.username, isSystem: false, ...at }
    notes.push(note)
    world.store.changed()
    return made(noteView(world, note))
  })
  const update = withNote((note, request) => {
    const body = textOf(request, 'body')
    if (body === undefined) return invalid('body is missing')
    if (note.author !== request.token.username) return refused(403, '403 Forbidden')
    note.body = body
    note.updatedAt = world.clock.now()
    world.store.changed()
    return ok(noteView(world, note))
  })
  const listing = withMergeRequest(world, ({ project, mergeRequest }, request) => {
    const found = notes.filter(({ projectId, iid }) => projectId === project.id && iid === mergeRequest.iid)
    const sorted = request.query.get('sort') === 'asc' ? found : found.toReversed()
    return page(
      request,
      sorted.map((note) => noteView(world, note)),
      paging(world),
    )
  })
  return [
    ['GET', list, listing],
    ['POST', list, withRole(roles.reporter, create)],
    ['GET', one, withNote((note) => ok(noteView(world, note)))],
    ['PUT', one, withRole(roles.reporter, update)],
  ]
}
