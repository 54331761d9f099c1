import { askedWaitMs, backoffMs, readRateReset, readRetryAfter } from '../lib/backoff.ts'
import type { Exchanged } from './gitlab-exchange.ts'

/** How often one operation is tried, and how long the first wait may be. */
export interface GitLabRetry {
  readonly intervalMs: number
  /** All attempts together. */
  readonly maxAttempts: number
}

/**
 * Whether a request may be sent again: `never`, `safe` (surely not carried out) or `unsure` (a GET, or after proof that it
 * was not carried out).
 */
export type Again = 'never' | 'safe' | 'unsure'

const overloads = new Set([408, 500, 502, 503, 504, 520, 521, 522, 523, 524])

/** What an outcome means for another try. */
export function againAfter(exchanged: Exchanged): Again {
  if (exchanged.kind === 'failure') {
    if (!exchanged.isPassing) return 'never'
    return exchanged.maybeSent ? 'unsure' : 'safe'
  }
  const { status, text } = exchanged
  if (status === 429 || isLocked(status, text)) return 'safe'
  return overloads.has(status) ? 'unsure' : 'never'
}

/** Whether a refusal is only that somebody else holds a lock just now. */
export function isLocked(status: number, text: string): boolean {
  return status === 409 && /resource lock/i.test(text)
}

/** Milliseconds that the host asks to wait: `Retry-After`, else the end of its rate limit (`RateLimit-Reset`, epoch seconds). */
export function askedMs(exchanged: Exchanged, nowMs: number): number | undefined {
  if (exchanged.kind === 'failure') return undefined
  const after = readRetryAfter(exchanged.headers, nowMs)
  if (after !== undefined || exchanged.status !== 429) return after
  return readRateReset({ 'x-ratelimit-reset': exchanged.headers['ratelimit-reset'] }, nowMs)
}

/** Longest wait that a host may ask for; past it, a run that is resumed later does better. */
export const longestAskedMs = 3_600_000

/** Milliseconds before the next try: what the host asks for, else full jitter under a bound that doubles up to a minute. */
export function waitMs(
  asked: number | undefined,
  attempt: { readonly number: number; readonly intervalMs: number },
  random: () => number,
): number {
  if (asked !== undefined) return askedWaitMs(asked, random)
  const backoff = {
    backoffSeconds: attempt.intervalMs / 1000,
    backoffMultiplier: 2,
    maxBackoffSeconds: 60,
    jitter: 'full',
  } as const
  return backoffMs(attempt.number, backoff, random)
}
