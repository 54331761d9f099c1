import type { Policy } from '../domain/policy.ts'
import { askedWaitMs, backoffMs } from '../lib/backoff.ts'
import type { Ending } from './ending.ts'

/** Which attempt at its task one is. */
interface AttemptCount {
  /** Its number, which goes on over restarts. */
  readonly number: number
  /** Attempts that count against the policy, this one among them. */
  readonly counted: number
}

/** Decides which attempts are followed by another one, and after how long. */
export interface Retries {
  /** A task began with its first attempt: that adds to the budget. */
  onFirst(): void
  /** Milliseconds to wait until the next attempt; `undefined` where there is none. */
  waitMs(ending: Ending, attempt: AttemptCount): number | undefined
}

/** The retries of a policy. `random` gives numbers from 0 up to, not including, 1. */
export function createRetries(policy: Policy['retry'], random: () => number): Retries {
  const { maxAttempts, on, budget } = policy
  const classes = new Set<string>(on)
  let left = budget === undefined ? Infinity : budget.reserve
  const ratio = budget?.ratio ?? 0
  return {
    onFirst() {
      left += ratio
    },
    waitMs({ error, retry, retryAfterMs }, { number, counted }) {
      if (error === undefined || counted >= maxAttempts || !(retry ?? classes.has(error.class))) return undefined
      // Sums of fractions fall short by a hair.
      if (left < 1 - 1e-9) return undefined
      left--
      return retryAfterMs === undefined || retryAfterMs === 0
        ? backoffMs(number, policy, random)
        : askedWaitMs(retryAfterMs, random)
    },
  }
}
