import { GreenloopError } from '../domain/errors.ts'
import type { ServerConfig } from '../domain/workflow.ts'
import { adminCall } from './dify-console-call.ts'
import type { AdminAnswer, AdminParts, AdminRequest } from './dify-console-call.ts'
import { answerText, importOutcome, isPending, leakedDependencies } from './dify-console-admin.ts'
import type { DifyConsole, ListedApp } from './dify-console-admin.ts'
import { at, textOf } from './dify-dsl-document.ts'

/** A request below `/console/api`. */
interface ConsoleRequest {
  readonly method: AdminRequest['method']
  readonly path: string
  readonly body?: unknown
  readonly accept?: readonly number[]
}

type Ask = (request: ConsoleRequest) => Promise<AdminAnswer>

/**
 * Logs in to the web console of a server and gives what it can do. A session that runs out is renewed once. Throws
 * `plan_invalid` without login, otherwise as targets do.
 */
export async function openConsole(server: ServerConfig, parts: AdminParts): Promise<DifyConsole> {
  const access = accessOf(server)
  let session = await logIn(access, parts)
  const send = (request: ConsoleRequest): Promise<AdminAnswer> =>
    adminCall({ ...request, url: consoleUrl(access, request.path), headers: session, secrets: access.secrets }, parts)
  const ask: Ask = async (request) => {
    try {
      return await send(request)
    } catch (error) {
      if (!(error instanceof GreenloopError) || error.call?.status !== 401) throw error
      session = await logIn(access, parts)
      return send(request)
    }
  }
  const { workspace } = server.publish
  if (workspace !== undefined) {
    await ask({ method: 'POST', path: 'workspaces/switch', body: { tenant_id: workspace } })
  }
  return consoleOf(ask)
}

interface Access {
  readonly base: string
  readonly email: string
  readonly password: string
  readonly headers: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
}

function accessOf({ baseUrl, headers, publish }: ServerConfig): Access {
  const { email, password } = publish
  if (email === undefined || password === undefined) {
    throw new GreenloopError('plan_invalid', 'publishing by the console wants a login', {
      help: 'set `publish.email` and `publish.password` of the server in env.yaml; write `${NAME}` for the password',
    })
  }
  const base = (publish.consoleUrl ?? baseUrl).replace(/\/+$/u, '').replace(/\/(?:v1|console\/api)$/u, '')
  const encoded = Buffer.from(password).toString('base64')
  return { base, email, password, headers, secrets: [password, encoded, ...Object.values(headers)] }
}

function consoleUrl({ base }: Access, path: string): URL {
  const address = `${base}/console/api/${path}`
  if (URL.canParse(address)) return new URL(address)
  throw new GreenloopError('plan_invalid', `\`${base}\` is no address of a web console`, {
    help: 'set `publish.console_url` of the server in env.yaml',
  })
}

/** Newer servers want the password as their web page sends it, in base64; older ones as it is. */
async function logIn(access: Access, parts: AdminParts): Promise<Readonly<Record<string, string>>> {
  const { email, password, headers, secrets } = access
  const url = consoleUrl(access, 'login')
  const attempt = (sent: string, accept: readonly number[]): Promise<AdminAnswer> =>
    adminCall(
      { method: 'POST', url, headers, body: { email, password: sent, remember_me: true }, accept, secrets },
      parts,
    )
  const plain = await attempt(password, [400, 401])
  const answer = plain.status < 400 ? plain : await attempt(Buffer.from(password).toString('base64'), [])
  return { ...headers, ...sessionOf(answer) }
}

/** Servers keep the session in cookies; older ones gave a token in the body. */
function sessionOf({ headers, body }: AdminAnswer): Readonly<Record<string, string>> {
  const cookies = (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0] ?? '')
  const named = (name: string): string | undefined =>
    cookies.find((cookie) => new RegExp(`^(?:__(?:Host|Secure)-)?${name}=`, 'u').test(cookie))?.replace(/^[^=]*=/u, '')
  const csrf = named('csrf_token') ?? textOf(at(body, ['data', 'csrf_token']))
  const token = textOf(at(body, ['data', 'access_token']))
  if (named('access_token') === undefined && token === undefined) {
    throw new GreenloopError('target_garbled', 'the console took the login but gave no session')
  }
  return {
    ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
    ...(csrf !== undefined && { 'x-csrf-token': csrf }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
}

const gone = [404]

function consoleOf(ask: Ask): DifyConsole {
  return {
    importApp: async (dsl, { appId, name }) => {
      const body = { mode: 'yaml-content', yaml_content: dsl, name, app_id: appId }
      const answer = await ask({ method: 'POST', path: 'apps/imports', body, accept: [400] })
      if (!isPending(answer)) return importOutcome(answer)
      const path = `apps/imports/${answerText(answer, ['id'], 'the import')}/confirm`
      return importOutcome(await ask({ method: 'POST', path, body: {}, accept: [400] }))
    },
    exportApp: async (appId, versionId) => {
      const query = versionId === undefined ? '' : `&workflow_id=${encodeURIComponent(versionId)}`
      const answer = await ask({ method: 'GET', path: `apps/${appId}/export?include_secret=false${query}` })
      return answerText(answer, ['data'], 'the export')
    },
    publish: async (appId, { name, comment }) => {
      const path = `apps/${appId}/workflows/publish`
      await ask({ method: 'POST', path, body: { marked_name: name, marked_comment: comment } })
      return answerText(await ask({ method: 'GET', path }), ['id'], 'the published version')
    },
    missingDependencies: async (appId) =>
      leakedDependencies(await ask({ method: 'GET', path: `apps/imports/${appId}/check-dependencies`, accept: gone })),
    createKey: async (appId) => {
      const answer = await ask({ method: 'POST', path: `apps/${appId}/api-keys` })
      return { id: answerText(answer, ['id'], 'the new key'), token: answerText(answer, ['token'], 'the new key') }
    },
    deleteKey: async (appId, keyId) =>
      (await ask({ method: 'DELETE', path: `apps/${appId}/api-keys/${keyId}`, accept: gone })).status !== 404,
    deleteApp: async (appId) => (await ask({ method: 'DELETE', path: `apps/${appId}`, accept: gone })).status !== 404,
    listApps: (prefix) => listedApps(ask, prefix),
  }
}

const pageSize = 100
const mostPages = 100

async function listedApps(ask: Ask, prefix: string): Promise<readonly ListedApp[]> {
  const found: ListedApp[] = []
  for (let page = 1; page <= mostPages; page++) {
    const path = `apps?page=${page}&limit=${pageSize}&name=${encodeURIComponent(prefix)}`
    const { body } = await ask({ method: 'GET', path })
    const data = at(body, ['data'])
    for (const item of Array.isArray(data) ? data : []) {
      const [id, name] = [textOf(at(item, ['id'])), textOf(at(item, ['name']))]
      if (id !== undefined && name?.startsWith(prefix) === true) found.push({ id, name })
    }
    if (at(body, ['has_more']) !== true) break
  }
  return found
}
