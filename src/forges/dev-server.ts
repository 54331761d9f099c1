import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { adminRoutes } from './dev-admin.ts'
import type { LoggedRequest } from './dev-admin.ts'
import { answerApi } from './dev-answer.ts'
import { tokenOf } from './dev-auth.ts'
import { branchRoutes } from './dev-branches.ts'
import { deliver, strikeBefore } from './dev-deliver.ts'
import { createFaults } from './dev-faults.ts'
import { createGitRoute } from './dev-git-route.ts'
import { refused } from './dev-http.ts'
import type { DevReply, DevRoute } from './dev-http.ts'
import { jobRoutes } from './dev-jobs.ts'
import { lintRoutes } from './dev-lint.ts'
import { mergeRequestRoutes } from './dev-merge-requests.ts'
import { noteRoutes } from './dev-notes.ts'
import { pageReply } from './dev-page.ts'
import { pipelineRoutes } from './dev-pipelines.ts'
import { projectRoutes } from './dev-projects.ts'
import type { DevRoom } from './dev-scope.ts'
import { send } from './dev-send.ts'
import type { DevWorld } from './dev-world.ts'

const maxLogged = 20_000

/** Answers everything: git, the API, `/_dev` and pages. Never throws. */
export function createDevHandler(room: DevRoom): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { world } = room
  const faults = createFaults()
  const log: LoggedRequest[] = []
  const git = createGitRoute(room)
  const routes = [...apiRoutes(room), ...adminRoutes(room, faults, log)]
  const note = (line: LoggedRequest): void => {
    log.push(line)
    if (log.length > maxLogged) log.shift()
    world.log(`${line.method} ${line.path} ${line.status}`)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const at = { method: request.method ?? 'GET', path: url.pathname }
    const isAdmin = at.path.startsWith('/_dev/')
    const fault = isAdmin ? undefined : faults.next(at.method, at.path)
    if (fault !== undefined && (await strikeBefore(world, response, fault)))
      return note({ ...at, status: 'status' in fault ? fault.status : 0, keys: [] })
    if (await git(request, response, url)) return note({ ...at, status: response.statusCode, keys: [] })
    if (!isAdmin && !at.path.startsWith('/api/')) return send(response, await pageFor(room, request, at.path))
    const { reply, keys } = await answerApi(world, routes, { request, url })
    const status = await deliver(world, response, { reply, fault })
    if (!isAdmin) note({ ...at, status, keys })
  }
  return async (request, response) => {
    response.setHeader('x-request-id', randomUUID())
    await answer(request, response).catch((error: unknown) => breakOff(world, response, error))
  }
}

/** Pages need no token on this machine alone, where the address is no name of somebody else's. */
async function pageFor(room: DevRoom, request: IncomingMessage, path: string): Promise<DevReply> {
  const { hostname } = new URL(`http://${request.headers.host ?? 'unknown'}`)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && isLoopback(request.socket.remoteAddress)
  if (isLocal || tokenOf(room.world, request) !== undefined) return pageReply(room, path)
  return { status: 401, text: 'HTTP Basic: Access denied.\n', headers: { 'www-authenticate': 'Basic realm="GitLab"' } }
}

const isLoopback = (address = ''): boolean => /^(::ffff:)?127\.|^::1$/.test(address)

function apiRoutes(room: DevRoom): readonly DevRoute[] {
  return [
    ...projectRoutes(room),
    ...branchRoutes(room),
    ...mergeRequestRoutes(room),
    ...noteRoutes(room),
    ...pipelineRoutes(room),
    ...jobRoutes(room),
    ...lintRoutes(room),
  ]
}

function breakOff(world: DevWorld, response: ServerResponse, error: unknown): void {
  if (!world.signal.aborted) world.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  if (world.signal.aborted || response.headersSent) response.destroy()
  else send(response, refused(500, '500 Internal Server Error'))
}
