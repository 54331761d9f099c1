import { GreenloopError } from '../domain/errors.ts'
import { monotonic } from '../lib/clock.ts'
import type { RateLimit } from './http-parts.ts'
import { Refusal } from './problem.ts'

/** Callers that are remembered; beyond it the one that has been quiet for longest is forgotten. */
const remembered = 10_000

/** What is left for a caller. */
export interface Allowance {
  /** Names and values of the `RateLimit-*` headers. */
  readonly headers: Readonly<Record<string, string>>
  /** Throws `rate_limited` where nothing was left. */
  check(): void
}

/** A bucket of tokens for each caller: it holds `burst`, and `perSecond` come back. */
export function createBuckets({ perSecond, burst }: RateLimit): { take(caller: string): Allowance } {
  const buckets = new Map<string, { left: number; at: number }>()
  return {
    take: (caller) => {
      const at = monotonic()
      const before = buckets.get(caller) ?? { left: burst, at }
      const full = Math.min(burst, before.left + ((at - before.at) / 1000) * perSecond)
      const isAllowed = full >= 1
      const left = isAllowed ? full - 1 : full
      buckets.delete(caller)
      buckets.set(caller, { left, at })
      forgetOldest(buckets)
      return {
        headers: {
          'RateLimit-Limit': String(burst),
          'RateLimit-Remaining': String(Math.floor(left)),
          'RateLimit-Reset': String(Math.ceil((burst - left) / perSecond)),
        },
        check: () => {
          if (!isAllowed) throw limited('there were too many requests', Math.ceil((1 - left) / perSecond))
        },
      }
    },
  }
}

/** Failed logins of an address that are let pass in a minute. */
const failuresAllowed = 5
const failureWindowMs = 60_000

/** Counts failed logins by address. */
export function createThrottle(): { check(address: string): void; failed(address: string): void } {
  const failures = new Map<string, readonly number[]>()
  const recent = (address: string): readonly number[] =>
    (failures.get(address) ?? []).filter((at) => at > monotonic() - failureWindowMs)
  return {
    check: (address) => {
      const [first, ...others] = recent(address)
      if (first === undefined || others.length + 1 < failuresAllowed) return
      throw limited('there were too many failed logins', Math.ceil((first + failureWindowMs - monotonic()) / 1000))
    },
    failed: (address) => {
      const times = [...recent(address), monotonic()].slice(-failuresAllowed)
      failures.delete(address)
      failures.set(address, times)
      forgetOldest(failures)
    },
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= remembered) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

function limited(message: string, seconds: number): Refusal {
  const wait = Math.max(1, seconds)
  const error = new GreenloopError('rate_limited', message, { help: `try again in ${wait} s` })
  return new Refusal(error, { headers: { 'Retry-After': String(wait) } })
}
