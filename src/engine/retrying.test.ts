import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { isExhausted } from '../lib/exhausted.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { retrying } from './retrying.ts'
import type { Repetition } from './retrying.ts'

function failing(times: number, error: () => unknown = () => new Error('passing')) {
  let calls = 0
  return {
    calls: () => calls,
    call: async (text: string): Promise<string> => {
      if (++calls <= times) throw error()
      return `${text} ${calls}`
    },
  }
}

async function onClock<T>(
  act: (clock: ReturnType<typeof createVirtualClock>) => Promise<T>,
): Promise<{ value: T; at: number }> {
  const clock = createVirtualClock()
  const over = act(clock).then((value) => ({ value, at: clock.now() }))
  over.catch(() => {})
  await clock.run()
  expect(clock.pending).toBe(0)
  return over
}

describe('a function that is called again', () => {
  it('takes and gives the same, after growing waits', async () => {
    const { call } = failing(2)
    const told: Repetition[] = []
    const policy = { maxAttempts: 3, jitter: 'none' as const }
    const { value, at } = await onClock((clock) =>
      retrying(call, policy, { clock, onRetry: (each) => void told.push(each) })('hello'),
    )
    expect([value, at]).toEqual(['hello 3', 3000])
    expect(told).toMatchObject([
      { attempt: 1, waitMs: 1000, error: { message: 'passing' } },
      { attempt: 2, waitMs: 2000 },
    ])
  })

  it('gives up with the last error, marked so that no other layer begins again', async () => {
    const { call, calls } = failing(9)
    const policy = { maxAttempts: 3, backoffSeconds: 0 }
    const error: unknown = await onClock((clock) =>
      retrying(retrying(call, policy, { clock }), policy, { clock })('x'),
    ).catch((e: unknown) => e)
    expect(isExhausted(error)).toBe(true)
    expect(calls()).toBe(3)
  })

  it('does not repeat what would fail again, and leaves that unmarked', async () => {
    const { call, calls } = failing(9, () => new GreenloopError('suite_invalid', 'lasting'))
    const error: unknown = await retrying(call, { maxAttempts: 3 })('x').catch((e: unknown) => e)
    expect([isExhausted(error), calls()]).toEqual([false, 1])
    const single: unknown = await retrying(failing(9).call, {})('x').catch((e: unknown) => e)
    expect(isExhausted(single)).toBe(false)
  })

  it('waits as long as it is told to', async () => {
    const { call } = failing(1, () => Object.assign(new Error('later'), { retryAfterMs: 10_000 }))
    const { at } = await onClock((clock) => retrying(call, { maxAttempts: 2 }, { clock, random: () => 0.5 })('x'))
    expect(at).toBe(11_000)
  })

  it('keeps to its budget over all calls', async () => {
    const { call, calls } = failing(100)
    const again = retrying(call, { maxAttempts: 5, backoffSeconds: 0, budget: { ratio: 0, reserve: 3 } })
    await expect(again('x')).rejects.toThrow('passing')
    await expect(again('x')).rejects.toThrow('passing')
    expect(calls()).toBe(5)
  })

  it('ends with an abort, in a wait, in a call and before', async () => {
    const stop = new AbortController()
    const { call, calls } = failing(9)
    const waiting = onClock((clock) => {
      clock.after(500, () => stop.abort(new Error('enough')))
      return retrying(call, { maxAttempts: 3, jitter: 'none' }, { clock, signal: stop.signal })('x')
    })
    await expect(waiting).rejects.toThrow('enough')
    await expect(retrying(call, {}, { signal: stop.signal })('x')).rejects.toThrow('enough')
    expect(calls()).toBe(1)
    const other = new AbortController()
    const aborting = async (): Promise<never> => {
      other.abort(new Error('from within'))
      throw new Error('because of that')
    }
    await expect(retrying(aborting, { maxAttempts: 3 }, { signal: other.signal })()).rejects.toThrow('from within')
  })

  it('reads errors as it is told', async () => {
    const { call, calls } = failing(9)
    const classify = () => ({ class: 'system_error' as const, message: 'x', retryable: false, overload: false })
    await expect(retrying(call, { maxAttempts: 3 }, { classify })('x')).rejects.toThrow('passing')
    expect(calls()).toBe(1)
  })

  it('refuses a policy that makes no sense', () => {
    expect(() => retrying(() => 1, { maxAttempts: 0 })).toThrow(expect.objectContaining({ code: 'policy_invalid' }))
  })
})
