import { describe, expect, it } from 'vitest'
import { after, every, monotonic, now, sleep, systemClock } from './clock.ts'

const never = new AbortController().signal

describe('a wait', () => {
  it('ends at once, with the reason, when it is aborted', async () => {
    const stop = new AbortController()
    const waiting = sleep(60_000, stop.signal)
    stop.abort(new Error('no longer wanted'))
    await expect(waiting).rejects.toThrow('no longer wanted')
  })

  it('does not begin when it was aborted before', async () => {
    await expect(sleep(60_000, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
  })

  it('ends by itself', async () => {
    await expect(sleep(1, never)).resolves.toBeUndefined()
  })
})

describe('a timer', () => {
  it('does nothing once it is cancelled', async () => {
    let calls = 0
    after(1, () => calls++).cancel()
    after(0, () => calls++).cancel()
    after(0, () => calls++, { unref: true }).cancel()
    after(1, () => calls++, { unref: true }).cancel()
    after(2 ** 31, () => calls++).cancel()
    every(1, () => calls++).cancel()
    await sleep(5, never)
    expect(calls).toBe(0)
  })

  it('of no time comes after everything that is due already', async () => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      after(0, () => {
        seen.push('timer')
        resolve()
      })
      queueMicrotask(() => seen.push('microtask'))
    })
    expect(seen).toEqual(['microtask', 'timer'])
  })

  it('of more than 24 days does not come at once', async () => {
    let calls = 0
    const timer = after(365 * 86_400_000, () => calls++, { unref: true })
    await sleep(5, never)
    timer.cancel()
    expect(calls).toBe(0)
  })

  it('that repeats comes more than once', async () => {
    await new Promise<void>((resolve) => {
      let calls = 0
      // Alone it would not keep the process alive.
      const alive = after(10_000, () => {})
      const timer = every(1, () => {
        if (++calls < 3) return
        timer.cancel()
        alive.cancel()
        resolve()
      })
    })
  })
})

describe('the clock of this machine', () => {
  it('tells the date and a time that never goes back', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(10_000)
    expect(now()).toBeGreaterThan(Date.UTC(2024))
    const first = monotonic()
    expect(monotonic()).toBeGreaterThanOrEqual(first)
  })
})
