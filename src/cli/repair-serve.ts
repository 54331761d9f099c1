import { readRepair } from '../app/repair.ts'
import { openRepairService } from '../app/repair-service.ts'
import type { Surroundings } from '../app/surroundings.ts'
import { GreenloopError } from '../domain/errors.ts'
import { startGrpc } from '../server/grpc-server.ts'
import type { GrpcServer } from '../server/grpc-server.ts'
import { readText } from './named-file.ts'
import type { Session } from './session.ts'

/** How the service is started. */
interface ServeOptions {
  readonly config: string
  readonly host: string
  readonly port?: number
  readonly concurrency: number
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly reflection?: boolean
}

/** Serves until the signal aborts, then drains. Runs that are under way stay open, and go on when it is started again. */
export async function serveRepairs(
  options: ServeOptions,
  { session, where }: { readonly session: Session; readonly where: Surroundings },
): Promise<void> {
  const { grpc } = await readRepair({ config: options.config }, where)
  const tls = await readTls(options, session.cwd)
  let server: GrpcServer | undefined
  const service = await openRepairService(
    {
      config: options.config,
      concurrency: options.concurrency,
      onDependency: (name, isServing) => server?.setDependency(name, isServing),
    },
    { ...where, signal: new AbortController().signal },
  )
  try {
    const { host, reflection = false, port = grpc.port } = options
    server = await startGrpc({ host, port, token: grpc.token, tls, reflection }, service)
    session.output.note(
      `serving repairs on ${server.address}${tls === undefined ? '' : ' with TLS'}; SIGTERM ends it\n`,
    )
    if (session.output.result !== 'human') session.output.print(`${JSON.stringify({ address: server.address })}\n`)
    if (!where.signal.aborted) {
      await new Promise((ended) => where.signal.addEventListener('abort', ended, { once: true }))
    }
  } finally {
    await server?.close()
    await service.close()
  }
}

async function readTls({ tlsCert, tlsKey }: ServeOptions, cwd: string) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new GreenloopError('usage_invalid', '--tls-cert and --tls-key go together')
  }
  return { cert: await readText(tlsCert, cwd), key: await readText(tlsKey, cwd) }
}
