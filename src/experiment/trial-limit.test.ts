import { describe, expect, it } from 'vitest'
import type { Timer } from '../lib/clock.ts'
import { manifestHead } from './report.fixture.ts'
import { startLimit } from './trial-limit.ts'

/** A clock whose timers go off when a test says so. */
function handClock() {
  const timers: { readonly ms: number; readonly action: () => void; isOn: boolean }[] = []
  return {
    timers,
    after: (ms: number, action: () => void): Timer => {
      const timer = { ms, action, isOn: true }
      timers.push(timer)
      return { cancel: () => (timer.isOn = false) }
    },
  }
}

const head = manifestHead('bot', 'a')

describe('the limit of a trial', () => {
  it('is that of the workflow, else of its server, else of the plan', () => {
    const clock = handClock()
    const outer = new AbortController().signal
    const ofPlan = { ...head, execution: { ...head.execution, timeoutSeconds: 30 } }
    const server = {
      baseUrl: 'http://s',
      headers: {},
      publish: { route: 'none', keep: false },
      timeoutSeconds: 20,
    } as const
    startLimit(ofPlan, outer, clock)
    startLimit({ ...ofPlan, server }, outer, clock)
    startLimit({ ...ofPlan, server, workflow: { ...head.workflow, timeoutSeconds: 10 } }, outer, clock)
    expect(clock.timers.map(({ ms }) => ms)).toEqual([30_000, 20_000, 10_000])
    expect(startLimit(head, outer, clock).signal).toBe(outer)
  })

  it('aborts when its time is up, and says that it was that', () => {
    const clock = handClock()
    const outer = new AbortController()
    const limit = startLimit({ ...head, execution: { ...head.execution, timeoutSeconds: 1 } }, outer.signal, clock)
    expect(limit.hasExpired()).toBe(false)
    clock.timers[0]?.action()
    expect(limit.signal.aborted).toBe(true)
    expect(limit.hasExpired()).toBe(true)
  })

  it('aborts with whoever is around it, for their reason, and stops its timer', () => {
    const clock = handClock()
    const outer = new AbortController()
    const timed = { ...head, execution: { ...head.execution, timeoutSeconds: 1 } }
    const limit = startLimit(timed, outer.signal, clock)
    outer.abort('enough')
    expect([limit.signal.aborted, limit.signal.reason, limit.hasExpired()]).toEqual([true, 'enough', false])
    limit.stop()
    expect(clock.timers[0]?.isOn).toBe(false)
    expect(startLimit(timed, outer.signal, clock).signal.aborted).toBe(true)
  })
})
