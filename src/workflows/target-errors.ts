import { GreenloopError } from '../domain/errors.ts'
import type { CallFailure, ErrorCode } from '../domain/errors.ts'
import { readRateReset, readRetryAfter } from '../lib/backoff.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { createRedactor } from '../lib/redact.ts'
import { SendError } from '../lib/http-client.ts'

/** The other side of a call, as its errors have to know it. */
export interface CallSite {
  /** What messages call it: `POST https://flows.example/run`. */
  readonly label: string
  /** Whether a call may be sent twice without being done, or mattering, twice. */
  readonly repeatable: boolean
  /** Takes keys out of what is quoted. */
  readonly redact: (text: string) => string
}

/** An answer without a good status, its body read. */
export interface StatusAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** Epoch milliseconds: what a date in Retry-After is compared with. */
  readonly nowMs: number
}

/** Headers whose values are no secret. */
const openHeaders = new Set(['content-type', 'accept', 'user-agent'])

/** Redacts a key and the values of headers that are long enough to be secrets, besides everything that looks like one. */
export function redactorOf(
  key: string | undefined,
  ...headers: readonly (Readonly<Record<string, string>> | undefined)[]
): (text: string) => string {
  const values = headers.flatMap((each) =>
    Object.entries(each ?? {}).flatMap(([name, value]) => (openHeaders.has(name.toLowerCase()) ? [] : [value])),
  )
  return createRedactor([key ?? '', ...values].filter((value) => value.length >= shortestSecret)).text
}

const shortestSecret = 8

/**
 * The error for a status that is not one of success. 429, 503 and 529 that ask to wait are `target_rate_limited`; 408, 425
 * and 503 say that nothing was done. After 502, 504 and the 52x of proxies nobody knows what the server behind them did;
 * any other 5xx is its own word that it broke down, after it may have done half: both are only tried again where the call
 * is repeatable. Redirects are not followed, so that a key goes to no other server.
 */
export function statusFailure(answer: StatusAnswer, site: CallSite): GreenloopError {
  const { status, headers, nowMs } = answer
  const asked = readRetryAfter(headers, nowMs)
  const retryAfterMs = asked ?? (status === 429 ? readRateReset(headers, nowMs) : undefined)
  const call: CallFailure = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const make = (code: ErrorCode, help?: string): GreenloopError =>
    new GreenloopError(code, statusMessage(answer, site), { call, ...(help === undefined ? {} : { help }) })
  if (status === 429 || (asked !== undefined && (status === 503 || status === overloaded))) {
    return make('target_rate_limited')
  }
  if (status < 400) return make('target_refused', 'redirects are not followed: write the address that it leads to')
  if (notDone.has(status)) return make('target_failed')
  if (status < 500) return make('target_refused', helpFor(status))
  if (site.repeatable) return make('target_failed')
  return proxyStatuses.has(status) ? make('target_unknown') : markExhausted(make('target_failed'))
}

/** Not registered; some servers use it for "overloaded". */
const overloaded = 529
/** Request timeout, too early, unavailable: the server has not begun. */
const notDone = new Set([408, 425, 503, overloaded])
/** Words of a proxy, which does not know how far the server behind it came. */
const proxyStatuses = new Set([502, 504, 520, 522, 524])

function helpFor(status: number): string | undefined {
  if (status === 401 || status === 403) return 'check the key and what it may do'
  return status === 404 || status === 405 ? 'check the address and the method' : undefined
}

function statusMessage({ status, headers, body }: StatusAnswer, site: CallSite): string {
  const to = status < 400 && typeof headers['location'] === 'string' ? ` to ${bareAddress(headers['location'])}` : ''
  const said = quote(body, site)
  return `${site.label} answered ${status}${to}${said === '' ? '' : `: ${said}`}`
}

/** An address without its query, which may hold a key. */
function bareAddress(location: string): string {
  return plainText(capHead(location.split(/[?#]/u, 1)[0] ?? '', 200)).replace(/\/\/[^/@]*@/u, '//')
}

const quoted = 300

/** The beginning of what the other side wrote, on one line and without keys. */
export function quote(text: string, { redact }: Pick<CallSite, 'redact'>): string {
  const clean = plainText(redact(text.slice(0, quoted * 10)))
  return capHead(clean.replaceAll(/\s+/gu, ' ').trim(), quoted)
}

/** The error for a request that got no answer; what is no {@link SendError} stays as it is. */
export function sendFailure(error: unknown, site: CallSite): unknown {
  if (!(error instanceof SendError)) return error
  const { code, maybeSent, message } = error
  if (!maybeSent || site.repeatable) {
    const help = maybeSent ? {} : { help: 'check the address, that the server runs, and proxies in between' }
    return new GreenloopError('target_failed', `${site.label}: ${reasonOf(code, message)}`, { cause: error, ...help })
  }
  return new GreenloopError('target_unknown', `${site.label} was sent and not answered: ${reasonOf(code, message)}`, {
    cause: error,
  })
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host could not be resolved',
  ETIMEDOUT: 'the host did not answer',
  EHOSTUNREACH: 'there is no way to the host',
}

function reasonOf(code: string | undefined, message: string): string {
  const reason = code === undefined ? undefined : reasons[code]
  return reason === undefined ? plainText(message) : `${reason} (${code})`
}

/** The error for an answer that broke off in the middle. */
export function brokenAnswer(cause: unknown, site: CallSite): GreenloopError {
  const message = `the answer of ${site.label} broke off in the middle`
  return new GreenloopError(site.repeatable ? 'target_failed' : 'target_unknown', message, { cause })
}

/** The error for a call that an earlier process has begun, where nobody can be asked what became of it. */
export function lostCall(label: string): GreenloopError {
  return new GreenloopError('target_unknown', `${label} was begun by a process that ended before the answer came`, {
    why: 'it may have been done, and is not sent again by itself',
    help: 'if a call may be done twice, say so with `idempotent: true` in the catalog; or run the plan again',
  })
}

/** The error for a body that is not what was expected. */
export function garbledAnswer(expected: string, body: string, site: CallSite): GreenloopError {
  const said = quote(body, site)
  const instead = said === '' ? 'nothing' : `something else: ${said}`
  return new GreenloopError('target_garbled', `${site.label} should answer ${expected} and answered ${instead}`)
}

/** The error for a setup that reached the wrong maker of targets; it can only be a defect of ours. */
export function wrongTarget(wanted: string, found: string): GreenloopError {
  return new GreenloopError('internal', `a ${wanted} target was to be made of a ${found} workflow`)
}
