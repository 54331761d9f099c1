import type { IncomingHttpHeaders } from 'node:http'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import { SendError, readBody } from '../lib/http-client.ts'
import type { HttpClient } from '../lib/http-client.ts'

/** What administration needs from outside. */
export interface AdminParts {
  readonly http: HttpClient
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** One request of administration. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Statuses beside 2xx that are answers, not failures. */
  readonly accept?: readonly number[]
  /** Texts that no message may quote. */
  readonly secrets: readonly string[]
}

/** What a server answered. */
export interface AdminAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The body as JSON; `undefined` where there is none. */
  readonly body: unknown
}

const mostBytes = 32 * 1024 * 1024
const mostAttempts = 5
const longestWaitMs = 60_000

/**
 * Sends a request of administration. 429 is waited out, by Retry-After where there is one; what only reads is tried again
 * after a breakdown, what writes is not. Throws as targets do.
 */
export async function adminCall(request: AdminRequest, parts: AdminParts): Promise<AdminAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await oneCall(request, parts)
    } catch (error) {
      const waitMs = attempt < mostAttempts ? waitOf(error, { request, attempt }) : undefined
      if (waitMs === undefined) throw error
      await parts.sleep(waitMs, parts.signal)
    }
  }
}

interface Attempted {
  readonly request: AdminRequest
  readonly attempt: number
}

function waitOf(error: unknown, { request, attempt }: Attempted): number | undefined {
  if (!(error instanceof GreenloopError)) return undefined
  const reads = request.method === 'GET' && error.code === 'target_failed'
  if (error.code !== 'target_rate_limited' && !reads) return undefined
  return Math.min(error.call?.retryAfterMs ?? 500 * 2 ** (attempt - 1), longestWaitMs)
}

async function oneCall(request: AdminRequest, { http, signal, now }: AdminParts): Promise<AdminAnswer> {
  const { method, url, accept = [] } = request
  const what = `${method} ${url.pathname}`
  try {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    const headers = { accept: 'application/json', ...(body !== undefined && jsonType), ...request.headers }
    const response = await http.send({ method, url, headers, body }, signal)
    const text = await readBody(response.body, mostBytes)
    const { status } = response
    if ((status >= 200 && status < 300) || accept.includes(status)) {
      return { status, headers: response.headers, body: jsonOf(text, what) }
    }
    const quote = quoted(text, request.secrets)
    const retryAfterMs = waitAsked(response.headers['retry-after'], now())
    throw new GreenloopError(codeOf(status), `${url.origin} answered ${what} with ${status}${quote}`, {
      call: { status, ...(retryAfterMs !== undefined && { retryAfterMs }) },
    })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SendError) throw unsent(error, request)
    if (error instanceof RangeError) throw new GreenloopError('target_garbled', `${what}: ${error.message}`)
    throw error
  }
}

const jsonType = { 'content-type': 'application/json' }

function unsent(error: SendError, { method, url }: AdminRequest): GreenloopError {
  const message = `${url.origin} gave no answer to ${method} ${url.pathname}: ${error.message}`
  const isKnown = !error.maybeSent || method === 'GET'
  return new GreenloopError(isKnown ? 'target_failed' : 'target_unknown', message, { cause: error })
}

function codeOf(status: number): ErrorCode {
  if (status === 429) return 'target_rate_limited'
  return status >= 500 || status === 408 ? 'target_failed' : 'target_refused'
}

function jsonOf(text: string, what: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new GreenloopError('target_garbled', `the answer to ${what} is no JSON: ${text.slice(0, 200)}`, { cause })
  }
}

function quoted(text: string, secrets: readonly string[]): string {
  let shown = text.replaceAll(/\s+/gu, ' ').trim()
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '***')
  return shown === '' ? '' : `: ${shown.slice(0, 300)}`
}

function waitAsked(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
