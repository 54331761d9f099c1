import { describe, expect, it } from 'vitest'
import { after, sleep } from './clock.ts'

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
    await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined()
  })
})

describe('a timer', () => {
  it('does nothing once it is cancelled', async () => {
    let calls = 0
    after(1, () => calls++).cancel()
    await sleep(5, new AbortController().signal)
    expect(calls).toBe(0)
  })
})
