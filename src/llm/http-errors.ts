import type { IncomingMessage } from 'node:http'
import type { CallFailure } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { excerpt } from './excerpt.ts'

/** The error for a response whose status is not one of success; quotes the beginning of its body without `secrets`. */
export function statusError(response: IncomingMessage, body: string, secrets: readonly string[]): GreenloopError {
  const status = response.statusCode ?? 0
  const retryAfterMs = readRetryAfter(response.headers, now())
  const call: CallFailure = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const said = excerpt(body, secrets)
  const message = `the model server answered ${status}${said === '' ? '' : `: ${said}`}`
  if (status === 401 || status === 403) {
    return new GreenloopError('llm_unauthorized', message, {
      call,
      help: 'set LLM_API_KEY, or the variable that --http-api-key-env names, to a key for this server',
    })
  }
  if (status === 429) return new GreenloopError('llm_rate_limited', message, { call })
  if (status >= 300 && status < 400) {
    const target = excerpt(response.headers.location ?? 'nowhere', secrets)
    return new GreenloopError('llm_failed', `the model server redirects (${status}) to ${target}`, {
      call,
      why: 'redirects are not followed, so that the key goes to no other server',
      help: 'set the endpoint to the address that is meant',
    })
  }
  const help = status === 404 ? 'check the path of the endpoint and the name of the model' : undefined
  return new GreenloopError('llm_failed', message, { call, ...(help === undefined ? {} : { help }) })
}

/** Milliseconds that a server asks to wait (`Retry-After` as seconds or HTTP date, or `retry-after-ms`), at least 0. */
export function readRetryAfter(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  nowMs: number,
): number | undefined {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (exact >= 0) return exact
  const value = headers['retry-after']
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const seconds = Number(value)
  if (seconds >= 0) return seconds * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) || seconds < 0 ? undefined : Math.max(0, date - nowMs)
}

/** The error for a connection that could not be made or broke before an answer came. */
export function connectionError(error: NodeJS.ErrnoException, url: URL): GreenloopError {
  const code = error.code ?? error.message
  const place = `${url.origin}${url.pathname}`
  if (code.startsWith('ERR_INVALID_CHAR') || code.startsWith('ERR_HTTP_INVALID') || code === 'ERR_INVALID_HTTP_TOKEN') {
    return new GreenloopError(
      'config_invalid',
      'the key or a header for the model server holds a character that HTTP forbids',
      {
        help: 'look for line breaks, quotes or non-Latin letters in the key and headers',
      },
    )
  }
  if (code.startsWith('HPE_') || code.startsWith('Z_') || code.startsWith('ERR__ERROR_FORMAT')) {
    return new GreenloopError('llm_garbled', `${place} does not talk HTTP as it should (${code})`, { cause: error })
  }
  const [reason, help] = reasons[code] ?? (isTls(code) ? tlsReason : [`the connection failed (${code})`, undefined])
  return new GreenloopError('llm_unreachable', `${place}: ${reason}`, {
    cause: error,
    ...(help === undefined ? {} : { help }),
  })
}

/** The error for a body over the cap, in decoded bytes. */
export function tooLarge(cap: number): GreenloopError {
  return new GreenloopError('llm_too_large', `the answer is larger than ${cap} bytes`)
}

const reasons: Readonly<Record<string, readonly [reason: string, help: string | undefined]>> = {
  ECONNREFUSED: ['connection refused', 'is the server running, and is the port right?'],
  ENOTFOUND: ['the host name cannot be resolved', 'check the host name in LLM_BASE_URL'],
  EAI_AGAIN: ['the host name could not be resolved just now', 'check the network and the name server'],
  ECONNRESET: ['the server closed the connection without an answer', undefined],
  EPIPE: ['the server closed the connection without an answer', undefined],
  EPROTO: ['the server does not talk TLS', 'perhaps the endpoint should begin with http://'],
  ETIMEDOUT: ['the connection timed out', undefined],
  EHOSTUNREACH: ['there is no way to the host', undefined],
  ENETUNREACH: ['there is no network', undefined],
}
const tlsReason = [
  'TLS failed: the certificate is not trusted',
  'point NODE_EXTRA_CA_CERTS to the certificate of your authority',
] as const

function isTls(code: string): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ALTNAME/u.test(code)
}

/** Whether an error comes from Node or the operating system, not from code of ours. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof GreenloopError) && 'code' in error
}
