import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse, stringify } from 'yaml'

/** A version that was published. */
interface StoredVersion {
  readonly id: string
  readonly name: string
  readonly comment: string
  readonly dsl: Dsl
}

type Dsl = Record<string, unknown>

/** An app of the server. */
export interface StoredApp {
  readonly id: string
  name: string
  mode: string
  draft: Dsl
  readonly versions: StoredVersion[]
  readonly keys: { readonly id: string; readonly token: string }[]
}

/** Faults that can be switched on and off at any time. Numbers count down to nothing. */
export interface ConsoleFaults {
  /** Imports wait for a confirmation. */
  pendingImports: boolean
  /** Imports answer with this error. */
  importError: string
  /** Only the password in base64 is taken. */
  encodedPassword: boolean
  /** The session is in the body, as on older servers. */
  tokenInBody: boolean
  /** Running a version by its id is forbidden. */
  pinForbidden: boolean
  /** Knowledge bases get lost, as those of another workspace do. */
  dropDatasets: boolean
  /** Somebody else changes the draft before this many publishings. */
  meddling: number
  /** This many requests are answered with 429. */
  busy: number
  /** This many requests are answered with 401. */
  expired: number
  /** This many requests that delete are answered with 500. */
  stuck: number
  /** The connection breaks off after this many imports, which are done. */
  cutImports: number
  /** The build cannot publish by /openapi/v1. */
  cannotPublish: boolean
  /** There is no /openapi/v1. */
  noOpenapi: boolean
  /** Plugins that are missing. */
  missing: readonly string[]
}

/** What the server is started with. */
export interface ConsoleServerOptions {
  readonly email?: string
  readonly password?: string
  readonly token?: string
  /** Told of each version, so that another server can run it. */
  readonly onPublished?: (appId: string, versionId: string, dslText: string) => void
  /** Told of each key, so that another server takes it. */
  readonly onKey?: (appId: string, token: string) => void
}

/** A server that administrates apps as Dify does. */
export interface ConsoleServer {
  /** Address without any path. */
  readonly url: string
  readonly apps: ReadonlyMap<string, StoredApp>
  readonly faults: ConsoleFaults
  /** Requests as they arrived: `POST /console/api/apps/imports`. */
  readonly requests: readonly string[]
  /** Puts an app there and gives its id. */
  addApp(dsl: string): string
  [Symbol.asyncDispose](): Promise<void>
}

interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Record<string, string | string[]>
  readonly cut?: boolean
}

