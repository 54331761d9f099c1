import { parsePolicy } from '../domain/policy.ts'
import type { PolicyInput } from '../domain/policy.ts'
import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { random as unseeded } from '../lib/random.ts'
import { classify as classifyError } from './classify.ts'
import type { ErrorFacts } from './classify.ts'
import { endingOfError } from './ending.ts'
import { createRetries } from './retry.ts'
import type { Retries } from './retry.ts'

/** A call that is about to be made again. */
export interface Repetition {
  /** What the last call threw. */
  readonly error: unknown
  /** Number of that call, from 1. */
  readonly attempt: number
  readonly waitMs: number
}

/** What the repeating is done with; each part has a default. */
export interface RetryingParts {
  readonly clock?: Pick<Clock, 'now' | 'sleep'> | undefined
  /** Gives numbers from 0 up to, not including, 1. */
  readonly random?: (() => number) | undefined
  /** Ends a wait between two calls, and lets no further call begin. */
  readonly signal?: AbortSignal | undefined
  /** Told before each wait. */
  readonly onRetry?: ((repetition: Repetition) => void) | undefined
  /** What a thrown error means; `classify` unless given. */
  readonly classify?: ((error: unknown, nowMs: number) => ErrorFacts) | undefined
}

/**
 * The same function, called again after errors that may pass, as the policy's `retry` says: backoff, jitter, Retry-After in
 * full, and a retry budget over all calls. When it gives up, the last error is thrown with a mark, so that neither another
 * `retrying` nor `executeTasks` begins a series of its own. An abort throws the signal's reason. Throws `policy_invalid`.
 */
export function retrying<A extends readonly unknown[], R>(
  call: (...args: A) => R | Promise<R>,
  policy: NonNullable<PolicyInput['retry']>,
  parts: RetryingParts = {},
): (...args: A) => Promise<R> {
  const { retry } = parsePolicy({ retry: policy })
  const retries = createRetries(retry, parts.random ?? unseeded)
  return (...args) => repeat(() => call(...args), retries, { ...parts, isSeries: retry.maxAttempts > 1 })
}

async function repeat<R>(
  call: () => R | Promise<R>,
  retries: Retries,
  parts: RetryingParts & { readonly isSeries: boolean },
): Promise<R> {
  const { clock = systemClock, signal = new AbortController().signal, classify = classifyError } = parts
  retries.onFirst()
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      const facts = classify(error, clock.now())
      const waitMs = retries.waitMs(endingOfError(facts), { number: attempt, counted: attempt })
      if (waitMs === undefined) throw facts.retryable && parts.isSeries ? markExhausted(error) : error
      parts.onRetry?.({ error, attempt, waitMs })
      await clock.sleep(waitMs, signal)
    }
  }
}
