import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { tokenOf } from './dev-auth.ts'
import { refusedRefs } from './dev-branches.ts'
import { serveGit } from './dev-git-http.ts'
import { branchMoved, movedBranches } from './dev-push.ts'
import type { BranchMove } from './dev-push.ts'
import type { DevProject, DevToken } from './dev-records.ts'
import { roles } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { findProject } from './dev-world.ts'

const shape = /^\/(.+)\.git(\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/
const messages = {
  401: 'HTTP Basic: Access denied. The provided password or token is incorrect.\n',
  403: 'You are not allowed to push code to this project.\n',
  404: "The project you were looking for could not be found or you don't have permission to view it.\n",
} as const

/** A request of git for a project that its token may see. */
interface GitCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly service: string
  readonly query: string
  readonly project: DevProject
  readonly token: DevToken
}

/** Answers requests of git; false for any other. One push at a time goes into a repository. */
export function createGitRoute(room: DevRoom) {
  const { world } = room
  const turns = new Map<number, Promise<void>>()
  const inTurn = async (projectId: number, action: () => Promise<void>): Promise<void> => {
    const own = (turns.get(projectId) ?? Promise.resolve()).then(action)
    turns.set(
      projectId,
      own.catch(() => {}),
    )
    await own
  }
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> => {
    const [, path = '', service = ''] = shape.exec(url.pathname) ?? []
    if (service === '') return false
    const token = tokenOf(world, request)
    if (token === undefined) return refuse(response, 401)
    const project = findProject(world, path)
    if (project === undefined || project.options.invisible === true) return refuse(response, 404)
    const isPush = service === '/git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
    if (!mayUse(token, isPush) || (isPush && project.options.archived === true)) return refuse(response, 403)
    const call = { request, response, service, query: url.search.slice(1), project, token }
    if (service === '/git-receive-pack') await inTurn(project.id, () => push(room, call))
    else await serve(room, call, { env: world.git.env, whenDone: () => Promise.resolve() })
    return true
  }
}

function serve(
  { world }: DevRoom,
  { project, token, ...call }: GitCall,
  own: { readonly env: Readonly<Record<string, string>>; readonly whenDone: () => Promise<void> },
): Promise<void> {
  return serveGit({ ...call, ...own, gitDirectory: project.gitDirectory, user: token.username, signal: world.signal })
}

/** Takes a push and does what follows from it. An awkward host answers before that is done. */
async function push(room: DevRoom, call: GitCall): Promise<void> {
  const { world } = room
  const { project, token } = call
  const before = await world.git.refs(project.gitDirectory)
  const optionsFile = join(world.folder, `push-${randomUUID()}`)
  const refused = ` ${refusedRefs(project, before.keys(), token).join(' ')} `
  const env = { ...world.git.env, GREENLOOP_REFUSED: refused, GREENLOOP_PUSH: optionsFile }
  const whenDone = async (): Promise<void> => {
    const options = await readFile(optionsFile, 'utf8').catch(() => '')
    await rm(optionsFile, { force: true })
    const isSkipped = options.split('\n').includes('ci.skip')
    const moves = movedBranches(before, await world.git.refs(project.gitDirectory))
    const following = follow(
      room,
      moves.map((move) => ({ ...move, project, user: token.username, isSkipped })),
    )
    if (!world.isAwkward) await following
  }
  await serve(room, call, { env, whenDone })
}

/** The push has gone through, so what fails now is a line of the log. */
async function follow(room: DevRoom, moves: readonly BranchMove[]): Promise<void> {
  const { world } = room
  try {
    for (const move of moves) await branchMoved(room, move)
    await world.store.saved()
  } catch (error) {
    world.log(`after a push: ${String(error)}`)
  }
}

function mayUse({ accessLevel, scopes }: DevToken, isPush: boolean): boolean {
  const allowed = isPush ? ['api', 'write_repository'] : ['api', 'read_api', 'read_repository', 'write_repository']
  return scopes.some((scope) => allowed.includes(scope)) && (!isPush || accessLevel >= roles.developer)
}

function refuse(response: ServerResponse, status: keyof typeof messages): true {
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="GitLab"' } : {}
  response.writeHead(status, { 'content-type': 'text/plain', ...challenge }).end(messages[status])
  return true
}
