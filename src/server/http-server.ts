import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { getRequestListener } from '@hono/node-server'
import { openAccess } from '../app/access.ts'
import type { Access } from '../app/access.ts'
import type { ServiceContext } from '../app/service-context.ts'
import { openSystem } from '../app/system.ts'
import { openWebhooks } from '../app/webhook-sender.ts'
import { GreenloopError } from '../domain/errors.ts'
import { allHandlers } from './handlers.ts'
import { buildApp } from './http-app.ts'
import { isChange } from './http-audit.ts'
import { asHostName } from './http-guard.ts'
import { listen } from './http-listen.ts'
import type { ListenOptions } from './http-listen.ts'
import { loadPage } from './http-page.ts'
import type { AppParts, RateLimit } from './http-parts.ts'
import type { McpHttpParts } from './mcp-http.ts'
import { problemResponse } from './problem.ts'
import { openMetrics } from './observe-metrics.ts'
import { observeRoutes } from './observe-routes.ts'
import { createStreamHub } from './stream-hub.ts'

/** How the service is put on the network. */
export interface HttpConfig extends ListenOptions {
  readonly version: string
  /** Further names that callers may know it by. */
  readonly allowHosts?: readonly string[] | undefined
  /** Lets it listen beyond the loopback without a certificate. */
  readonly isInsecureAllowed?: boolean | undefined
  /** Folder of the built page; without one there is the API alone. */
  readonly pageFolder?: string | undefined
  /** Lets everybody read `/metrics`; only at the loopback. */
  readonly isMetricsOpen?: boolean | undefined
  readonly rate?: RateLimit | undefined
  readonly onRequest?: AppParts['onRequest']
  readonly onFailure?: AppParts['onFailure']
}

/** A server that listens. */
export interface HttpServer {
  /** `http://127.0.0.1:4747` */
  readonly url: string
  readonly access: Access
  /** Ends streams, lets requests end for so many milliseconds, and closes. */
  close(graceMs?: number): Promise<void>
}

/**
 * Serves the API and the page. Throws `server_exposed` where others could reach it without protection, `config_invalid` where the
 * port is taken.
 */
export async function startHttp(service: ServiceContext, config: HttpConfig): Promise<HttpServer> {
  checkExposure(config)
  const hosts = hostsOf(config)
  const page = config.pageFolder === undefined ? undefined : await loadPage(config.pageFolder)
  const { parts, probes, stop } = await openParts(service, config)
  const { isTls, access } = parts
  const app = buildApp({ ...parts, hosts, page }, probes)
  const errorHandler = (): Response =>
    problemResponse(new GreenloopError('body_invalid', 'this is no request that HTTP knows'), '')
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler })
  try {
    const listening = await listen((incoming, outgoing) => void listener(incoming, outgoing), config)
    return {
      url: `${isTls ? 'https' : 'http'}://${urlHost(config.host)}:${listening.port}`,
      access,
      close: async (graceMs = 5000) => {
        stop()
        await listening.close(graceMs)
      },
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** Everything that lives as long as the server does, and what ends it. */
async function openParts(service: ServiceContext, config: HttpConfig) {
  const { version, rate, onFailure } = config
  const isTls = config.tls !== undefined
  const access = openAccess(service)
  const webhooks = await openWebhooks(service)
  const hub = createStreamHub(service)
  const system = openSystem(service, { version, streams: () => hub.clients() })
  const handlers = allHandlers(service, { access, hub, system, webhooks, facts: { version, isTls } })
  const metrics = openMetrics(service, () => hub.clients())
  const onRequest: AppParts['onRequest'] = (line) => {
    metrics.request(line)
    config.onRequest?.(line)
  }
  const stopping = new AbortController()
  const mcp = lazyMcp({ handlers, version, stopping: stopping.signal, access })
  return {
    parts: { service, access, handlers, isTls, rate, onRequest, onFailure, mcp, stopping: stopping.signal },
    probes: observeRoutes({
      service,
      metrics,
      isDraining: () => service.runs.isDraining() || stopping.signal.aborted,
      isMetricsOpen: config.isMetricsOpen === true && isLoopback(config.host),
    }),
    stop: () => {
      hub.close()
      stopping.abort(new GreenloopError('cancelled', 'the server stops'))
      webhooks.close()
      system.close()
      metrics.close()
    },
  }
}

/** Loaded when somebody asks for it: most servers never speak it. */
function lazyMcp({
  access,
  ...parts
}: Pick<McpHttpParts, 'handlers' | 'version' | 'stopping'> & { readonly access: Access }): NonNullable<
  AppParts['mcp']
> {
  const onChange: McpHttpParts['onChange'] = async ({ name: who }, { operation, params, outcome }) => {
    if (!isChange(operation)) return
    const target = Object.values((params ?? {}) as Readonly<Record<string, unknown>>).join('/')
    await access.audit({ who, action: operation, target, outcome, address: 'mcp' })
  }
  return async (request, caller) => {
    const { mcpOverHttp } = await import('./mcp-http.ts')
    return mcpOverHttp({ ...parts, onChange })(request, caller)
  }
}

function isLoopback(host: string | undefined): boolean {
  return host === undefined || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/iu.test(host)
}

function checkExposure({ host, tls, isInsecureAllowed = false }: HttpConfig): void {
  if (isLoopback(host) || tls !== undefined || isInsecureAllowed) return
  throw new GreenloopError('server_exposed', `at ${host}, others could read what is sent, tokens too`, {
    help: 'add --tls-cert and --tls-key, or --insecure-http where something in front of it speaks TLS',
  })
}

function hostsOf({ host, allowHosts = [] }: HttpConfig): ReadonlySet<string> {
  const own = host === undefined ? [] : isUnspecified(host) ? ownAddresses() : [host]
  const names = [...own, ...allowHosts]
  return new Set(
    names.map((name) => {
      const known = asHostName(name)
      if (known !== undefined) return known
      throw new GreenloopError('usage_invalid', `\`${name}\` is no name or address of a host`)
    }),
  )
}

/** Numbers of this machine. Names are another matter: what they stand for is decided elsewhere. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function urlHost(host: string | undefined): string {
  if (host === undefined || isUnspecified(host)) return '127.0.0.1'
  return isIP(host) === 6 ? `[${host}]` : host
}
