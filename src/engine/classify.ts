import { inspect } from 'node:util'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { ErrorClass } from '../domain/task.ts'
import { readRateReset, readRetryAfter } from '../lib/backoff.ts'
import type { HeaderSource } from '../lib/backoff.ts'
import { now } from '../lib/clock.ts'
import { isExhausted } from '../lib/exhausted.ts'

/** What a thrown error means for the engine. */
export interface ErrorFacts {
  readonly class: ErrorClass
  readonly message: string
  /** `llm_rate_limited`, `ECONNREFUSED`. */
  readonly code?: string | undefined
  /** Whether another attempt may end better. */
  readonly retryable: boolean
  /** The other side has too much to do: fewer attempts at a time. */
  readonly overload: boolean
  /** How long the other side asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** Longest message that is kept, in characters. */
const messageCap = 4000

/**
 * Reads an error by its code and status, never by its text: {@link GreenloopError}, errors of HTTP clients (`status` or
 * `statusCode`, `headers`, `response`), of Node (`code`), timeouts (`TimeoutError`). What it does not know is a system
 * error that may pass. `nowMs` (epoch milliseconds) is what a date in Retry-After is compared with.
 */
export function classify(error: unknown, nowMs = now()): ErrorFacts {
  const { name, code, cause } = fieldsOf(error)
  const status = statusOf(error)
  const retryAfterMs = retryAfterOf(error, { status, nowMs })
  const codeText = textOf(code) ?? textOf(fieldsOf(cause)['code'])
  const isTimeout = name === 'TimeoutError' || code === 'llm_timeout' || code === 'target_timeout'
  return {
    class: isTimeout ? 'timeout' : 'system_error',
    message: messageOf(error),
    ...(codeText === undefined ? {} : { code: codeText }),
    retryable: !isExhausted(error) && mayPass(error, status),
    overload: isOverload(error, { status, retryAfterMs }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** Codes of failures that the next attempt would meet again, beside those of wrong input. */
const lasting = new Set<ErrorCode>([
  'llm_unauthorized',
  'llm_too_large',
  'replay_missing',
  'framework_missing',
  'sandbox_unavailable',
  'budget_reached',
  'cancelled',
  'target_unknown',
  'target_refused',
  'target_quota',
  'target_garbled',
])

const usageExit = 2

/** Request timeout, conflict, too early, too many requests: the ones below 500 that pass. */
const passingStatuses = new Set([408, 409, 425, 429])

function mayPass(error: unknown, status: number | undefined): boolean {
  if (error instanceof GreenloopError && isLasting(error.code)) return false
  const { isRetryable } = fieldsOf(error)
  if (typeof isRetryable === 'boolean') return isRetryable
  return status === undefined || status < 400 || status >= 500 || passingStatuses.has(status)
}

function isLasting(code: ErrorCode): boolean {
  return errorCatalog[code].exit === usageExit || lasting.has(code)
}

interface Load {
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined
}

const tooManyRequests = 429
const unavailable = 503
/** Not registered; used by Anthropic and others for "overloaded". */
const overloaded = 529

const overloadCodes = new Set<ErrorCode>(['llm_rate_limited', 'target_rate_limited'])

/** A 503 is a cry for relief only where it says when to come back. */
function isOverload(error: unknown, { status, retryAfterMs }: Load): boolean {
  if (error instanceof GreenloopError && overloadCodes.has(error.code)) return true
  return status === tooManyRequests || status === overloaded || (status === unavailable && retryAfterMs !== undefined)
}

function statusOf(error: unknown): number | undefined {
  const { status, statusCode, call, response } = fieldsOf(error)
  const candidates = [status, statusCode, fieldsOf(call)['status'], fieldsOf(response)['status']]
  return candidates.find((candidate) => typeof candidate === 'number')
}

interface Moment {
  readonly status: number | undefined
  readonly nowMs: number
}

function retryAfterOf(error: unknown, { status, nowMs }: Moment): number | undefined {
  const { retryAfterMs, call, headers, response, responseHeaders } = fieldsOf(error)
  const told = [retryAfterMs, fieldsOf(call)['retryAfterMs']].find((value) => typeof value === 'number')
  if (told !== undefined) return told >= 0 ? told : undefined
  const found = [headers, responseHeaders, fieldsOf(response)['headers']].find(
    (value): value is HeaderSource => typeof value === 'object' && value !== null,
  )
  if (found === undefined) return undefined
  // Many answers tell how the limits stand; they matter only where a limit was the reason.
  return readRetryAfter(found, nowMs) ?? (status === tooManyRequests ? readRateReset(found, nowMs) : undefined)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function messageOf(error: unknown): string {
  const text = textOf(fieldsOf(error)['message']) ?? (plain(error) || 'an error without a message')
  return text.length <= messageCap
    ? text
    : `${text.slice(0, messageCap)} … (${text.length - messageCap} more characters)`
}

function plain(error: unknown): string {
  if (typeof error === 'string') return error
  return error instanceof Error ? error.name : inspect(error, { depth: 1, breakLength: Infinity })
}
