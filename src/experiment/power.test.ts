import { describe, expect, it } from 'vitest'
import { detectableDifference, detectablePassDifference, mcNemarPower, requiredCases } from './power.ts'

describe('planning', () => {
  it('names the cases that a difference needs', () => {
    expect(requiredCases({ alpha: 0.05, power: 0.8, variance: 0.1 }, 0.03)).toBe(873)
    expect(requiredCases({ alpha: 0.05, power: 0.8, variance: 0.1 }, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  it('names the difference that so many cases show, as the turned-round formula', () => {
    expect(detectableDifference({ alpha: 0.05, power: 0.8, variance: 0.1 }, 873)).toBeCloseTo(0.03, 4)
  })

  it.each([
    [100, 0.3, 0.15, 0.05, 0.7465970434823268],
    [40, 0.2, 0.1, 0.05, 0.17242718864372447],
    [500, 0.1, 0.05, 0.01, 0.8253877098503805],
  ])(
    'knows the power of the exact test for %d cases, %d discordant, %d apart',
    (cases, discordance, difference, alpha, power) => {
      expect(mcNemarPower({ cases, discordance, difference }, alpha)).toBeCloseTo(power, 9)
    },
  )

  it('finds the smallest difference of pass rates with the power asked for', () => {
    const found = detectablePassDifference({ cases: 100, discordance: 0.3 }, { alpha: 0.05, power: 0.8 }) ?? 0
    expect(mcNemarPower({ cases: 100, discordance: 0.3, difference: found }, 0.05)).toBeCloseTo(0.8, 4)
    expect(detectablePassDifference({ cases: 10, discordance: 0.3 }, { alpha: 0.05, power: 0.8 })).toBeUndefined()
  })
})
