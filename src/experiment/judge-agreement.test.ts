import { describe, expect, test } from 'vitest'
import { agreement, shareAgreeing } from './judge-agreement.ts'

/** Ratings by observer, as published; `undefined` where one did not rate. Turned to ratings by unit. */
function byUnit(...observers: readonly (readonly (number | undefined)[])[]): readonly (readonly number[])[] {
  const units = observers[0]?.length ?? 0
  return Array.from({ length: units }, (_, unit) => observers.flatMap((ratings) => ratings[unit] ?? []))
}

describe("Krippendorff's alpha", () => {
  test('has the value of the published example with four observers and missing ratings', () => {
    const no = undefined
    const ratings = byUnit(
      [1, 2, 3, 3, 2, 1, 4, 1, 2, no, no, no],
      [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, no, 3],
      [no, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, no],
      [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, no],
    )
    expect(agreement(ratings)).toBeCloseTo(0.849, 3)
  })

  test('has the value of the published example with two observers and two values', () => {
    const ratings = byUnit([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    expect(agreement(ratings)).toBeCloseTo(0.095, 3)
  })

  test('is 1 for perfect agreement, and unknown where nothing differs or nothing can be paired', () => {
    expect(
      agreement([
        [1, 1],
        [0, 0, 0],
      ]),
    ).toBe(1)
    expect(
      agreement([
        [1, 1],
        [1, 1],
      ]),
    ).toBeUndefined()
    expect(agreement([[1], [0]])).toBeUndefined()
    expect(agreement([])).toBeUndefined()
  })
})

describe('the share of agreeing verdicts', () => {
  test('is that of the most frequent one', () => {
    expect(shareAgreeing(['pass', 'fail', 'pass'])).toBeCloseTo(2 / 3)
    expect(shareAgreeing([])).toBeUndefined()
  })
})
