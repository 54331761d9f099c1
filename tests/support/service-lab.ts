import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openService } from '../../src/app/service.ts'
import type { RunService } from '../../src/app/service-context.ts'
import type { Service } from '../../src/app/service.ts'
import { startHttp } from '../../src/server/http-server.ts'
import type { HttpConfig, HttpServer } from '../../src/server/http-server.ts'

/** A real service in a folder of its own, on the network of this machine. */
export interface ServiceLab {
  readonly root: string
  readonly service: Service
  readonly server: HttpServer
  readonly url: string
  /** The administrator's token. */
  readonly token: string
  /** What the server did not expect. */
  readonly failures: readonly unknown[]
  /** A token of a scope. */
  tokenOf(scope: 'read' | 'run' | 'admin'): Promise<string>
  /** Asks with the administrator's token, unless another is given; `token: ''` sends none. */
  ask(method: string, path: string, options?: AskOptions): Promise<Response>
  [Symbol.asyncDispose](): Promise<void>
}

/** How a request is made. */
export interface AskOptions {
  readonly token?: string
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** How the service is set up. */
export interface LabOptions {
  /** Runs that it carries out side by side; 0 unless given, so that what is started stays queued. */
  readonly slots?: number
  /** Puts runs on record as they are ordered, without the look at what they would do, which takes a second. */
  readonly isUnchecked?: boolean
}

/** Opens a service and serves it. */
export async function openServiceLab(
  config: Partial<HttpConfig> = {},
  { slots = 0, isUnchecked = false }: LabOptions = {},
): Promise<ServiceLab> {
  const root = await mkdtemp(join(tmpdir(), 'greenloop-service-'))
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, GREENLOOP_STORE: join(root, '.greenloop', 'greenloop.db') }
  const service = await openService({ slots }, { cwd: root, env, signal: new AbortController().signal })
  const failures: unknown[] = []
  const rate = { perSecond: 100_000, burst: 100_000 }
  const onFailure = (error: unknown): void => void failures.push(error)
  const served = isUnchecked ? { ...service, runs: unchecked(service) } : service
  const server = await startHttp(served, { port: 0, version: '0.0.0-test', rate, onFailure, ...config })
  const { token } = await server.access.firstToken()
  const { url } = server
  return {
    root,
    service,
    server,
    url,
    token,
    failures,
    tokenOf: async (scope) => {
      const made = await server.access.createToken({ name: `lab-${scope}-${crypto.randomUUID().slice(0, 8)}`, scope })
      return made.token
    },
    ask: (method, path, { token: own = token, json, text, headers = {}, signal } = {}) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          ...(own === '' ? {} : { Authorization: `Bearer ${own}` }),
          ...(json === undefined && text === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined && text === undefined ? {} : { body: text ?? JSON.stringify(json) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    [Symbol.asyncDispose]: async () => {
      await server.close(200)
      await service.close(0)
      await rm(root, { recursive: true, force: true })
    },
  }
}

function unchecked({ runs, store }: Service): RunService {
  const start: RunService['start'] = ({ kind, body }, by) =>
    store.create({ id: body.runId ?? crypto.randomUUID(), kind, title: `by ${by}`, input: { kind, body } })
  return { ...runs, start }
}
