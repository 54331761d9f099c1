import { describe, expect, it } from 'vitest'
import type { RepairRound, RepairState } from '../domain/repair.ts'
import { defaultPolicy } from './repair.fixture.ts'
import { startState } from './repair.ts'
import { budgetUsed, mayGoOn } from './stop.ts'

function round(outcome: RepairRound['outcome'], signature = 'a', more: Partial<RepairRound> = {}): RepairRound {
  const empty = { pipelineId: 1, failing: [], explanation: '', diff: '', findings: [], tokens: 0, costUsd: 0 }
  return { number: 1, strategy: 'blocks', outcome, signature, ...empty, ...more }
}

const after = (...rounds: RepairRound[]): RepairState => ({ ...startState('x'), rounds })
const policy = { ...defaultPolicy, rounds: 4 }
const strategyAfter = (...rounds: RepairRound[]): unknown => {
  const decision = mayGoOn(after(...rounds), 'a', policy)
  return decision.kind === 'go' ? decision.strategy : decision.ending.end
}

describe('a further round', () => {
  it.each([
    ['nothing', [], 'blocks'],
    ['a refused patch', [round('rejected')], 'blocks'],
    ['an unusable answer', [round('malformed')], 'whole_file'],
    ['a patch that changed nothing', [round('red')], 'whole_file'],
    ['a patch that changed the failure', [round('red', 'b')], 'blocks'],
    ['two patches that changed nothing', [round('red'), round('red')], 'gave_up'],
    ['the same with a refused one between', [round('red'), round('rejected'), round('red')], 'gave_up'],
    ['progress between two of them', [round('red'), round('red', 'b'), round('red')], 'whole_file'],
    [
      'a patch that was tried before',
      [round('rejected', 'a', { findings: [{ code: 'same_patch', message: '', blocks: true }] })],
      'whole_file',
    ],
    ['four refused patches', [1, 2, 3, 4].map(() => round('rejected')), 'guard_rejected'],
    [
      'four rounds of which not all were refused',
      [...[1, 2, 3].map(() => round('rejected')), round('failed_locally')],
      'gave_up',
    ],
  ] as const)('after %s is decided by the rounds before', (_, rounds, expected) => {
    expect(strategyAfter(...rounds)).toBe(expected)
  })

  it('counts the rounds that a branch held when it was taken over', () => {
    expect(mayGoOn({ ...after(), roundsBefore: 4 }, 'a', policy).kind).toBe('stop')
    expect(mayGoOn({ ...after(), roundsBefore: 3 }, 'a', policy).kind).toBe('go')
  })

  it('needs some of the budget', () => {
    const budget = { ...defaultPolicy.budget, maxTokens: 100, maxCostUsd: 0.5 }
    expect(budgetUsed({ ...after(), tokens: 99, costUsd: 0.4 }, { ...policy, budget })).toBeUndefined()
    expect(budgetUsed({ ...after(), tokens: 100 }, { ...policy, budget })).toContain('100 tokens')
    expect(budgetUsed({ ...after(), costUsd: 0.5 }, { ...policy, budget })).toContain('$0.5')
    expect(mayGoOn({ ...after(), tokens: 100 }, 'a', { ...policy, budget }).kind).toBe('stop')
  })
})
