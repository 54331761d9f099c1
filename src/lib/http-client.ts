import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { monotonic } from './clock.ts'

/** A request, with the body whole. */
export interface HttpRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

/** An answer whose body is still to be read; whoever asked reads it to the end or destroys it. */
export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Decoded: no gzip, deflate or brotli. */
  readonly body: Readable
  /** Milliseconds until the connection stood; 0 on one that was kept. */
  readonly connectMs: number
  /** {@link monotonic} at which the request was on its way: what times of the answer count from. */
  readonly sentAt: number
}

/** What keeps connections and gives them back. */
export interface HttpClient {
  /** Throws {@link SendError}; an abort throws the signal's reason. Follows no redirects, so that a key goes nowhere else. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>
  close(): void
}

/** A request that got no answer. */
export class SendError extends Error {
  override readonly name = 'SendError'
  /** `ECONNREFUSED`, `ECONNRESET` … */
  readonly code: string | undefined
  /** Whether the other side may have got it and acted on it. */
  readonly maybeSent: boolean
  /** Whether it went over a connection that was kept, which the other side may have been about to close. */
  readonly wasKept: boolean

  constructor(cause: NodeJS.ErrnoException, { maybeSent, wasKept }: Pick<SendError, 'maybeSent' | 'wasKept'>) {
    super(cause.message === '' ? (cause.code ?? 'no connection') : cause.message, { cause })
    this.code = cause.code
    this.maybeSent = maybeSent
    this.wasKept = wasKept
  }
}

/** What a client is made with. */
export interface HttpClientOptions {
  /** Certificate authority in PEM, for servers with a certificate of their own. */
  readonly ca?: string | undefined
  /** Connections that are kept for the next request, at most. */
  readonly keep?: number | undefined
  /** Finds the address of a name in place of the system's way; what it gives is what is connected to. */
  readonly lookup?: LookupFunction | undefined
}

/** Many servers close a connection that was silent for 5 seconds, and a call sent just then is lost. */
const keptMs = 4000

/** A client for HTTP and HTTPS that keeps its connections. */
export function createHttpClient({ ca, keep = 256, lookup }: HttpClientOptions = {}): HttpClient {
  const looked = lookup === undefined ? {} : { lookup }
  const options = { keepAlive: true, maxFreeSockets: keep, scheduling: 'lifo', timeout: keptMs, ...looked } as const
  const plain = new HttpAgent(options)
  const secure = new HttpsAgent({ ...options, ...(ca === undefined ? {} : { ca }) })
  return {
    send: (request, signal) => {
      const isSecure = request.url.protocol === 'https:'
      const way = { agent: isSecure ? secure : plain, isSecure }
      return exchange(request, signal, way).catch((error: unknown) => {
        const isLost = error instanceof SendError && error.wasKept && request.method === 'GET'
        if (!isLost) throw error
        return exchange(request, signal, way)
      })
    },
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

interface Way {
  readonly agent: HttpAgent | HttpsAgent
  readonly isSecure: boolean
}

function exchange(request: HttpRequest, signal: AbortSignal, { agent, isSecure }: Way): Promise<HttpResponse> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const begunAt = monotonic()
    let connectMs = 0
    let sentAt = begunAt
    let maybeSent = false
    const sent = (isSecure ? httpsRequest : httpRequest)(request.url, optionsOf(request, agent))
    const onAbort = (): void => void sent.destroy(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    const onReady = (): void => {
      sentAt = monotonic()
      connectMs = sent.reusedSocket ? 0 : sentAt - begunAt
      maybeSent = true
    }
    sent.once('socket', (socket) => {
      if (socket.connecting) socket.once(isSecure ? 'secureConnect' : 'connect', onReady)
      else onReady()
    })
    sent.once('response', (response) => {
      response.once('close', () => signal.removeEventListener('abort', onAbort))
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, body: decoded(response), connectMs, sentAt })
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort)
      const wasKept = sent.reusedSocket
      reject(signal.aborted ? (signal.reason as Error) : new SendError(error, { maybeSent, wasKept }))
    })
    sent.end(request.body)
  })
}

function optionsOf({ method, headers, body }: HttpRequest, agent: HttpAgent): RequestOptions {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const own = { 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'greenloop', ...length }
  return { method, agent, headers: { ...own, ...headers } }
}

/** Pieces come as soon as they can be read, and a stream that is cut off still gives what came. */
const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const brotliFlush = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? ''
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip(flush)
      : encoding === 'deflate'
        ? createInflate(flush)
        : encoding === 'br'
          ? createBrotliDecompress(brotliFlush)
          : undefined
  // The reader of the decoder sees the error; this is only so that nobody else is told.
  return decoder === undefined ? response : pipeline(response, decoder, () => {})
}

/** Reads a body as text. Throws `RangeError` where it is larger than `maxBytes`. */
export async function readBody(body: Readable, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let size = 0
  let text = ''
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      body.destroy()
      throw new RangeError(`the answer is larger than ${maxBytes} bytes`)
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
