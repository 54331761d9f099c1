import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, foldName, nearest } from './nearest.ts'

describe('editDistance', () => {
  it('counts a swap of neighbours as one step', () => {
    expect(editDistance('titel', 'title')).toBe(1)
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('', 'abc')).toBe(3)
  })

  it('is 0 for equal texts only, the same both ways, and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b)
        expect(distance === 0).toBe(a === b)
        expect(editDistance(b, a)).toBe(distance)
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })
})

describe('nearest', () => {
  it('finds the key that was meant', () => {
    expect(nearest('expcted', ['inputs', 'expected', 'steps'])).toBe('expected')
    expect(nearest('Pre-Conditions', ['preconditions', 'postconditions'])).toBe('preconditions')
    expect(nearest('test_cases', ['testCases'])).toBe('testCases')
  })

  it('does not guess where nothing is near', () => {
    expect(nearest('banana', ['inputs', 'expected'])).toBeUndefined()
    expect(nearest('a', ['b'])).toBeUndefined()
    expect(nearest('x'.repeat(10_000), ['xxxx'])).toBeUndefined()
  })

  it('finds every name itself', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{2,12}$/u), { minLength: 1 }), (names) => {
        for (const name of names) expect(nearest(name, names)).toBe(name)
      }),
    )
  })

  it('folds case, hyphens, underscores and spaces', () => {
    expect(foldName('Test-Case_s x')).toBe('testcasesx')
  })
})
