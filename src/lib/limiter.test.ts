import { getEventListeners } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLimiter } from './limiter.ts'
import { createVirtualClock } from './virtual-clock.ts'

/** Whether in every window of every length at most `burst + rate × length` tokens were given. */
function keepsTo(
  grants: readonly { at: number; count: number }[],
  { perMinute, burst }: { perMinute: number; burst: number },
): boolean {
  let level = 0
  let last = -Infinity
  return grants.every(({ at, count }) => {
    level = Math.max(0, level - ((at - last) * perMinute) / 60_000) + count
    last = at
    return level <= burst + 1e-6
  })
}

const rule = fc.record({
  perMinute: fc.constantFrom(1, 7, 59.5, 60, 6000, 1_000_000, 40_000_000),
  burst: fc.integer({ min: 1, max: 20 }),
})

describe('a token bucket', () => {
  it('keeps to its allowance in every window, whatever is asked of it, and serves in order', async () => {
    const ask = fc.record({
      afterMs: fc.integer({ min: 0, max: 3000 }),
      count: fc.integer({ min: 0, max: 20 }),
      how: fc.constantFrom('wait', 'try', 'leave', 'return'),
    })
    await fc.assert(
      fc.asyncProperty(rule, fc.array(ask, { maxLength: 40 }), async (options, asks) => {
        const clock = createVirtualClock()
        const limiter = createLimiter({ ...options, clock })
        const grants: { at: number; count: number; order: number }[] = []
        let asked = 0
        const act = async ({ count, how }: (typeof asks)[number]): Promise<void> => {
          const wanted = Math.min(count, options.burst)
          const order = asked++
          if (how === 'try') {
            if (limiter.tryAcquire(wanted)) grants.push({ at: clock.now(), count: wanted, order })
            return
          }
          const stop = new AbortController()
          if (how === 'leave') clock.after(500, () => stop.abort(new Error('left')))
          try {
            await limiter.acquire(wanted, stop.signal)
          } catch {
            return
          }
          if (how === 'return') limiter.release(wanted)
          else grants.push({ at: clock.now(), count: wanted, order })
          expect(getEventListeners(stop.signal, 'abort')).toEqual([])
        }
        let at = 0
        for (const each of asks) clock.after((at += each.afterMs), () => void act(each))
        await clock.run()
        expect(keepsTo(grants, options)).toBe(true)
        expect(grants.map(({ order }) => order)).toEqual(grants.map(({ order }) => order).sort((a, b) => a - b))
        expect(clock.pending).toBe(0)
      }),
    )
  })

  it('gives everything that it may to those who wait', async () => {
    const clock = createVirtualClock()
    const limiter = createLimiter({ perMinute: 6000, burst: 10, clock })
    const times: number[] = []
    const wait = async (): Promise<void> => {
      await limiter.acquire()
      times.push(clock.now())
    }
    const waits = Array.from({ length: 110 }, wait)
    await clock.run()
    await Promise.all(waits)
    expect(times.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0))
    expect(times.slice(10)).toEqual(Array.from({ length: 100 }, (_, index) => (index + 1) * 10))
  })

  it('lets nobody past those who wait', async () => {
    const clock = createVirtualClock()
    const limiter = createLimiter({ perMinute: 60, burst: 5, clock })
    expect(limiter.tryAcquire(3)).toBe(true)
    const big = limiter.acquire(5)
    expect(limiter.tryAcquire(1)).toBe(false)
    await clock.run()
    await big
    expect(clock.now()).toBe(3000)
  })

  it('hands the turn on when the first leaves, and takes nothing from the bucket for those who left', async () => {
    const clock = createVirtualClock()
    const limiter = createLimiter({ perMinute: 60, burst: 5, clock })
    limiter.tryAcquire(3)
    const stop = new AbortController()
    const big = limiter.acquire(5, stop.signal)
    const middle = limiter.acquire(4, stop.signal)
    const small = limiter.acquire(2)
    const last = limiter.acquire(2)
    stop.abort(new Error('left'))
    await expect(big).rejects.toThrow('left')
    await expect(middle).rejects.toThrow('left')
    await small
    expect(clock.now()).toBe(0)
    await clock.run()
    await last
    expect(clock.now()).toBe(2000)
    await expect(limiter.acquire(1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  })

  it('gives nothing until a penalty is over, and then no burst', async () => {
    const clock = createVirtualClock()
    const limiter = createLimiter({ perMinute: 60, burst: 5, clock })
    limiter.penalize(10_000)
    limiter.penalize(3000)
    limiter.penalize(-1)
    expect(limiter.tryAcquire()).toBe(false)
    expect(limiter.availableInMs()).toBe(11_000)
    const times: number[] = []
    const wait = async (): Promise<void> => {
      await limiter.acquire()
      times.push(clock.now())
    }
    const waits = [wait(), wait()]
    clock.after(5000, () => limiter.penalize(10_000))
    await clock.run()
    await Promise.all(waits)
    expect(times).toEqual([16_000, 17_000])
  })

  it('takes back what was not used, at once for somebody who waits', async () => {
    const clock = createVirtualClock()
    const limiter = createLimiter({ perMinute: 1, burst: 2, clock })
    await limiter.acquire(2)
    const waiting = limiter.acquire()
    limiter.release()
    await waiting
    expect([clock.now(), limiter.availableInMs(0), limiter.availableInMs()]).toEqual([0, 0, 60_000])
  })

  it('refuses what can never be', async () => {
    const limiter = createLimiter({ perMinute: 60, burst: 3 })
    for (const count of [4, -1, Number.NaN]) {
      expect(limiter.tryAcquire(count)).toBe(false)
      await expect(limiter.acquire(count)).rejects.toThrow(`${count} tokens can never be had from a bucket of 3`)
    }
    expect(() => createLimiter({ perMinute: 0 })).toThrow('give none')
    expect(() => createLimiter({ perMinute: 1, burst: 0.5 })).toThrow('give none')
  })

  it('serves a timer that comes early once more', async () => {
    const clock = createVirtualClock()
    // The real clock rounds: here each timer comes two milliseconds before its time.
    const hasty = { ...clock, after: (ms: number, action: () => void) => clock.after(Math.max(1, ms - 2), action) }
    const limiter = createLimiter({ perMinute: 600, clock: hasty })
    await limiter.acquire()
    const waiting = limiter.acquire()
    await clock.run()
    await waiting
    expect(clock.now()).toBe(100)
  })

  it('works on the clock of this machine', async () => {
    const limiter = createLimiter({ perMinute: 60_000, burst: 1 })
    await Promise.all(Array.from({ length: 5 }, () => limiter.acquire()))
    expect(limiter.availableInMs()).toBeGreaterThan(0)
  })
})
