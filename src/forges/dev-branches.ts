import { invalid, made, ok, refused, textOf } from './dev-http.ts'
import type { DevReply, DevRequest, DevRoute } from './dev-http.ts'
import { page } from './dev-paging.ts'
import { branchMoved } from './dev-push.ts'
import type { DevProject, DevToken } from './dev-records.ts'
import { paging, roles, withProject, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { projectUrl } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Role needed to push to a branch; `undefined` where it is not protected. A `*` at the end of a rule stands for anything. */
function pushLevel({ protectedBranches }: DevProject, branch: string): number | undefined {
  const rules = protectedBranches.filter(({ name }) =>
    name.endsWith('*') ? branch.startsWith(name.slice(0, -1)) : name === branch,
  )
  return rules.length === 0 ? undefined : Math.min(...rules.map(({ pushLevel: level }) => (level === 0 ? 100 : level)))
}

/** References that a token may not push to, of those that are there or named by a rule. */
export function refusedRefs(project: DevProject, refs: Iterable<string>, token: DevToken): readonly string[] {
  const named = project.protectedBranches.map(({ name }) => `refs/heads/${name}`)
  const prefix = 'refs/heads/'
  return [...new Set([...refs, ...named])].filter(
    (ref) => (pushLevel(project, ref.slice(prefix.length)) ?? 0) > token.accessLevel,
  )
}

/** Routes of branches and their protection. */
export function branchRoutes(room: DevRoom): readonly DevRoute[] {
  const { world } = room
  const list = '/api/v4/projects/:id/repository/branches'
  const listing = withProject(world, async (project, request) => {
    const text = request.query.get('search') ?? ''
    const names = await branchNames(world, project)
    const views = names
      .filter(([name]) => name.includes(text))
      .map((branch) => branchView(world, project, { branch, request }))
    return page(request, views, paging(world))
  })
  const one = withProject(world, async (project, request) => {
    const branch = (await branchNames(world, project)).find(([name]) => name === request.params['branch'])
    return branch === undefined
      ? refused(404, '404 Branch Not Found')
      : ok(branchView(world, project, { branch, request }))
  })
  const protection = withProject(world, (project, request) => protect(world, project, request))
  const rule = withProject(world, (project, request) => {
    const found = project.protectedBranches.find(({ name }) => name === request.params['branch'])
    return found === undefined ? refused(404, '404 Not found') : ok(ruleView(found))
  })
  const rules = withProject(world, (project, request) =>
    page(request, project.protectedBranches.map(ruleView), paging(world)),
  )
  const create = withProject(world, (project, request) => createBranch(room, project, request))
  return [
    ['GET', list, listing],
    ['POST', list, withRole(roles.developer, create)],
    ['GET', `${list}/:branch`, one],
    ['GET', '/api/v4/projects/:id/protected_branches', rules],
    ['GET', '/api/v4/projects/:id/protected_branches/:branch', rule],
    ['POST', '/api/v4/projects/:id/protected_branches', withRole(roles.maintainer, protection)],
  ]
}

async function branchNames(world: DevWorld, project: DevProject): Promise<[string, string][]> {
  const refs = await world.git.refs(project.gitDirectory)
  return [...refs].map(([ref, sha]) => [ref.slice('refs/heads/'.length), sha])
}

function branchView(
  world: DevWorld,
  project: DevProject,
  { branch, request }: { readonly branch: readonly [string, string]; readonly request: DevRequest },
) {
  const [name, sha] = branch
  const level = pushLevel(project, name)
  return {
    name,
    commit: { id: sha, short_id: sha.slice(0, 8) },
    merged: false,
    protected: level !== undefined,
    developers_can_push: level !== undefined && level <= roles.developer,
    developers_can_merge: false,
    can_push: request.token.accessLevel >= Math.max(level ?? 0, roles.developer),
    default: name === project.defaultBranch,
    web_url: `${projectUrl(world, project)}/-/tree/${name}`,
  }
}

async function createBranch(room: DevRoom, project: DevProject, request: DevRequest): Promise<DevReply> {
  const { world } = room
  const [branch, ref] = [textOf(request, 'branch'), textOf(request, 'ref')]
  if (branch === undefined || ref === undefined) return invalid(`${branch === undefined ? 'branch' : 'ref'} is missing`)
  const valid = await world.git.ask(project.gitDirectory, ['check-ref-format', '--branch', branch])
  if (valid === undefined) return refused(400, 'Branch name is invalid')
  const full = `refs/heads/${branch}`
  if ((await world.git.refs(project.gitDirectory)).has(full)) return refused(400, 'Branch already exists')
  const sha = await commitOf(world, project, ref)
  if (sha === undefined) return refused(400, `Invalid reference name: ${ref}`)
  await world.git.run(project.gitDirectory, ['update-ref', full, sha, '0'.repeat(40)])
  await branchMoved(room, { project, branch, before: undefined, after: sha, user: request.token.username })
  return made(branchView(world, project, { branch: [branch, sha], request }))
}

/** The commit of a branch or of a full hash. */
async function commitOf(world: DevWorld, { gitDirectory }: DevProject, ref: string): Promise<string | undefined> {
  const name = /^[0-9a-f]{40}$/.test(ref) ? ref : `refs/heads/${ref}`
  const sha = await world.git.ask(gitDirectory, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`])
  return sha?.trim()
}

function protect(world: DevWorld, project: DevProject, request: DevRequest): DevReply {
  const name = textOf(request, 'name')
  if (name === undefined) return invalid('name is missing')
  if (project.protectedBranches.some((rule) => rule.name === name))
    return refused(409, `Protected branch '${name}' already exists`)
  const rule = { name, pushLevel: Number(textOf(request, 'push_access_level') ?? roles.maintainer) }
  project.protectedBranches.push(rule)
  world.store.changed()
  return made(ruleView(rule))
}

function ruleView({ name, pushLevel: level }: DevProject['protectedBranches'][number]) {
  return {
    id: 1,
    name,
    push_access_levels: [{ access_level: level }],
    merge_access_levels: [{ access_level: 40 }],
    allow_force_push: false,
  }
}
