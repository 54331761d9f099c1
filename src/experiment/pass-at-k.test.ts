import { assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passAtK, passHatK } from './pass-at-k.ts'

/** All ways to take `k` of the numbers below `n`. */
function subsets(n: number, k: number, from = 0): readonly (readonly number[])[] {
  if (k === 0) return [[]]
  const rest = Array.from({ length: n - from }, (_, index) => from + index)
  return rest.flatMap((first) => subsets(n, k - 1, first + 1).map((more) => [first, ...more]))
}

describe('pass@k and pass^k', () => {
  test('have the values that were published', () => {
    expect(passAtK(5, 3, 2)).toBeCloseTo(0.9, 12)
    expect(passHatK(5, 3, 2)).toBeCloseTo(0.3, 12)
    expect(passAtK(10, 3, 5)).toBeCloseTo(0.916667, 6)
    expect(passHatK(10, 3, 5)).toBe(0)
  })

  test('are the share of all choices of k trials in which one passes, or all do', () => {
    const small = integer({ min: 1, max: 8 })
    assert(
      property(small, small, small, (n, c, k) => {
        const passed = Math.min(c, n)
        const choices = k > n ? [] : subsets(n, k)
        const share = (holds: (choice: readonly number[]) => boolean) => choices.filter(holds).length / choices.length
        const expected = choices.length === 0 ? undefined : share((choice) => choice.some((trial) => trial < passed))
        const all = choices.length === 0 ? undefined : share((choice) => choice.every((trial) => trial < passed))
        if (expected === undefined || all === undefined)
          expect([passAtK(n, passed, k), passHatK(n, passed, k)]).toEqual([undefined, undefined])
        else
          expect([passAtK(n, passed, k), passHatK(n, passed, k)]).toEqual([
            expect.closeTo(expected, 10),
            expect.closeTo(all, 10),
          ])
      }),
    )
  })

  test('do not overflow with many trials, and are not known for more trials than there were', () => {
    expect(passAtK(100_000, 1, 50_000)).toBeCloseTo(0.5, 9)
    expect(passHatK(3, 3, 4)).toBeUndefined()
    expect(passAtK(0, 0, 1)).toBeUndefined()
  })
})
