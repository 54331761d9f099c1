import { describe, expect, it } from 'vitest'
import { after } from '../lib/clock.ts'
import { createBell, createSerial } from './worker-bell.ts'

const never = 3_600_000

describe('a bell', () => {
  it('wakes who waits, before the time is over', async () => {
    const bell = createBell({ after })
    const wait = bell.wait(never, new AbortController().signal)
    bell.ring()
    await wait
  })

  it('counts a ring that came before the wait, once', async () => {
    const bell = createBell({ after })
    bell.ring()
    await bell.wait(never, new AbortController().signal)
    const stop = new AbortController()
    const second = bell.wait(never, stop.signal)
    expect(await Promise.race([second.then(() => 'woken'), Promise.resolve('waits')])).toBe('waits')
    stop.abort()
    await second
  })

  it('does not wait after an abort', async () => {
    await createBell({ after }).wait(never, AbortSignal.abort())
  })

  it('lets go when the time is over', async () => {
    await createBell({ after }).wait(1, new AbortController().signal)
  })
})

describe('work in series', () => {
  it('goes on one after the other, also behind a failure', async () => {
    const serial = createSerial()
    const order: string[] = []
    const step = (name: string) => async () => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
      if (name === 'b') throw new TypeError(name)
      return name
    }
    const all = await Promise.allSettled([serial(step('a')), serial(step('b')), serial(step('c'))])
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
