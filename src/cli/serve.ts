import { once } from 'node:events'
import { noteServing } from '../app/serve-link.ts'
import { openService } from '../app/service.ts'
import type { Service } from '../app/service.ts'
import { pageFolder } from '../app/page-build.ts'
import type { Surroundings } from '../app/surroundings.ts'
import { GreenloopError } from '../domain/errors.ts'
import { releaseYoungHeap } from '../lib/memory.ts'
import { startHttp } from '../server/http-server.ts'
import type { HttpConfig } from '../server/http-server.ts'
import type { LogParts, ServerLog } from '../server/observe-log.ts'
import { storeSurroundings } from './flags.ts'
import type { StoreOptions } from './options.ts'
import { readText } from './named-file.ts'
import { printServing } from './serve-lines.ts'
import type { Session } from './session.ts'
import { version } from './version.ts'

/** Options of `greenloop serve`, as commander gives them. */
export interface ServeOptions extends StoreOptions {
  readonly port: number
  readonly host?: string
  readonly allowHost?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly insecureHttp?: boolean
  readonly metricsOpen?: boolean
  /** Absent: only what nobody expected is told, in words. */
  readonly log?: LogParts['level']
  readonly artifacts?: string
  readonly slots?: number
  readonly drain: number
  /** Commander's form of `--unsafe-no-sandbox`. */
  readonly unsafeNoSandbox?: boolean
}

/** Serves the working folder until the signal aborts; then takes no more requests, and lets runs end for a while. */
export async function serve(options: ServeOptions, session: Session): Promise<void> {
  const tls = await readTls(options, session.cwd)
  const around = storeSurroundings(session, options)
  const { artifacts, slots, unsafeNoSandbox } = options
  const ending = new AbortController()
  const where: Surroundings = {
    ...around,
    signal: ending.signal,
    flags: { ...around.flags, ...(artifacts === undefined ? {} : { artifacts }) },
  }
  if (unsafeNoSandbox === true)
    session.output.note('tests of callers run WITHOUT A SANDBOX: they can do what you can do\n')
  const service = await openService({ slots, unsafeNoSandbox, onStep: where.onStep }, where)
  try {
    await serveHttp(service, { options, tls, session })
  } finally {
    ending.abort(new GreenloopError('cancelled', 'the server stops'))
    await service.close(0)
  }
  session.endAsAsked(0)
}

async function serveHttp(
  service: Service,
  {
    options,
    tls,
    session,
  }: { readonly options: ServeOptions; readonly tls: HttpConfig['tls']; readonly session: Session },
): Promise<void> {
  const { output, signal } = session
  const folder = await pageFolder({ env: session.env, signal, onStep: (text) => output.note(`${text}\n`) })
  const log = options.log === undefined ? undefined : await openServerLog(options.log)
  const server = await startHttp(service, {
    version,
    host: options.host,
    port: options.port,
    allowHosts: options.allowHost,
    tls,
    isInsecureAllowed: options.insecureHttp,
    pageFolder: folder,
    isMetricsOpen: options.metricsOpen,
    onRequest: (line) => log?.request(line),
    onFailure: (error, requestId) => {
      if (log === undefined) output.note(`request ${requestId} failed: ${textOf(error, session.debug)}\n`)
      else log.failure(error, requestId)
    },
  })
  const forget = await noteServing(service, { pid: process.pid, url: server.url })
  try {
    await printServing(server, { session, hasPage: folder !== undefined, root: service.root })
    if (options.unsafeNoSandbox !== true) await warnWithoutSandbox(session)
    releaseYoungHeap()
    if (!signal.aborted) await once(signal, 'abort')
    // Whoever watches a run sees its end.
    await service.drain(options.drain * 1000)
  } finally {
    await forget()
    await server.close()
    log?.close()
  }
}

/** Runs of callers would be refused one by one; whoever starts the server hears it first. */
async function warnWithoutSandbox({ output }: Session): Promise<void> {
  const { sandboxTrouble } = await import('../app/warm-up.ts')
  const trouble = await sandboxTrouble()
  if (trouble === undefined) return
  output.note(`tests of callers will be refused: ${trouble.message}\n`)
  if (trouble.help !== undefined) output.note(`help: ${trouble.help}\n`)
}

async function openServerLog(level: LogParts['level']): Promise<ServerLog> {
  const { openLog } = await import('../server/observe-log.ts')
  return openLog({ level })
}

function textOf(error: unknown, isWhole: boolean): string {
  if (!(error instanceof Error)) return String(error)
  return isWhole ? (error.stack ?? error.message) : error.message
}

async function readTls({ tlsCert, tlsKey }: ServeOptions, cwd: string): Promise<HttpConfig['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new GreenloopError('usage_invalid', '--tls-cert and --tls-key go together')
  }
  return { cert: await readText(tlsCert, cwd), key: await readText(tlsKey, cwd) }
}
