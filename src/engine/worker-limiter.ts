import { GreenloopError } from '../domain/errors.ts'
import type { SharedLimit, TokenStore } from '../domain/queue.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limiter } from '../lib/limiter.ts'

/** What a shared limit is taken from. */
export interface SharedLimiterParts {
  readonly store: TokenStore
  readonly clock: Pick<Clock, 'sleep' | 'monotonic'>
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  readonly log: (line: string) => void
  /** Ends every wait for good. */
  readonly signal: AbortSignal
}

interface Waiter {
  readonly tokens: number
  readonly grant: () => void
}

/** A worker asks for at most what it could begin in this time. */
const shareSeconds = 0.5
const retryMs = 500
/** Longest wait of our own choice between two asks. */
const longestPaceMs = 500

/**
 * A bucket that all workers share. A worker takes only what somebody waits for, in small amounts, so nothing lies
 * unspent with one while another starves.
 */
export class SharedLimiter implements Limiter {
  readonly #limit: SharedLimit
  readonly #parts: SharedLimiterParts
  readonly #waiters = new Set<Waiter>()
  #inHand = 0
  #isAsking = false
  #closedUntil = 0
  /** Asks in a row that gave nothing. */
  #refusals = 0

  constructor(limit: SharedLimit, parts: SharedLimiterParts) {
    this.#limit = limit
    this.#parts = parts
  }

  /** Waits for its turn and its tokens. Throws `policy_invalid` for more than the bucket holds. */
  async acquire(tokens = 1, signal?: AbortSignal): Promise<void> {
    const { burst } = this.#limit
    if (tokens > burst)
      throw new GreenloopError('policy_invalid', `${tokens} tokens at once are more than the burst of ${burst}`)
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(waiter)
        reject(signal?.reason as Error)
      }
      const waiter: Waiter = {
        tokens,
        grant: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
      if (!this.#isAsking) void this.#ask()
    })
  }

  /** Never: tokens are only taken where somebody waits for them. */
  tryAcquire(): boolean {
    return false
  }

  /** Keeps every worker from beginning for so many milliseconds. */
  penalize(forMs: number): void {
    const { clock, store, log } = this.#parts
    this.#closedUntil = Math.max(this.#closedUntil, clock.monotonic() + forMs)
    void store.penalize(this.#limit.key, forMs).catch((error: unknown) => log(`pause not shared: ${String(error)}`))
  }

  async #ask(): Promise<void> {
    const { clock, signal } = this.#parts
    this.#isAsking = true
    try {
      for (let [first] = this.#waiters; first !== undefined; [first] = this.#waiters) {
        const pauseMs = this.#closedUntil - clock.monotonic()
        const waitMs = pauseMs > 0 ? pauseMs : await this.#refill(first)
        this.#grant()
        if (waitMs > 0) await clock.sleep(waitMs, signal)
      }
    } catch {
      // Only the signal gets here: those who wait are ended by their own.
    } finally {
      this.#isAsking = false
      this.#inHand = 0
    }
  }

  /** Takes what is wanted; gives how long to wait before asking again. */
  async #refill(first: Waiter): Promise<number> {
    const { perMinute, burst } = this.#limit
    const { store, log } = this.#parts
    const wanted = this.#waiters.values().reduce((sum, { tokens }) => sum + tokens, -this.#inHand)
    const share = Math.ceil((perMinute / 60) * shareSeconds)
    const count = Math.min(wanted, burst, Math.max(share, first.tokens))
    try {
      const { granted, retryInMs } = await store.take(this.#limit, count)
      this.#inHand += granted
      this.#refusals = granted === 0 ? this.#refusals + 1 : 0
      if (granted === count) return 0
      // Half a bucket at a time: asking for each single token would be a statement for each. Whoever was refused more
      // than once has many beside it, and all of them queue for one row.
      const paceMs = Math.min(100, ((burst / 2) * 60_000) / perMinute) * 2 ** Math.max(0, this.#refusals - 1)
      return Math.max(1, retryInMs, Math.min(longestPaceMs, paceMs) * (0.5 + this.#parts.random() / 2))
    } catch (error) {
      log(`no tokens could be taken: ${String(error)}`)
      return retryMs
    }
  }

  #grant(): void {
    for (const waiter of this.#waiters) {
      if (waiter.tokens > this.#inHand) return
      this.#inHand -= waiter.tokens
      this.#waiters.delete(waiter)
      waiter.grant()
    }
    this.#inHand = 0
  }
}
