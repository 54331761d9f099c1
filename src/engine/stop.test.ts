import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { Tally } from './statistics.ts'
import { createGate, reasonOfAbort } from './stop.ts'

function tally(counts: Partial<Tally>): Tally {
  return Object.assign(new Tally(), counts)
}

describe('the gate before an attempt', () => {
  it('is open where nothing was said', () => {
    const gate = createGate({})
    expect(gate.check(tally({ failed: 1000, tokens: 1e9 }), 5)).toBe('go')
    expect(gate.reached(tally({ failed: 1000 }))).toBeUndefined()
  })

  it('closes with the last failure that is borne', () => {
    const gate = createGate({ maxFailures: 3 })
    expect(gate.check(tally({ failed: 1, error: 1, cancelled: 9, succeeded: 9 }), 0)).toBe('go')
    expect(gate.check(tally({ failed: 1, error: 1, timeout: 1 }), 0)).toEqual({
      kind: 'max_failures',
      message: '3 tasks ended badly, which is the limit',
    })
    expect(createGate({ maxFailures: 1 }).reached(tally({ failed: 1 }))?.message).toBe(
      '1 task ended badly, which is the limit',
    )
  })

  it('closes when a budget is used up, and says which', () => {
    const gate = createGate({ maxTokens: 1000, maxCostUsd: 0.3 })
    expect(gate.reached(tally({ tokens: 999, costUsd: 0.29 }))).toBeUndefined()
    expect(gate.reached(tally({ tokens: 1200 }))).toEqual({
      kind: 'token_budget',
      message: 'the budget of 1000 tokens is used up: 1200 tokens',
    })
    expect(gate.reached(tally({ costUsd: 0.1 + 0.2 }))).toEqual({
      kind: 'cost_budget',
      message: 'the budget of 0.3 US dollars is used up: 0.3 US dollars',
    })
  })

  it('counts what an earlier process of the run has used', () => {
    const gate = createGate({ maxTokens: 1000, maxFailures: 3 }, tally({ attempts: 9, tokens: 900, error: 2 }))
    expect(gate.check(tally({ attempts: 1, tokens: 50 }), 0)).toBe('go')
    expect(gate.check(tally({ attempts: 1, tokens: 50 }), 1)).toBe('wait')
    expect(gate.reached(tally({ tokens: 100 }))).toMatchObject({ kind: 'token_budget' })
    expect(gate.reached(tally({ failed: 1 }))).toMatchObject({ kind: 'max_failures' })
  })

  it('sets aside what those in flight may use, by the mean of those before', () => {
    const gate = createGate({ maxTokens: 1000 })
    const used = tally({ attempts: 10, tokens: 500 })
    expect(gate.check(used, 9)).toBe('go')
    expect(gate.check(used, 10)).toBe('wait')
    expect(gate.check(tally({ attempts: 1, tokens: 999 }), 0)).toBe('go')
    expect(gate.check(tally({}), 64)).toBe('go')
  })
})

describe('the reason of an abort', () => {
  it.each([
    [new Error('no longer wanted'), 'cancelled', 'no longer wanted'],
    ['by hand', 'cancelled', 'by hand'],
    [new GreenloopError('lease_lost', 'taken over'), 'lease_lost', 'taken over'],
    [new DOMException('This operation was aborted', 'AbortError'), 'cancelled', 'the run was cancelled'],
    [new Error(''), 'cancelled', 'the run was cancelled'],
    ['', 'cancelled', 'the run was cancelled'],
    [42, 'cancelled', 'the run was cancelled'],
  ])('%s: %s', (reason, kind, message) => {
    expect(reasonOfAbort(reason)).toEqual({ kind, message })
  })
})
