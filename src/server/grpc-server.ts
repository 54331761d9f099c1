import { Server, ServerCredentials } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import type { RepairService } from '../app/repair-service.ts'
import { loadRunService, maxMessageBytes, runServiceName } from '../client/run-messages.ts'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import { runCalls } from './grpc-calls.ts'

/** Where the service listens and whom it lets in. */
export interface GrpcConfig {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly token?: string | undefined
  /** Certificate and key in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** Lets tools ask for the description of the service. */
  readonly reflection: boolean
  readonly followMs?: number | undefined
  readonly heartbeatMs?: number | undefined
}

/** A service that listens. */
export interface GrpcServer {
  readonly address: string
  /** Shown by the health service as `greenloop.dep.NAME`. */
  setDependency(name: 'gitlab' | 'llm', isServing: boolean): void
  /** Says that it drains, lets calls end, and cuts what is left after the grace. */
  close(graceMs?: number): Promise<void>
}

const defaultGraceMs = 10_000

/** Starts the gRPC service. Throws `usage_invalid` where it would listen beyond this machine without token and TLS. */
export async function startGrpc(config: GrpcConfig, service: RepairService): Promise<GrpcServer> {
  refuseOpen(config)
  const { definition, constructor: Service } = loadRunService()
  const stop = new AbortController()
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 30_000,
  })
  const { followMs = 300, heartbeatMs = 15_000, token } = config
  server.addService(Service.service, runCalls({ service, token, followMs, heartbeatMs, signal: stop.signal }))
  const health = new HealthImplementation({ '': 'SERVING', [runServiceName]: 'SERVING' })
  health.addToServer(server)
  if (config.reflection) new ReflectionService(definition).addToServer(server)
  const port = await bind(server, config, credentialsOf(config))
  return {
    address: `${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    setDependency: (name, isServing) =>
      health.setStatus(`greenloop.dep.${name}`, isServing ? 'SERVING' : 'NOT_SERVING'),
    close: async (graceMs = defaultGraceMs) => {
      health.setStatus('', 'NOT_SERVING')
      health.setStatus(runServiceName, 'NOT_SERVING')
      stop.abort(new GreenloopError('store_unavailable', 'the service is being stopped'))
      const cut = after(graceMs, () => server.forceShutdown())
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      cut.cancel()
    },
  }
}

function refuseOpen({ host, token, tls }: GrpcConfig): void {
  if (/^(?:127\.\d+\.\d+\.\d+|localhost|::1)$/u.test(host)) return
  if (token !== undefined && tls !== undefined) return
  const missing = [...(token === undefined ? ['a token'] : []), ...(tls === undefined ? ['TLS'] : [])].join(' and ')
  throw new GreenloopError('usage_invalid', `listening on ${host} needs ${missing}`, {
    why: 'whoever reaches the service can start repairs with your token',
    help: 'set `authentication.grpc_token` and give --tls-cert and --tls-key, or leave --host out',
  })
}

function credentialsOf({ tls }: GrpcConfig): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const pair = { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }
  return ServerCredentials.createSsl(null, [pair])
}

function bind(server: Server, { host, port }: GrpcConfig, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, credentials, (error, bound) => {
      if (error === null) return resolve(bound)
      const help = 'choose another `services.grpc_port`, or 0 for a free one'
      reject(
        new GreenloopError('usage_invalid', `${host}:${port} cannot be listened on: ${error.message}`, {
          cause: error,
          help,
        }),
      )
    })
  })
}
