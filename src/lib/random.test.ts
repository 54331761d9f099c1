import { describe, expect, it } from 'vitest'
import { createRandom, random } from './random.ts'

const take = (count: number, seed: number): number[] => {
  const next = createRandom(seed)
  return Array.from({ length: count }, next)
}

describe('a seeded source of numbers', () => {
  it('gives the same for the same seed and something else for every other', () => {
    expect(take(5, 7)).toEqual(take(5, 7))
    const firsts = new Set([0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map((seed) => take(1, seed)[0]))
    expect(firsts.size).toBe(6)
  })

  it('spreads evenly from 0 up to, not including, 1', () => {
    const counts = Array.from({ length: 10 }, () => 0)
    const numbers = take(100_000, 3)
    for (const number of numbers) counts[Math.floor(number * 10)] = (counts[Math.floor(number * 10)] ?? 0) + 1
    // Six standard deviations of a fair tenth.
    expect(counts.every((count) => Math.abs(count - 10_000) < 570)).toBe(true)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  })
})

describe('a number of chance', () => {
  it('is from 0 up to, not including, 1', () => {
    const numbers = Array.from({ length: 1000 }, random)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers).size).toBeGreaterThan(900)
  })
})
