import { array, assert, boolean, constantFrom, float, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Score } from '../domain/check.ts'
import { scoreTrial } from './scoring.ts'

const share = float({ min: 0, max: 1, noNaN: true })
const score = record({ name: constantFrom('a', 'b'), weight: share, score: share, passed: boolean() }).map(
  (drawn): Score => ({ ...drawn, type: 'is_json' }),
)

describe('the score of a trial', () => {
  test('lies between the lowest and the highest of its scores', () => {
    assert(
      property(array(score, { maxLength: 6 }), (scores) => {
        const counting = scores.filter(({ weight }) => weight > 0).map((one) => one.score ?? 0)
        const trial = scoreTrial(scores, 'succeeded', 1).score
        if (counting.length === 0) expect(trial).toBeUndefined()
        else expect(trial).toBeGreaterThanOrEqual(Math.min(...counting) - 1e-9)
        expect(trial ?? 0).toBeLessThanOrEqual(Math.max(0, ...counting) + 1e-9)
      }),
    )
  })

  test('passes with any share when all pass, and with a share of 1 only then', () => {
    assert(
      property(array(score, { minLength: 1, maxLength: 6 }), share, (scores, wanted) => {
        const all = scores.map((one) => ({ ...one, passed: true }))
        expect(scoreTrial(all, 'succeeded', wanted).passed).toBe(true)
        const failed = scores.some(({ weight, passed }) => weight > 0.001 && passed === false)
        if (failed) expect(scoreTrial(scores, 'succeeded', 1).passed).toBe(false)
      }),
    )
  })

  test('is missing where the trial was not answered', () => {
    const passed = [{ name: 'a', type: 'is_json', weight: 1, score: 1, passed: true }] as const
    expect(scoreTrial(passed, 'timeout', 1)).toEqual({})
    expect(scoreTrial(passed, 'config_error', 1)).toEqual({})
    expect(scoreTrial(passed, 'stopped', 1)).toEqual({ score: 0, passed: false })
  })
})
