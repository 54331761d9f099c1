import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorCode } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import { readRetryAfter } from '../lib/backoff.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { fieldsOf, numberOf, parseFields, textOf } from './dify-fields.ts'
import { SendError } from '../lib/http-client.ts'

/** What a server says went wrong, in the body of an answer or as an event of a stream. */
export interface Complaint {
  readonly status: number
  readonly code: string | undefined
  readonly message: string
  readonly retryAfterMs?: number | undefined
}

/**
 * What a complaint means. `refused`: the call was not carried out, the error says why. `failed`: the app itself failed.
 * `unclear`: it may have been carried out, so it is looked for before the error is thrown.
 */
export type Fault =
  | { readonly kind: 'unclear'; readonly error: GreenloopError }
  | {
      readonly kind: 'refused'
      readonly error: GreenloopError
      /** Whether one more attempt is all that may be made. */
      readonly once?: boolean | undefined
    }
  | { readonly kind: 'failed'; readonly complaint: Complaint }

const quoted = 500

/** Replaces keys in what is quoted of a server, and cuts it off at 500 characters. */
export type Quote = (text: string) => string

/** A {@link Quote} that knows these secrets. */
export function quoteWithout(secrets: readonly (string | undefined)[]): Quote {
  const hidden = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 6)
  return (text) => {
    const clean = hidden.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
    const line = clean.replaceAll(/\s+/gu, ' ').trim()
    return line.length <= quoted ? line : `${line.slice(0, quoted)} …`
  }
}

interface Answered {
  readonly headers: IncomingHttpHeaders
  readonly quote: Quote
  readonly nowMs: number
}

/** The complaint in an answer whose status is not one of success. */
export function complaintOf(status: number, body: string, { headers, quote, nowMs }: Answered): Complaint {
  const fields = parseFields(body) ?? {}
  const retryAfterMs = readRetryAfter(headers, nowMs)
  const location = status >= 300 && status < 400 ? `redirected to ${textOf(headers.location) ?? 'nowhere'}` : undefined
  return {
    status,
    code: textOf(fields['code']),
    message: quote(location ?? textOf(fields['message']) ?? (fields['code'] === undefined ? body : '')),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** The complaint in an `error` event. */
export function complaintOfEvent(event: unknown, quote: Quote): Complaint {
  const { status, code, message } = fieldsOf(event)
  return { status: numberOf(status) ?? 500, code: textOf(code), message: quote(textOf(message) ?? '') }
}

/** Codes behind which the wish itself is wrong: configuration, key, plan, id, upload. The next call would meet the same. */
const refusals = new Set([
  'invalid_param',
  'bad_request',
  'not_workflow_app',
  'not_chat_app',
  'not_completion_app',
  'app_unavailable',
  'agent_not_published',
  'conversation_completed',
  'provider_not_initialize',
  'provider_quota_exceeded',
  'model_currently_not_support',
  'unauthorized',
  'forbidden',
  'workflow_version_execution_not_allowed',
  'not_found',
  'file_too_large',
  'unsupported_file_type',
  'no_file_uploaded',
  'too_many_files',
  'filename_not_exists_error',
])

/** Signs in the message of a wrapped error that the model behind the app was busy or away, and may be back. */
const passing =
  /\b(?:408|429|50[0234]|529)\b|rate.?limit|too many requests|overload|unavailable|timed?.?out|connection (?:error|reset|refused)/iu

/** What a complaint means, by its code first and its status second. */
export function faultOf(complaint: Complaint): Fault {
  const { status, code, message } = complaint
  if (code === 'too_many_requests') return refused('target_rate_limited', complaint)
  if (code === 'rate_limit_error') return refused('target_quota', complaint)
  if (code === 'completion_request_error') {
    const error = complain('target_failed', complaint)
    return passing.test(message) ? { kind: 'refused', error, once: true } : { kind: 'failed', complaint }
  }
  if (code !== undefined && refusals.has(code)) return refused('target_refused', complaint)
  if (status === 429) return refused('target_rate_limited', complaint)
  if (status === 425) return refused('target_failed', complaint)
  if (status >= 500 || status === 408) return { kind: 'unclear', error: complain('target_failed', complaint) }
  return refused('target_refused', complaint)
}

function refused(code: ErrorCode, complaint: Complaint): Fault {
  return { kind: 'refused', error: complain(code, complaint) }
}

function complain(as: ErrorCode, { status, code, message, retryAfterMs }: Complaint): GreenloopError {
  const said = [code, message].filter((part) => part !== undefined && part !== '').join(': ')
  const text = `the server answered ${status}${said === '' ? '' : `: ${said}`}`
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  if (as === 'target_rate_limited') return new GreenloopError(as, text, { call: { status: 429, ...wait } })
  const help = helpOf(status, code)
  const error = new GreenloopError(as, text, {
    // The status of a wrapped error is that of the wrapping, which would say that no attempt can end better.
    ...(as === 'target_refused' || status >= 500 ? { call: { status, ...wait } } : {}),
    ...(help === undefined ? {} : { help }),
  })
  return as === 'target_failed' ? error : markExhausted(error)
}

function helpOf(status: number, code: string | undefined): string | undefined {
  if (code === 'not_workflow_app' || code === 'not_chat_app' || code === 'not_completion_app') {
    return 'the key belongs to an app of another kind: correct `app` in the catalog, or the key'
  }
  if (code === 'workflow_version_execution_not_allowed') {
    return 'the plan of the server does not run pinned versions: leave `version` out, or use an app for each variant'
  }
  if (code === 'agent_not_published' || code === 'app_unavailable') return 'publish the app'
  if (status === 401) return 'the key of the app is wrong: set `api_key` of the workflow or its server'
  if (status === 404) return 'check `base_url` (it ends in /v1), the kind of the app, its version and the conversation'
  if (status >= 300 && status < 400) {
    return 'redirects are not followed, so that the key goes nowhere else: set `base_url` to the address that is meant'
  }
  return undefined
}

/** Says that nobody knows what became of a call; it is not to be sent again by itself. */
export function unknownFate(what: string, why: string, cause?: unknown): GreenloopError {
  return markExhausted(
    new GreenloopError('target_unknown', `${what}; what became of the call cannot be told: ${why}`, {
      ...(cause === undefined ? {} : { cause }),
      help: 'look for the call in the logs of the app before it is sent again',
    }),
  )
}

/** Says that a server talks something else; what was asked is not asked again by itself. */
export function garbled(message: string): GreenloopError {
  return markExhausted(
    new GreenloopError('target_garbled', message, { help: 'check `base_url`: for Dify it ends in /v1' }),
  )
}

/** What a request that got no answer means; `origin` is named in place of the whole address. */
export function faultOfSending(error: unknown, origin: string): Fault | undefined {
  const code = textOf(fieldsOf(error)['code']) ?? ''
  if (code.startsWith('ERR_INVALID_CHAR') || code === 'ERR_HTTP_INVALID_HEADER_VALUE') {
    const message = 'the key or a header for the server holds a character that HTTP forbids'
    return { kind: 'refused', error: markExhausted(new GreenloopError('target_refused', message)) }
  }
  if (!(error instanceof SendError)) return undefined
  const message = `${origin}: ${error.code ?? error.message}`
  if (code.startsWith('HPE_')) return { kind: 'unclear', error: garbled(`${message}: that is not HTTP`) }
  const failed = new GreenloopError('target_failed', `no answer from ${message}`, { cause: error })
  return { kind: error.maybeSent ? 'unclear' : 'refused', error: failed }
}