interface Call {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** Starts a server on 127.0.0.1. */
export async function startConsoleServer(options: ConsoleServerOptions = {}): Promise<ConsoleServer> {
  const desk = createDesk(options)
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://local')
    requests.push(`${request.method} ${url.pathname}`)
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    send(response, desk.answer({ method: request.method ?? 'GET', url, headers: request.headers, body }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    apps: desk.apps,
    faults: desk.faults,
    requests,
    addApp: (dsl) => desk.create(parse(dsl) as Dsl).id,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, { status, body, headers = {}, cut = false }: Reply): void {
  if (cut) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

const refused = (status: number, code: string): Reply => ({ status, body: { code, message: code, status } })
const notFound = refused(404, 'not_found')

function createDesk(options: ConsoleServerOptions) {
  const { email = 'me@example.com', password = 'secret-1', token = 'dfoa_token' } = options
  const apps = new Map<string, StoredApp>()
  const waiting = new Map<string, Record<string, unknown>>()
  const faults: ConsoleFaults = {
    pendingImports: false,
    importError: '',
    encodedPassword: false,
    tokenInBody: false,
    pinForbidden: false,
    dropDatasets: false,
    meddling: 0,
    busy: 0,
    expired: 0,
    stuck: 0,
    cutImports: 0,
    cannotPublish: false,
    noOpenapi: false,
    missing: [],
  }
  let serial = 0
  const nextId = (kind: string): string => `${kind}-${++serial}`

  const stored = (dsl: Dsl): Dsl => {
    const copy = structuredClone(dsl)
    for (const node of nodesOf(copy)) if (faults.dropDatasets && 'dataset_ids' in node) node['dataset_ids'] = []
    return copy
  }
  const create = (dsl: Dsl): StoredApp => {
    const { name, mode } = dsl['app'] as { name: string; mode: string }
    const app: StoredApp = { id: nextId('app'), name, mode, draft: dsl, versions: [], keys: [] }
    apps.set(app.id, app)
    return app
  }
  const exported = (app: StoredApp, dsl: Dsl): string => {
    const { kind: _kind, ...rest } = dsl
    const made = {
      ...rest,
      version: '0.6.0',
      kind: 'app',
      app: { ...(dsl['app'] as object), name: app.name, icon: '🐳' },
    }
    return stringify(made, { aliasDuplicateObjects: false })
  }

  const importDsl = (body: Record<string, unknown>): Reply => {
    if (faults.importError !== '')
      return { status: 400, body: { id: 'i', status: 'failed', error: faults.importError } }
    const dsl = stored(parse(String(body['yaml_content'])) as Dsl)
    const existing = apps.get(String(body['app_id']))
    if (body['app_id'] !== undefined && existing === undefined) return notFound
    if (existing !== undefined && !['workflow', 'advanced-chat'].includes(existing.mode)) {
      return { status: 400, body: { id: 'i', status: 'failed', error: 'Only workflow or advanced chat apps' } }
    }
    const app = existing ?? create(dsl)
    app.draft = dsl
    app.name = typeof body['name'] === 'string' ? body['name'] : app.name
    const older = dsl['version'] === '0.6.0' ? 'completed' : 'completed-with-warnings'
    const cut = faults.cutImports-- > 0
    return { status: 200, body: { id: 'i', status: older, app_id: app.id, imported_dsl_version: dsl['version'] }, cut }
  }
  const importOrWait = (body: Record<string, unknown>): Reply => {
    if (!faults.pendingImports) return importDsl(body)
    const id = nextId('import')
    waiting.set(id, body)
    return { status: 202, body: { id, status: 'pending' } }
  }
  const confirm = (id: string): Reply => {
    const body = waiting.get(id)
    return body === undefined ? notFound : importDsl(body)
  }
  const publish = (app: StoredApp, body: Record<string, unknown>): string => {
    if (faults.meddling-- > 0) {
      app.draft = structuredClone(app.draft)
      const node = nodesOf(app.draft).find(({ type }) => type === 'llm') ?? {}
      node['prompt_template'] = [{ role: 'system', text: 'changed by somebody' }]
    }
    const { marked_name: name, marked_comment: comment } = body as { marked_name: string; marked_comment: string }
    const version = { id: nextId('version'), name, comment, dsl: structuredClone(app.draft) }
    app.versions.push(version)
    options.onPublished?.(app.id, version.id, exported(app, version.dsl))
    return version.id
  }
  const exportOf = (app: StoredApp, url: URL): Reply => {
    const wanted = url.searchParams.get('workflow_id')
    const dsl = wanted === null ? app.draft : app.versions.find(({ id }) => id === wanted)?.dsl
    return dsl === undefined ? notFound : { status: 200, body: { data: exported(app, dsl) } }
  }
  const dependencies = (): Reply => ({
    status: 200,
    body: {
      leaked_dependencies: faults.missing.map((name) => ({
        type: 'marketplace',
        value: { marketplace_plugin_unique_identifier: name },
      })),
    },
  })

  const logIn = (body: Record<string, unknown>): Reply => {
    const wanted = faults.encodedPassword ? Buffer.from(password).toString('base64') : password
    if (body['email'] !== email || body['password'] !== wanted) return refused(401, 'authentication_failed')
    if (faults.tokenInBody) return { status: 200, body: { result: 'success', data: { access_token: 'access-1' } } }
    const cookies = ['access_token=access-1; HttpOnly', 'refresh_token=r; HttpOnly', 'csrf_token=csrf-1']
    return { status: 200, body: { result: 'success' }, headers: { 'set-cookie': cookies } }
  }
  const isIn = ({ headers }: Call): boolean => {
    if (faults.tokenInBody) return headers.authorization === 'Bearer access-1'
    return headers.cookie?.includes('access_token=access-1') === true && headers['x-csrf-token'] === 'csrf-1'
  }

  const inApp = (call: Call, app: StoredApp, rest: string): Reply => {
    const { method, body, url } = call
    const [, keyId] = /^\/api-keys\/(.+)$/u.exec(rest) ?? []
    if (method === 'GET' && rest === '/export') return exportOf(app, url)
    if (method === 'POST' && rest === '/workflows/publish')
      return { status: 200, body: { result: publish(app, body) && 'success' } }
    if (method === 'GET' && rest === '/workflows/publish') return { status: 200, body: { id: app.versions.at(-1)?.id } }
    if (method === 'GET' && rest === '/workflows') return { status: 200, body: { items: app.versions } }
    if (method === 'POST' && rest === '/api-keys') {
      if (app.keys.length >= 10) return refused(400, 'max_keys_exceeded')
      const key = { id: nextId('key'), token: `app-clone-canary-${serial}` }
      app.keys.push(key)
      options.onKey?.(app.id, key.token)
      return { status: 201, body: { ...key, type: 'app' } }
    }
    if (method === 'DELETE' && faults.stuck-- > 0) return refused(500, 'internal_server_error')
    if (method === 'DELETE' && keyId !== undefined) {
      const at = app.keys.findIndex(({ id }) => id === keyId)
      if (at === -1) return notFound
      app.keys.splice(at, 1)
      return { status: 204 }
    }
    if (method === 'DELETE' && rest === '') {
      apps.delete(app.id)
      return { status: 204 }
    }
    return notFound
  }

  const inConsole = (call: Call, path: string): Reply => {
    const { method, body, url } = call
    if (path === '/login') return logIn(body)
    if (!isIn(call) || faults.expired-- > 0) return refused(401, 'unauthorized')
    if (path === '/workspaces/switch') return { status: 200, body: { result: 'success' } }
    if (method === 'POST' && path === '/apps/imports') return importOrWait(body)
    const [, importId] = /^\/apps\/imports\/([^/]+)\/confirm$/u.exec(path) ?? []
    if (importId !== undefined) return confirm(importId)
    if (path.endsWith('/check-dependencies')) return dependencies()
    if (method === 'GET' && path === '/apps') {
      const page = Number(url.searchParams.get('page') ?? 1)
      const name = url.searchParams.get('name') ?? ''
      const found = [...apps.values()].filter((app) => app.name.includes(name))
      // Pages are short, so that clients have to turn them.
      const data = found.slice(2 * page - 2, 2 * page).map(({ id, name: title, mode }) => ({ id, name: title, mode }))
      return { status: 200, body: { data, page, has_more: found.length > 2 * page } }
    }
    const [, appId = '', rest = ''] = /^\/apps\/([^/]+)(.*)$/u.exec(path) ?? []
    const app = apps.get(appId)
    return app === undefined ? notFound : inApp(call, app, rest)
  }

  const inOpenapi = (call: Call, path: string): Reply => {
    const { method, body, url, headers } = call
    if (faults.noOpenapi) return notFound
    if (path === '/_version') return { status: 200, body: { version: '1.16.0' } }
    if (headers.authorization !== `Bearer ${token}`) return refused(401, 'unauthorized')
    if (/^\/workspaces\/[^/]+\/apps\/imports$/u.test(path)) return importOrWait(body)
    const [, importId] = /^\/workspaces\/[^/]+\/apps\/imports\/([^/]+)\/confirm$/u.exec(path) ?? []
    if (importId !== undefined) return confirm(importId)
    const [, appId = '', rest = ''] = /^\/apps\/([^/:]+)(.*)$/u.exec(path) ?? []
    const app = apps.get(appId)
    if (app === undefined) return notFound
    if (method === 'GET' && rest === '/export') return exportOf(app, url)
    if (method === 'GET' && rest === '/check-dependencies') return dependencies()
    if (method !== 'POST' || rest !== ':publish' || faults.cannotPublish) return notFound
    return { status: 200, body: { version_id: publish(app, body) } }
  }

  /** Only what a request that cannot run is answered with. */
  const inService = ({ headers, body }: Call, path: string): Reply => {
    const app = [...apps.values()].find(({ keys }) =>
      keys.some((key) => headers.authorization === `Bearer ${key.token}`),
    )
    if (app === undefined && headers.authorization !== 'Bearer app-aside') return refused(401, 'unauthorized')
    const pins = /^\/workflows\/[^/]+\/run$/u.test(path) || body['workflow_id'] !== undefined
    if (pins && faults.pinForbidden) return refused(403, 'workflow_version_execution_not_allowed')
    return refused(400, 'invalid_param')
  }

  const answer = (call: Call): Reply => {
    const { pathname } = call.url
    if (faults.busy-- > 0) return { ...refused(429, 'too_many_requests'), headers: { 'retry-after': '2' } }
    if (pathname.startsWith('/console/api')) return inConsole(call, pathname.slice('/console/api'.length))
    if (pathname.startsWith('/openapi/v1')) return inOpenapi(call, pathname.slice('/openapi/v1'.length))
    return pathname.startsWith('/v1') ? inService(call, pathname.slice('/v1'.length)) : notFound
  }
  return { apps, faults, create, answer }
}

function nodesOf(dsl: Dsl): Record<string, unknown>[] {
  const workflow = dsl['workflow'] as { graph?: { nodes?: { data: Record<string, unknown> }[] } } | undefined
  return (workflow?.graph?.nodes ?? []).map(({ data }) => data)
}
