import { invalid, made, ok, refused, textOf } from './dev-http.ts'
import type { DevHandler, DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { page } from './dev-paging.ts'
import type { DevProject } from './dev-records.ts'
import { addDevProject, addGroups, isProjectPath } from './dev-repositories.ts'
import { paging, roles, withProject, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { projectView, userView } from './dev-views.ts'
import { findProject } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Routes of who asks, of groups and of projects. */
export function projectRoutes({ world }: DevRoom): readonly DevRoute[] {
  const view = withProject(world, async (project, request) => ok(await shown(world, project, request)))
  return [
    [
      'GET',
      '/api/v4/user',
      ({ token }) => ok({ ...userView(world, token.username), email: `${token.username}@example.com` }),
    ],
    ['GET', '/api/v4/personal_access_tokens/self', tokenView],
    ['GET', '/api/v4/version', () => ok({ version: '18.5.0', revision: 'greenloop' })],
    ['GET', '/api/v4/projects', (request) => search(world, request)],
    ['POST', '/api/v4/projects', withRole(roles.developer, (request) => create(world, request))],
    ['GET', '/api/v4/projects/:id', view],
    ...groupRoutes(world),
  ]
}

function tokenView({ token }: DevRequest): DevReply {
  const { id, scopes, expiresOn, isRevoked } = token
  return ok({
    id,
    name: 'token',
    revoked: isRevoked,
    active: !isRevoked,
    scopes,
    user_id: id,
    expires_at: expiresOn ?? null,
  })
}

async function shown(world: DevWorld, project: DevProject, { token }: DevRequest) {
  const isEmpty = (await world.git.refs(project.gitDirectory)).size === 0
  return projectView(world, project, { token, isEmpty })
}

async function search(world: DevWorld, request: DevRequest): Promise<DevReply> {
  const text = (request.query.get('search') ?? '').toLowerCase()
  const hasNamespaces = request.query.get('search_namespaces') === 'true'
  const searched = (path: string): string =>
    (hasNamespaces ? path : path.slice(path.lastIndexOf('/') + 1)).toLowerCase()
  const found = world.store.state.projects.filter(
    ({ path, options }) => options.invisible !== true && searched(path).includes(text),
  )
  const sorted = request.query.get('sort') === 'asc' ? found : found.toReversed()
  const reply = page(request, sorted, paging(world))
  return {
    ...reply,
    body: await Promise.all((reply.body as DevProject[]).map((project) => shown(world, project, request))),
  }
}

async function create(world: DevWorld, request: DevRequest): Promise<DevReply> {
  const name = textOf(request, 'path') ?? textOf(request, 'name')
  if (name === undefined) return invalid('name, path are missing, at least one parameter must be provided')
  const wanted = textOf(request, 'namespace_id')
  const { groups } = world.store.state
  const group = groups.find(({ id, path }) => String(id) === wanted || path === wanted)
  if (wanted !== undefined && group === undefined) return refused(400, { namespace: ['is not valid'] })
  const path = `${group?.path ?? request.token.username}/${name}`
  if (!isProjectPath(path)) return refused(400, { path: ["can contain only letters, digits, '_', '-' and '.'"] })
  if (findProject(world, path) !== undefined)
    return refused(400, { name: ['has already been taken'], path: ['has already been taken'] })
  const readme =
    request.body['initialize_with_readme'] === true ? { files: new Map([['README.md', `# ${name}\n`]]) } : {}
  const project = await addDevProject(world, { path, ...readme }, textOf(request, 'visibility') ?? 'private')
  return made(await shown(world, project, request))
}

function groupRoutes(world: DevWorld): readonly DevRoute[] {
  const { state } = world.store
  const view = ({ id, path }: { readonly id: number; readonly path: string }) => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return { id, name, path: name, kind: 'group', full_path: path, web_url: `${world.url()}/${path}` }
  }
  const one: DevHandler = (request) => {
    const key = request.params['group']
    const group = state.groups.find(({ id, path }) => String(id) === key || path === key)
    return group === undefined ? refused(404, '404 Group Not Found') : ok(view(group))
  }
  const list: DevHandler = (request) => {
    const text = request.query.get('search') ?? ''
    return page(request, state.groups.filter(({ path }) => path.includes(text)).map(view), paging(world))
  }
  const create: DevHandler = (request) => {
    const name = textOf(request, 'path')
    if (name === undefined) return invalid('path is missing')
    const parent = state.groups.find(({ id }) => String(id) === textOf(request, 'parent_id'))
    const path = parent === undefined ? name : `${parent.path}/${name}`
    if (!isProjectPath(`${path}/x`) || state.groups.some((group) => group.path === path))
      return refused(400, 'Failed to save group {:path=>["has already been taken"]}')
    addGroups(world, `${path}/x`)
    world.store.changed()
    return made(view({ id: state.groups.find((group) => group.path === path)?.id ?? 0, path }))
  }
  return [
    ['GET', '/api/v4/namespaces', list],
    ['GET', '/api/v4/namespaces/:group', one],
    ['GET', '/api/v4/groups', list],
    ['GET', '/api/v4/groups/:group', one],
    ['POST', '/api/v4/groups', withRole(roles.maintainer, create)],
  ]
}
