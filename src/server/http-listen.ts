import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'

/** Where a server listens. */
export interface ListenOptions {
  /** `undefined` stands for the loopback, in IPv4 and IPv6. */
  readonly host?: string | undefined
  /** 0 takes a free one. */
  readonly port: number
  /** Certificate and key in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  /** How long a caller may take to send its headers, in milliseconds; 10,000 unless set. */
  readonly headersMs?: number | undefined
}

/** What answers requests, as Node has it. */
export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** Sockets that are open. */
export interface Listening {
  readonly port: number
  /** Takes no more connections, lets requests end, and cuts what is left after so many milliseconds. */
  close(graceMs: number): Promise<void>
}

/** Whoever is slow to say what it wants is let go, so that it holds no place for nothing. */
const limits: ServerOptions = {
  requestTimeout: 60_000,
  keepAliveTimeout: 10_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
}
const maxConnections = 25_000
/** Requests over one connection before it has to be made anew. */
const maxRequestsPerSocket = 10_000
const portAttempts = 20
/** Connections that wait to be taken: when all clients come back at once, those beyond are not answered for a second or more. */
const backlog = 4095

/** Listens. Throws `config_invalid` where the port is taken or the address is none of this machine. */
export async function listen(listener: Listener, options: ListenOptions): Promise<Listening> {
  const { host, port } = options
  if (host !== undefined) {
    const server = makeServer(listener, options)
    return listening([server], await open(server, { host, port }))
  }
  for (let attempt = 1; ; attempt++) {
    const first = makeServer(listener, options)
    const bound = await open(first, { host: '127.0.0.1', port })
    const second = makeServer(listener, options)
    try {
      await open(second, { host: '::1', port: bound })
      return listening([first, second], bound)
    } catch (error) {
      if (isWithoutIPv6(error)) return listening([first], bound)
      first.close()
      // A free port of one family can be taken in the other.
      if (port !== 0 || attempt === portAttempts) throw error
    }
  }
}

function makeServer(listener: Listener, { tls, headersMs = 10_000 }: ListenOptions): Server {
  const patience = { ...limits, headersTimeout: headersMs, connectionsCheckingInterval: headersMs / 5 }
  const server =
    tls === undefined
      ? createServer(patience, listener)
      : createSecureServer({ ...patience, ...tls, minVersion: 'TLSv1.2' }, listener)
  server.maxConnections = maxConnections
  server.maxHeadersCount = 100
  server.maxRequestsPerSocket = maxRequestsPerSocket
  server.timeout = 0
  server.on('clientError', refuse)
  return server
}

/** Node's own note of the answer that is on its way over a socket; another one must not be written into it. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: { readonly headersSent: boolean } | null
}

/** What never became a request: too many headers, too slow, no HTTP. */
function refuse(error: NodeJS.ErrnoException, socket: AnsweringSocket): void {
  if (!socket.writable || socket._httpMessage?.headersSent === true) return void socket.destroy()
  const [status, text] = refusals[error.code ?? ''] ?? [400, 'Bad Request']
  const body = JSON.stringify({
    type: 'about:blank',
    title: text,
    status,
    detail: text,
    code: 'GL1305',
    name: 'body_invalid',
  })
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const refusals: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
}

function open(server: Server, where: { readonly host: string; readonly port: number }): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(cause, where)))
  server.listen({ ...where, backlog }, () => resolve((server.address() as AddressInfo).port))
  return promise
}

function refusal(
  cause: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): GreenloopError {
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  if (cause.code === 'EADDRINUSE') {
    return new GreenloopError('config_invalid', `something listens at ${at} already`, {
      cause,
      help: 'choose another port with --port, or 0 for any that is free',
    })
  }
  const help =
    cause.code === 'EACCES'
      ? 'choose a port from 1024 on with --port'
      : 'name an address of this machine with --host, 0.0.0.0 for all of them, or leave it out for the loopback'
  return new GreenloopError('config_invalid', `nothing can listen at ${at}: ${cause.message}`, { cause, help })
}

function isWithoutIPv6(error: unknown): boolean {
  const cause = error instanceof GreenloopError ? (error.cause as NodeJS.ErrnoException) : undefined
  return cause?.code === 'EADDRNOTAVAIL' || cause?.code === 'EAFNOSUPPORT'
}

function listening(servers: readonly Server[], port: number): Listening {
  return {
    port,
    close: async (graceMs) => {
      const cut = after(graceMs, () => servers.forEach((server) => server.closeAllConnections()))
      try {
        await Promise.all(
          servers.map((server) => {
            const { promise, resolve } = Promise.withResolvers<void>()
            server.close(() => resolve())
            server.closeIdleConnections()
            return promise
          }),
        )
      } finally {
        cut.cancel()
      }
    },
  }
}
