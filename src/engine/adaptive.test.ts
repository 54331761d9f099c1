import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../domain/policy.ts'
import type { PolicyInput } from '../domain/policy.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { createWidth } from './adaptive.ts'
import type { Overload } from './adaptive.ts'

function start(policy: PolicyInput) {
  const clock = createVirtualClock()
  const width = createWidth(parsePolicy(policy), clock)
  const answer = (count: number): void => {
    for (let index = 0; index < count; index++) width.onAnswer({ isFirst: true, isFull: true })
  }
  /** An attempt that was begun just now is turned away. */
  const overload = (facts: Partial<Overload> = {}): void =>
    width.onOverload({ retryAfterMs: 0, startAt: clock.monotonic(), others: 0, ...facts })
  return { width, answer, overload, wait: (ms: number) => clock.run({ untilMs: clock.now() + ms }) }
}

describe('a fixed width', () => {
  it('stays as it is', () => {
    const { width, answer, overload } = start({ concurrency: 5 })
    answer(100)
    overload({ retryAfterMs: 1000 })
    width.onTrouble()
    expect(width.current).toBe(5)
  })
})

describe('an adaptive width', () => {
  it('doubles in each round until the first overload, up to the concurrency', () => {
    const { width, answer } = start({ concurrency: 30, adaptive: { start: 4 } })
    const seen = [4, 8, 16].map((round) => {
      answer(round)
      return width.current
    })
    expect(seen).toEqual([8, 16, 30])
  })

  it('then grows by one in each round', async () => {
    const { width, answer, overload, wait } = start({ concurrency: 100, adaptive: { start: 10, cooldownSeconds: 1 } })
    overload()
    expect(width.current).toBe(8)
    await wait(1000)
    answer(7)
    expect(width.current).toBe(8)
    answer(1)
    expect(width.current).toBe(9)
    answer(9)
    expect(width.current).toBe(10)
  })

  it('goes down to what is served, at most by its factor for one overload', async () => {
    const { width, overload, wait } = start({ concurrency: 100, adaptive: { start: 8, decrease: 0.7 } })
    // A server that serves five: three of eight are turned away, one behind the other.
    const begun = { startAt: 0 }
    await wait(10)
    overload({ ...begun, others: 7 })
    overload({ ...begun, others: 6 })
    expect(width.current).toBe(6)
    overload({ ...begun, others: 5 })
    overload({ ...begun, others: 4 })
    expect(width.current).toBe(5)
  })

  it('goes down again for attempts that were begun since, whatever the cooldown', async () => {
    const { width, overload, wait } = start({ concurrency: 100, adaptive: { start: 50, decrease: 0.5 } })
    await wait(10)
    overload({ startAt: 0 })
    overload({ startAt: 5 })
    expect(width.current).toBe(25)
    await wait(10)
    overload()
    expect(width.current).toBe(12)
  })

  it('does not grow in a cooldown, which Retry-After makes longer', async () => {
    const { width, answer, overload, wait } = start({
      concurrency: 100,
      adaptive: { start: 50, decrease: 0.5, cooldownSeconds: 10 },
    })
    overload({ retryAfterMs: 5000 })
    await wait(14_999)
    answer(500)
    expect(width.current).toBe(25)
    await wait(1)
    answer(25)
    expect(width.current).toBe(26)
  })

  it('stays between its bounds', async () => {
    const { width, overload, wait } = start({
      concurrency: 4,
      adaptive: { start: 9, min: 2, decrease: 0.1, cooldownSeconds: 0 },
    })
    expect(width.current).toBe(4)
    overload()
    await wait(1)
    overload()
    expect(width.current).toBe(2)
    overload({ others: 3, startAt: 1 })
    expect(width.current).toBe(2)
    expect(start({ concurrency: 3, adaptive: { start: 1, min: 9 } }).width.current).toBe(3)
  })

  it('does not grow on trouble, on answers to retries, nor while slots are free', async () => {
    const { width, answer, wait } = start({ concurrency: 100, adaptive: { start: 10, cooldownSeconds: 5 } })
    width.onAnswer({ isFirst: false, isFull: true })
    width.onAnswer({ isFirst: true, isFull: false })
    width.onTrouble()
    answer(50)
    expect(width.current).toBe(10)
    await wait(5000)
    answer(10)
    expect(width.current).toBe(20)
  })
})
