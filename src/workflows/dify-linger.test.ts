import { describe, expect, it } from 'vitest'
import type { Timer } from '../lib/clock.ts'
import { linger } from './dify-linger.ts'

/** A clock whose one timer goes off when a test says so. */
function handClock() {
  let action: (() => void) | undefined
  return {
    fire: () => action?.(),
    isOn: () => action !== undefined,
    after: (_: number, given: () => void): Timer => {
      action = given
      return { cancel: () => (action = undefined) }
    },
  }
}

describe('a call that is given up', () => {
  it('ends at once where its task is known', () => {
    const [outer, clock] = [new AbortController(), handClock()]
    const given = linger(outer.signal, 10, clock)
    given.seen({ taskId: 't' })
    expect(given.signal.aborted).toBe(false)
    outer.abort('enough')
    expect([given.signal.aborted, given.signal.reason]).toEqual([true, 'enough'])
  })

  it('ends as soon as its task is known', () => {
    const [outer, clock] = [new AbortController(), handClock()]
    const given = linger(outer.signal, 10, clock)
    outer.abort('enough')
    given.seen({ conversationId: 'c' })
    expect(given.signal.aborted).toBe(false)
    given.seen({ conversationId: 'c', taskId: 't' })
    expect([given.signal.aborted, given.signal.reason]).toEqual([true, 'enough'])
    given.end()
    expect(clock.isOn()).toBe(false)
  })

  it('ends all the same where it never says', () => {
    const [outer, clock] = [new AbortController(), handClock()]
    const { signal } = linger(outer.signal, 10, clock)
    outer.abort('enough')
    clock.fire()
    expect(signal.reason).toBe('enough')
    expect(linger(outer.signal, 10, clock).signal.reason).toBe('enough')
  })
})
