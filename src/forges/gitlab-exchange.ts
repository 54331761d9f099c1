import type { IncomingHttpHeaders } from 'node:http'
import { SendError } from '../lib/http-client.ts'
import type { HttpClient } from '../lib/http-client.ts'
import { BodyTooLarge, readCapped } from './gitlab-body.ts'
import type { BodyCap } from './gitlab-body.ts'
import { startDeadline } from './gitlab-deadline.ts'
import { connectionFailure, garbledFailure, timeoutFailure } from './gitlab-failures.ts'
import type { ExchangeFailure } from './gitlab-failures.ts'
import { mayFollow } from './gitlab-redirect.ts'

/** An answer, whatever its status. */
export interface ExchangeAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** How one request ended. */
export type Exchanged = ExchangeAnswer | ExchangeFailure

/** One request, ready for the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: URL
  readonly body?: string | undefined
  readonly accept: string
  readonly cap: BodyCap
  readonly timeoutMs: number
  /** Whether a redirect may lead to the object storage of another origin, where the token does not go. */
  readonly mayLeave: boolean
}

/** What requests go over. */
export interface Wire {
  readonly http: HttpClient
  readonly token: string
}

const redirectLimit = 5
const redirects = new Set([301, 302, 303, 307, 308])
const errorCap: BodyCap = { bytes: 64 * 1024, over: 'stop' }

/** Sends one request and reads its answer, following the redirects of a GET; an abort throws the signal's reason. */
export async function exchange(wire: Wire, request: WireRequest, signal: AbortSignal): Promise<Exchanged> {
  const deadline = startDeadline(request.timeoutMs, signal)
  const progress = { isAnswered: false }
  try {
    return await follow({ ...wire, progress }, request, deadline.signal)
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.isOver()) return timeoutFailure(request.timeoutMs)
    if (error instanceof BodyTooLarge) return garbledFailure(`the answer has ${error.message}`)
    const maybeSent = progress.isAnswered || !(error instanceof SendError) || error.maybeSent
    return connectionFailure(error, maybeSent)
  } finally {
    deadline.close()
  }
}

interface Following extends Wire {
  readonly progress: { isAnswered: boolean }
}

async function follow(wire: Following, request: WireRequest, signal: AbortSignal): Promise<Exchanged> {
  let url = request.url
  for (let hop = 0; hop <= redirectLimit; hop++) {
    const isHome = url.origin === request.url.origin
    const headers = headersOf(request, isHome ? wire.token : undefined)
    const { method, body } = request
    const response = await wire.http.send({ url, method, headers, body }, signal)
    wire.progress.isAnswered = true
    const { status } = response
    const isRedirect = redirects.has(status)
    const isGood = status >= 200 && status < 300
    const text = await readCapped(response.body, isGood ? request.cap : errorCap, signal)
    const answer: ExchangeAnswer = { kind: 'answer', status, headers: response.headers, text }
    if (!isRedirect || method !== 'GET') return answer
    const next = URL.parse(response.headers.location ?? '', url.href)
    if (next === null || !mayFollow(next, request)) return answer
    url = next
  }
  return garbledFailure(`more than ${redirectLimit} redirects`)
}

function headersOf({ accept, body }: WireRequest, token: string | undefined): Readonly<Record<string, string>> {
  return {
    accept,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
}
