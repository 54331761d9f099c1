import { systemClock } from './clock.ts'
import type { Clock, Timer } from './clock.ts'
import { Line } from './linked.ts'
import type { Linked } from './linked.ts'

/** An allowance over time that many share. */
export interface Limiter {
  /**
   * Waits for `count` tokens (1 unless given), first come, first served. An abort leaves the queue and rejects with the
   * signal's reason; a count that can never be had is refused with an error.
   */
  acquire(count?: number, signal?: AbortSignal): Promise<void>
  /** Takes `count` tokens if they are there and nobody waits; says whether it did. */
  tryAcquire(count?: number): boolean
  /** Nobody gets a token for so many milliseconds: what a 429 with Retry-After asks for. */
  penalize(forMs: number): void
  /** Puts tokens back that were taken and not used. */
  release?(count?: number): void
}

/** A {@link Limiter} of this process. */
export interface TokenBucket extends Limiter {
  release(count?: number): void
  /** Milliseconds until `count` tokens could be had by somebody who waits alone. */
  availableInMs(count?: number): number
}

/** What a bucket is made with. */
export interface BucketOptions {
  /** Tokens of a minute, in the long run. */
  readonly perMinute: number
  /** Tokens that may be taken at once after a pause; 1 unless given. */
  readonly burst?: number | undefined
  readonly clock?: Pick<Clock, 'monotonic' | 'after'> | undefined
}

/** Somebody who waits. */
interface Waiter extends Linked<Waiter> {
  readonly count: number
  readonly grant: () => void
}

/**
 * A token bucket by the generic cell rate algorithm (ITU-T I.371): one number says when the bucket is full again. In
 * every window of every length at most burst + rate × length tokens are given. A `RangeError` refuses options and counts
 * that make no sense.
 */
export function createLimiter({ perMinute, burst = 1, clock = systemClock }: BucketOptions): TokenBucket {
  if (!(perMinute > 0 && burst >= 1)) {
    throw new RangeError(`a bucket needs tokens: ${perMinute} a minute with a burst of ${burst} give none`)
  }
  const bucket = createBucket({ perMinute, burst, clock })
  const queue = createQueue(bucket, clock)
  const isPossible = (count: number): boolean => count >= 0 && count <= burst
  const tryAcquire = (count = 1): boolean => isPossible(count) && queue.isEmpty() && bucket.take(count)
  return {
    tryAcquire,
    async acquire(count = 1, signal) {
      signal?.throwIfAborted()
      if (!isPossible(count)) throw new RangeError(`${count} tokens can never be had from a bucket of ${burst}`)
      if (!tryAcquire(count)) await queue.wait(count, signal)
    },
    penalize(forMs) {
      bucket.penalize(forMs)
      queue.rearm()
    },
    release(count = 1) {
      bucket.release(count)
      queue.serve()
    },
    availableInMs: (count = 1) => Math.max(0, bucket.waitMs(count)),
  }
}

const nsPerMs = 1_000_000

interface Bucket {
  readonly perMinute: number
  readonly burst: number
  readonly clock: Pick<Clock, 'monotonic'>
}

/** The bucket itself, in whole nanoseconds, rounded so that it never gives too much. */
function createBucket({ perMinute, burst, clock }: Bucket) {
  const tokenNs = Math.ceil((60_000 * nsPerMs) / perMinute)
  const bucketNs = burst * tokenNs
  const startMs = clock.monotonic()
  /** When the bucket is full again if nobody takes anything. */
  let fullAtNs = 0
  const nowNs = (): number => Math.floor((clock.monotonic() - startMs) * nsPerMs)
  const waitNs = (count: number, atNs: number): number => Math.max(fullAtNs, atNs) + count * tokenNs - bucketNs - atNs
  return {
    waitMs: (count: number): number => waitNs(count, nowNs()) / nsPerMs,
    take(count: number): boolean {
      const atNs = nowNs()
      if (waitNs(count, atNs) > 0) return false
      fullAtNs = Math.max(fullAtNs, atNs) + count * tokenNs
      return true
    },
    penalize(forMs: number): void {
      const untilNs = nowNs() + Math.ceil(Math.max(0, forMs) * nsPerMs)
      // Without the whole bucket on top, a burst would come through before the time is up.
      fullAtNs = Math.max(fullAtNs, untilNs + bucketNs)
    },
    release(count: number): void {
      fullAtNs -= count * tokenNs
    },
  }
}

/** Those who wait, in their order; one timer for the first of them. */
function createQueue(bucket: ReturnType<typeof createBucket>, clock: Pick<Clock, 'after'>) {
  const waiters = new Line<Waiter>()
  let timer: Timer | undefined
  const rearm = (): void => {
    timer?.cancel()
    timer = undefined
    if (waiters.first === undefined) return
    // A timer may come a little early, and then it is set once more.
    timer = clock.after(Math.max(1, Math.ceil(bucket.waitMs(waiters.first.count))), serve)
  }
  function serve(): void {
    for (let head = waiters.first; head !== undefined && bucket.take(head.count); head = waiters.first) {
      waiters.remove(head)
      head.grant()
    }
    rearm()
  }
  const wait = (count: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const wasFirst = waiters.first === waiter
        waiters.remove(waiter)
        if (wasFirst) serve()
        reject(signal?.reason as Error)
      }
      const grant = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter: Waiter = { count, grant, before: undefined, after: undefined }
      signal?.addEventListener('abort', onAbort, { once: true })
      waiters.push(waiter)
      if (waiters.first === waiter) rearm()
    })
  return { wait, serve, rearm, isEmpty: () => waiters.first === undefined }
}
