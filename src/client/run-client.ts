import { credentials, Metadata, status } from '@grpc/grpc-js'
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { loadRunService, maxMessageBytes } from './run-messages.ts'
import type { RunEventMessage, RunMessage, StartRunMessage } from './run-messages.ts'

/** Where a service is and how it is talked to. */
export interface RunClientConfig {
  /** `host:port`. */
  readonly address: string
  /** Sent as a bearer token. */
  readonly token?: string | undefined
  /** Certificate authority in PEM: talks over TLS. Without it, TLS is used for any host but the loopback. */
  readonly ca?: string | undefined
  /** Limit of a call that answers once, in milliseconds; 30,000 unless set. */
  readonly timeoutMs?: number | undefined
}

/** A repair service, from another program. Throws `GreenloopError`s as the service means them. */
export interface RunClient {
  start(request: StartRunMessage, signal: AbortSignal): Promise<RunMessage>
  get(id: string, signal: AbortSignal): Promise<RunMessage>
  list(
    page: { readonly pageSize?: number; readonly pageToken?: string },
    signal: AbortSignal,
  ): Promise<{ readonly runs: readonly RunMessage[]; readonly nextPageToken: string }>
  /** All events behind `afterSeq`; ends with the snapshot of a run that is over. A connection that breaks is taken up again where it stood. */
  watch(id: string, afterSeq: number, signal: AbortSignal): AsyncGenerator<RunEventMessage>
  cancel(id: string, reason: string, signal: AbortSignal): Promise<RunMessage>
  playGate(runId: string, job: string, signal: AbortSignal): Promise<{ readonly jobUrl: string }>
  close(): void
}

/** Times a broken stream is taken up again without anything new having come. */
const mostReconnects = 5

/** A client of the repair service. */
export function createRunClient(config: RunClientConfig): RunClient {
  const { constructor: Service } = loadRunService()
  const options = {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 30_000,
  }
  const client = new Service(config.address, credentialsOf(config), options)
  const metadata = (): Metadata => {
    const made = new Metadata()
    if (config.token !== undefined) made.set('authorization', `Bearer ${config.token}`)
    return made
  }
  const call = <T>(name: string, request: object, signal: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const deadline = { deadline: new Date(now() + (config.timeoutMs ?? 30_000)) }
      const method = (client as unknown as Record<string, UnaryMethod<T>>)[name]
      const sent = method?.call(client, request, metadata(), deadline, (error, reply) => {
        signal.removeEventListener('abort', stop)
        if (error !== null) reject(signal.aborted ? (signal.reason as Error) : translated(error, config))
        else if (reply === undefined) reject(new GreenloopError('forge_garbled', `${config.address} gave no answer`))
        else resolve(reply)
      })
      const stop = (): void => sent?.cancel()
      signal.addEventListener('abort', stop, { once: true })
    })
  const open = (id: string, afterSeq: number): ClientReadableStream<RunEventMessage> => {
    const method = (client as unknown as Record<string, StreamMethod>).watchRun
    if (method === undefined) throw new GreenloopError('internal', 'the protocol has no WatchRun')
    return method.call(client, { id, afterSeq }, metadata())
  }
  return {
    start: (request, signal) => call('startRun', request, signal),
    get: (id, signal) => call('getRun', { id }, signal),
    list: (page, signal) => call('listRuns', page, signal),
    watch: (id, afterSeq, signal) => watched({ open, config }, { id, afterSeq }, signal),
    cancel: (id, reason, signal) => call('cancelRun', { id, reason }, signal),
    playGate: (runId, job, signal) => call('playGate', { runId, job }, signal),
    close: () => client.close(),
  }
}

type UnaryMethod<T> = (
  request: object,
  ...rest: [metadata: Metadata, options: object, done: (error: ServiceError | null, reply?: T) => void]
) => { cancel(): void }
type StreamMethod = (request: object, metadata: Metadata) => ClientReadableStream<RunEventMessage>

interface Watching {
  readonly open: (id: string, afterSeq: number) => ClientReadableStream<RunEventMessage>
  readonly config: RunClientConfig
}

async function* watched(
  { open, config }: Watching,
  { id, afterSeq }: { readonly id: string; readonly afterSeq: number },
  signal: AbortSignal,
): AsyncGenerator<RunEventMessage> {
  let seq = afterSeq
  for (let failures = 0; ; failures++) {
    const stream = open(id, seq)
    const stop = (): void => stream.cancel()
    signal.addEventListener('abort', stop, { once: true })
    try {
      for await (const event of stream as AsyncIterable<RunEventMessage>) {
        failures = 0
        seq = Math.max(seq, event.seq)
        yield event
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      const isBroken = (error as ServiceError).code === status.UNAVAILABLE
      if (!isBroken || failures >= mostReconnects) throw translated(error as ServiceError, config)
    } finally {
      signal.removeEventListener('abort', stop)
      stream.cancel()
    }
  }
}

function credentialsOf({ address, ca }: RunClientConfig) {
  if (ca !== undefined) return credentials.createSsl(Buffer.from(ca))
  return isLoopback(address) ? credentials.createInsecure() : credentials.createSsl()
}

function isLoopback(address: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?$/u.test(address)
}

/** Codes of the protocol where the service did not send its own. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'usage_invalid',
  5: 'run_unknown',
  7: 'forge_auth_failed',
  9: 'run_conflict',
  14: 'forge_unavailable',
  16: 'forge_auth_failed',
}

function translated(error: ServiceError, { address, token }: RunClientConfig): GreenloopError {
  const own = String(error.metadata?.get('greenloop-code')[0] ?? '')
  const code = own === '' ? (codes[error.code] ?? 'forge_unavailable') : (own as ErrorCode)
  const message =
    error.code === status.UNAVAILABLE
      ? `the repair service at ${address} does not answer: ${error.details}`
      : error.details
  const help =
    error.code === status.UNAUTHENTICATED
      ? token === undefined
        ? 'give the token of the service with --token-file'
        : 'check the token of the service'
      : undefined
  return new GreenloopError(code, message, { cause: error, ...(help === undefined ? {} : { help }) })
}
