import type { Clock } from '../lib/clock.ts'
import { plainText } from '../lib/plain-text.ts'
import type { Redactor } from '../lib/redact.ts'
import type { BodyCap } from './gitlab-body.ts'
import { forgeError } from './gitlab-errors.ts'
import { exchange } from './gitlab-exchange.ts'
import type { ExchangeAnswer, Exchanged, Wire } from './gitlab-exchange.ts'
import { againAfter, askedMs, longestAskedMs, waitMs } from './gitlab-retry.ts'
import type { GitLabRetry } from './gitlab-retry.ts'
import type { Slots } from './gitlab-slots.ts'

/** What a request asks for. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Below `/api/v4`, beginning with a slash, its parts encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: Readonly<Record<string, unknown>> | undefined
  /** `download`: text that may be large and slow, and may come from object storage. */
  readonly kind: 'json' | 'download'
}

/** What calls are made with. */
export interface Caller {
  readonly wire: Wire
  /** Address of the API, without a slash at its end. */
  readonly api: string
  readonly retry: GitLabRetry
  readonly clock: Clock
  readonly random: () => number
  readonly slots: Slots
  readonly redactor: Redactor
  readonly timeoutMs: number
  /** By the clock, when the next request may go out: a rate limit holds for all of them. */
  readonly pause: { untilMs: number }
  readonly onRequest?: ((line: string) => void) | undefined
}

/** An answer of success, or what a look at the host has shown to be done already. */
export type Called<T> = { readonly answer: ExchangeAnswer } | { readonly proven: T }

/** Looks whether a request whose answer was lost was carried out, and gives what came of it. */
export type Proof<T> = (signal: AbortSignal) => Promise<T | undefined>

const jsonCap: BodyCap = { bytes: 32 * 1024 * 1024, over: 'refuse' }
const downloadCap: BodyCap = { bytes: 32 * 1024 * 1024, over: 'middle' }
/** A trace takes longer than a page of JSON. */
const downloadTimeouts = 4

/**
 * Makes one call with its retries. A request that changes something is sent again only where it was surely not carried out,
 * or after `proof` has found nothing of it.
 */
export async function call<T>(
  caller: Caller,
  { proof, ...request }: Call & { readonly proof?: Proof<T> | undefined },
  signal: AbortSignal,
): Promise<Called<T>> {
  const { clock, random, retry } = caller
  let wasUnsure = false
  for (let attempt = 1; ; attempt++) {
    const exchanged = await attemptOnce(caller, { request, attempt }, signal)
    if (exchanged.kind === 'answer' && exchanged.status >= 200 && exchanged.status < 300) return { answer: exchanged }
    const error = forgeError(exchanged, { method: request.method, path: request.path, attempt }, caller.redactor)
    const again = againAfter(exchanged)
    wasUnsure ||= again === 'unsure'
    const asked = askedMs(exchanged, clock.now())
    const isOver = again === 'never' || attempt >= retry.maxAttempts || (asked ?? 0) > longestAskedMs
    // What was carried out at last is proven even after the last attempt, and explains why a further one was refused.
    const looks = proof !== undefined && wasUnsure
    if (isOver && !looks) throw error
    if (again !== 'never' && (asked ?? 0) <= longestAskedMs) {
      const ms = waitMs(asked, { number: attempt, intervalMs: retry.intervalMs }, random)
      if (again === 'safe') caller.pause.untilMs = Math.max(caller.pause.untilMs, limitEnd(exchanged, clock.now() + ms))
      await clock.sleep(ms, signal)
    }
    const proven = looks ? await proof(signal) : undefined
    if (proven !== undefined) return { proven }
    if (isOver) throw error
  }
}

/** A rate limit is one of the token, not of the request that met it. */
function limitEnd(exchanged: Exchanged, untilMs: number): number {
  return exchanged.kind === 'answer' && exchanged.status === 429 ? untilMs : 0
}

interface Attempt {
  readonly request: Call
  readonly attempt: number
}

async function attemptOnce(caller: Caller, { request, attempt }: Attempt, signal: AbortSignal): Promise<Exchanged> {
  const { clock, pause, slots, wire } = caller
  const url = new URL(`${caller.api}${request.path}`)
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  const isDownload = request.kind === 'download'
  const sent = {
    method: request.method,
    url,
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
    accept: isDownload ? 'text/plain, */*' : 'application/json',
    cap: isDownload ? downloadCap : jsonCap,
    timeoutMs: caller.timeoutMs * (isDownload ? downloadTimeouts : 1),
    mayLeave: isDownload,
  } as const
  return await slots(async () => {
    for (let left = pause.untilMs - clock.now(); left > 0; left = pause.untilMs - clock.now()) {
      await clock.sleep(left, signal)
    }
    const begunAt = clock.monotonic()
    const exchanged = await exchange(wire, sent, signal)
    const result = exchanged.kind === 'answer' ? String(exchanged.status) : exchanged.code
    const ms = Math.round(clock.monotonic() - begunAt)
    const names = [...url.searchParams.keys()].map((name) => `${name}=…`).join('&')
    const place = `${request.path}${names === '' ? '' : `?${names}`}`
    const line = `${request.method} ${place} ${result} ${ms} ms attempt ${attempt}`
    caller.onRequest?.(plainText(caller.redactor.text(line)))
    return exchanged
  }, signal)
}
