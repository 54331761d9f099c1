import type { ErrorCode } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { CallOptions, Prompt, Provider } from '../domain/ports.ts'
import { backoffMs } from '../lib/backoff.ts'
import { markExhausted } from '../lib/exhausted.ts'

/** How often and how patiently a call is repeated. */
export interface RetryPolicy {
  /** Calls in all, the first one counted. */
  readonly maxAttempts: number
  /** The first wait is at most this long; each further one at most twice the one before. */
  readonly baseMs: number
  /** No wait that we choose ourselves is longer. */
  readonly maxWaitMs: number
}

/** What the waiting needs from outside. */
export interface RetryParts {
  readonly clock: { sleep(ms: number, signal: AbortSignal): Promise<void> }
  /** Gives numbers from 0 up to, not including, 1. */
  readonly random: () => number
  /** Told before each wait; text that the failed attempt streamed is void from then on. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** A repetition that is about to happen. */
interface Retry {
  readonly error: GreenloopError
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  readonly waitMs: number
}

/** A server that asks for a longer wait is asked again after this. */
const longestAskedWaitMs = 60_000
/** A model that breaks off usually does so again; more repetitions would only cost. */
const truncatedAttempts = 2

/**
 * Repeats calls that failed for a passing reason (connection, time, rate, 5xx, an answer that broke off), with
 * exponential backoff and full jitter; `Retry-After` is honoured up to 60 s. An abort ends the wait at once.
 */
export function retrying(provider: Provider, policy: RetryPolicy, parts: RetryParts): Provider {
  const complete = async (prompt: Prompt, options: CallOptions) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await provider.complete(prompt, options)
      } catch (error) {
        if (!(error instanceof GreenloopError) || !isPassing(error)) throw error
        const allowed =
          error.code === 'llm_truncated' ? Math.min(truncatedAttempts, policy.maxAttempts) : policy.maxAttempts
        // An engine around this must not begin another series of attempts.
        if (attempt >= allowed) throw markExhausted(attempt === 1 ? error : exhausted(error, attempt))
        const waitMs = waitBefore(attempt, { error, policy, random: parts.random })
        parts.onRetry?.({ error, attempt, waitMs })
        await parts.clock.sleep(waitMs, options.signal)
      }
    }
  }
  return { ...provider, complete }
}

/** Whether another attempt may end better. */
function isPassing({ code, call }: GreenloopError): boolean {
  if (code !== 'llm_failed') return passing.has(code)
  const status = call?.status ?? 0
  return status >= 500 || passingStatuses.has(status)
}

const passing = new Set<ErrorCode>(['llm_unreachable', 'llm_timeout', 'llm_rate_limited', 'llm_truncated'])
/** Request timeout, conflict, too early: the ones below 500 that pass. */
const passingStatuses = new Set([408, 409, 425])

interface Wait {
  readonly error: GreenloopError
  readonly policy: RetryPolicy
  readonly random: () => number
}

function waitBefore(attempt: number, { error, policy, random }: Wait): number {
  const asked = error.call?.retryAfterMs
  // Callers that were turned away together must not come back together.
  if (asked !== undefined) return Math.min(asked, longestAskedWaitMs) + random() * policy.baseMs
  const [backoffSeconds, maxBackoffSeconds] = [policy.baseMs / 1000, policy.maxWaitMs / 1000]
  return backoffMs(attempt, { backoffSeconds, backoffMultiplier: 2, maxBackoffSeconds, jitter: 'full' }, random)
}

function exhausted(error: GreenloopError, attempts: number): GreenloopError {
  const { code, message, why, help, call } = error
  return new GreenloopError(code, `${message} (after ${attempts} attempts)`, {
    cause: error,
    ...(why === undefined ? {} : { why }),
    ...(help === undefined ? {} : { help }),
    ...(call === undefined ? {} : { call }),
  })
}
