import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { createGitLab } from './gitlab.ts'
import type { GitLabConfig } from './gitlab.ts'

/** A request as the server saw it. */
export interface Seen {
  readonly method: string
  /** As it was sent, below `/api/v4`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
}

/** What the server does with a request. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly text?: string
  /** Instead of an answer that ends: the connection breaks, before it or within it, or nothing more comes. */
  readonly fault?: 'reset' | 'cut' | 'silent'
  /** Answers by itself. */
  readonly stream?: (response: ServerResponse) => void
}

/** Token that all tests use, and that nothing may show. */
export const canary = 'glpat-CanaryCanary01234567'

/** A server on this machine that answers as `answer` says, and a note of all that it was asked. */
export async function startServer(
  answer: (seen: Seen) => Reply,
  secure?: { readonly key: string; readonly cert: string },
) {
  const requests: Seen[] = []
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(request, response)
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = await seenOf(request)
    requests.push(seen)
    send(response, answer(seen))
  }
  const server = secure === undefined ? createServer(listen) : createSecureServer(secure, listen)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${secure === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** Method and path of every request. */
    lines: () => requests.map(({ method, path }) => `${method} ${path}`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function seenOf(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const [path = '', query = ''] = (request.url ?? '').replace('/api/v4', '').split('?')
  const { method = '', headers } = request
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return { method, path, query: new URLSearchParams(query), headers, body }
}

function send(response: ServerResponse, reply: Reply): void {
  const { status = 200, headers = {}, json, text = '', fault, stream } = reply
  if (stream !== undefined) return stream(response)
  if (fault === 'reset') return void response.socket?.destroy()
  if (fault === 'silent') return
  const body = json === undefined ? text : JSON.stringify(json)
  response.writeHead(status, {
    'content-type': json === undefined ? 'text/plain' : 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  })
  if (fault !== 'cut') return void response.end(body)
  response.write(body.slice(0, body.length / 2))
  response.once('drain', () => response.socket?.destroy())
  setImmediate(() => response.socket?.destroy())
}

/** A client for a server, whose waits take no time; `waits` notes them in milliseconds. */
export function clientOf(url: string, changes: Partial<GitLabConfig> = {}) {
  const waits: number[] = []
  const lines: string[] = []
  const clock = createVirtualClock(Date.parse('2026-11-21T12:00:00Z'))
  const forge = createGitLab({
    url,
    token: canary,
    retry: { intervalMs: 1000, maxAttempts: 3 },
    clock: {
      ...clock,
      sleep: async (ms, signal) => {
        waits.push(ms)
        const slept = clock.sleep(ms, signal)
        await Promise.all([slept, clock.run()])
      },
    },
    random: () => 0.5,
    onRequest: (line) => void lines.push(line),
    ...changes,
  })
  return { forge, waits, lines, [Symbol.asyncDispose]: () => forge.close() }
}
