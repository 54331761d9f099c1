import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, monotonic } from '../../src/lib/clock.ts'

/** What the server does to one request, in place of answering it. */
export interface Fault {
  readonly kind: 'status' | 'reset' | 'cut' | 'garbled' | 'silent' | 'error_body'
  readonly status?: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** How a plain HTTP workflow server behaves. */
export interface WorkflowServerOptions {
  /** Milliseconds that every call takes. */
  readonly latencyMs?: number
  /** Calls at a time; more are answered 429. */
  readonly cap?: number
  /** Token bucket: calls that begin in a second, and at once after a pause. */
  readonly rate?: { readonly perSecond: number; readonly burst: number }
  /** Value of Retry-After on a 429; none unless set. */
  readonly retryAfter?: string
  /** Bytes of filler in each answer. */
  readonly bytes?: number
  /** Headers of every good answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** Decides by number of arrival (from 1) what goes wrong. */
  readonly fault?: (arrival: number) => Fault | undefined
  readonly port?: number
}

/** Counts of a server. Times in milliseconds. */
export interface WorkflowServerStats {
  readonly requests: number
  readonly answered: number
  readonly turnedAway: number
  /** From the first request to the last answer. */
  readonly spanMs: number
  /** Median of what calls took inside the server. */
  readonly p50Ms: number
  readonly mostAtOnce: number
}

/** A request as it arrived. */
export interface ReceivedCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** A plain HTTP workflow server that runs. `POST /run` answers JSON, `POST /stream` events, `GET /stats` the counts. */
export interface WorkflowServer {
  readonly url: string
  /** The last 1,000 calls. */
  readonly calls: readonly ReceivedCall[]
  stats(): WorkflowServerStats
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const callsKept = 1000

/** Starts a server on 127.0.0.1. It echoes the inputs: `outputs.result` is `echo:` and the `q` or `query` of the body. */
export async function startWorkflowServer(options: WorkflowServerOptions = {}): Promise<WorkflowServer> {
  const calls: ReceivedCall[] = []
  const counts = createCounts()
  const bucket = createBucket(options.rate)
  const server = createServer((request, response) => {
    if (request.url === '/stats') return respond(response, 200, counts.read())
    const arrival = counts.arrive()
    const fault = options.fault?.(arrival)
    if (fault?.kind === 'reset') return void request.socket.destroy()
    if (counts.running() >= (options.cap ?? Infinity) || !bucket()) {
      counts.turnAway()
      request.resume()
      const headers = options.retryAfter === undefined ? {} : { 'retry-after': options.retryAfter }
      return respond(response, 429, { code: 'too_many_requests', message: 'too many requests' }, headers)
    }
    const leave = counts.enter()
    response.once('close', leave)
    readText(request, (text) => {
      const body = parsed(text)
      calls.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      if (calls.length > callsKept) calls.shift()
      after(options.latencyMs ?? 0, () => {
        if (response.destroyed) return
        if (fault !== undefined) fail(response, fault)
        else answer(request, response, { body, options, arrival })
      })
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, calls, stats: counts.read, close, [Symbol.asyncDispose]: close }
}

function createCounts() {
  let requests = 0
  let running = 0
  let mostAtOnce = 0
  let turnedAway = 0
  let firstAt: number | undefined
  let lastAt = 0
  const took: number[] = []
  return {
    arrive: () => {
      firstAt ??= monotonic()
      return ++requests
    },
    running: () => running,
    turnAway: () => {
      turnedAway++
      lastAt = monotonic()
    },
    enter: () => {
      const begunAt = monotonic()
      mostAtOnce = Math.max(mostAtOnce, ++running)
      return () => {
        running--
        lastAt = monotonic()
        took.push(lastAt - begunAt)
      }
    },
    read: (): WorkflowServerStats => ({
      requests,
      answered: took.length,
      turnedAway,
      spanMs: firstAt === undefined ? 0 : lastAt - firstAt,
      p50Ms: took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0,
      mostAtOnce,
    }),
  }
}

/** Whether a call may begin, by a token bucket. */
function createBucket(rate: WorkflowServerOptions['rate']): () => boolean {
  if (rate === undefined) return () => true
  let tokens = rate.burst
  let filledAt = monotonic()
  return () => {
    const at = monotonic()
    tokens = Math.min(rate.burst, tokens + ((at - filledAt) / 1000) * rate.perSecond)
    filledAt = at
    if (tokens < 1) return false
    tokens--
    return true
  }
}

function fail(response: ServerResponse, fault: Fault): void {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status ?? 500, fault.headers).end(fault.body ?? '{"message":"broken"}')
      return
    case 'garbled':
      response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body ?? '<html>a proxy page</html>')
      return
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"outputs": {"resu', () => response.destroy())
      return
    case 'error_body':
      respond(response, 200, { status: 'failed', error: { message: 'the node broke', code: 'node_failed' } })
      return
    case 'reset':
    case 'silent':
  }
}

interface Answering {
  readonly body: unknown
  readonly options: WorkflowServerOptions
  readonly arrival: number
}

function answer(request: IncomingMessage, response: ServerResponse, { body, options, arrival }: Answering): void {
  const { q, query, inputs } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const inner = (typeof inputs === 'object' && inputs !== null ? inputs : {}) as Record<string, unknown>
  const text = `echo:${said([q, query, inner['q'], inner['query']])}`
  const filler = options.bytes === undefined ? {} : { filler: 'x'.repeat(options.bytes) }
  const usage = { input: 11, output: 7, total: 18 }
  const run = { run_id: `run-${arrival}`, conversation_id: 'c-1', usage, cost: '0.0012' }
  if (request.url?.startsWith('/stream') !== true) {
    respond(response, 200, { status: 'succeeded', outputs: { result: text, ...filler }, ...run }, options.headers)
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...options.headers })
  for (let at = 0; at < text.length; at += 4) {
    response.write(`event: piece\ndata: ${JSON.stringify({ delta: text.slice(at, at + 4) })}\n\n`)
  }
  response.end(
    `data: ${JSON.stringify({ status: 'succeeded', outputs: { result: text }, ...run })}\n\ndata: [DONE]\n\n`,
  )
}

/** The first text or number. */
function said(candidates: readonly unknown[]): string {
  const found = candidates.find((each) => typeof each === 'string' || typeof each === 'number')
  return `${found ?? ''}`
}

function respond(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body)
  const own = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers }
  response.writeHead(status, own).end(text)
}

function readText(request: IncomingMessage, then: (text: string) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => then(Buffer.concat(chunks).toString('utf8')))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
