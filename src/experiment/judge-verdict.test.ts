import { describe, expect, test } from 'vitest'
import { readVerdict } from './judge-verdict.ts'

const binary = { type: 'binary' } as const

describe('a verdict', () => {
  test.each([
    ['plain', '{"reasoning": "good", "verdict": "pass"}'],
    ['in a fence', 'Here:\n```json\n{"reasoning": "good", "verdict": "pass"}\n```\n'],
    ['behind thoughts', '<think>{"verdict": "fail"}</think>\n{"reasoning": "good", "verdict": "pass"}'],
  ])('is read %s', (_, reply) => {
    expect(readVerdict(reply, binary)).toEqual({ verdict: { reasoning: 'good', verdict: 'pass' } })
  })

  test.each([
    ['no JSON', 'pass', 'it is no JSON object'],
    ['the verdict first', '{"verdict": "pass", "reasoning": "good"}', '`reasoning` has to stand before the verdict'],
    ['another word', '{"reasoning": "good", "verdict": "excellent"}', '`verdict`'],
    ['no reasons', '{"reasoning": " ", "verdict": "pass"}', '`reasoning`'],
    ['two objects', '{"reasoning": "a", "verdict": "pass"} {"reasoning": "b", "verdict": "fail"}', 'no JSON'],
    ['a further key', '{"reasoning": "good", "verdict": "pass", "points": 9}', 'points'],
  ])('is refused with %s', (_, reply, fault) => {
    expect(readVerdict(reply, binary)).toEqual({ fault: expect.stringContaining(fault) })
  })

  test('in points is a whole number of the scale', () => {
    const points = { type: 'points', most: 5 } as const
    expect(readVerdict('{"reasoning": "fair", "points": 4}', points)).toMatchObject({ verdict: { verdict: 4 } })
    expect(readVerdict('{"reasoning": "fair", "points": 6}', points)).toHaveProperty('fault')
    expect(readVerdict('{"reasoning": "fair", "points": 4.5}', points)).toHaveProperty('fault')
  })
})
