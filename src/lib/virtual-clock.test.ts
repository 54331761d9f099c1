import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from './virtual-clock.ts'

describe('a virtual clock', () => {
  it('calls timers in the order of time, then of setting, and shows the time of each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -1, max: 20 }), { maxLength: 30 }), async (delays) => {
        const clock = createVirtualClock(1000)
        const calls: (readonly [number, number])[] = []
        for (const [index, ms] of delays.entries()) clock.after(ms, () => calls.push([clock.now(), index]))
        await clock.run()
        const expected = delays.map((ms, index) => [1000 + Math.max(0, ms), index] as const)
        expect(calls).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
        expect(clock.pending).toBe(0)
      }),
    )
  })

  it('draws every consequence of a timer before the next one', async () => {
    const clock = createVirtualClock()
    const seen: string[] = []
    const consequences = async (): Promise<void> => {
      for (let step = 0; step < 50; step++) await Promise.resolve()
      seen.push('consequence')
      clock.after(0, () => seen.push('later at the same time'))
    }
    clock.after(5, () => void consequences())
    clock.after(5, () => seen.push('next timer'))
    await clock.run()
    expect(seen).toEqual(['consequence', 'next timer', 'later at the same time'])
  })

  it('stands still until it is run, and stops where it is told', async () => {
    const clock = createVirtualClock(100)
    const seen: number[] = []
    clock.after(10, () => seen.push(clock.monotonic()))
    clock.after(10.2, () => seen.push(clock.monotonic()))
    clock.after(30, () => seen.push(clock.monotonic()))
    expect(clock.now()).toBe(100)
    await clock.run({ untilMs: 110 })
    expect(seen).toEqual([110])
    await clock.run({ untilMs: 120 })
    expect([clock.now(), clock.pending]).toEqual([120, 1])
    expect(seen).toEqual([110, 111])
  })

  it('does not call what was cancelled, and cancelling twice counts once', async () => {
    const clock = createVirtualClock()
    let calls = 0
    const timer = clock.after(1, () => calls++)
    const done = clock.after(0, () => calls++)
    timer.cancel()
    timer.cancel()
    expect(clock.pending).toBe(1)
    await clock.run()
    done.cancel()
    expect([calls, clock.pending]).toEqual([1, 0])
  })

  it('has waits that end at their time or with the abort', async () => {
    const clock = createVirtualClock()
    const stop = new AbortController()
    const seen: string[] = []
    const wait = async (ms: number): Promise<void> => {
      await clock.sleep(ms, stop.signal).then(
        () => seen.push(`woke at ${clock.now()}`),
        (error: Error) => seen.push(`${error.message} at ${clock.now()}`),
      )
    }
    const waits = [wait(10), wait(1000)]
    clock.after(20, () => stop.abort(new Error('enough')))
    await clock.run()
    await Promise.all(waits)
    expect(seen).toEqual(['woke at 10', 'enough at 20'])
  })

  it('does not run for ever', async () => {
    const clock = createVirtualClock()
    const again = (): void => void clock.after(1, again)
    again()
    await expect(clock.run({ maxTimers: 50 })).rejects.toThrow('more than 50 timers')
  })
})
