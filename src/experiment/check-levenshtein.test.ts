import { array, assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { levenshtein, levenshteinRatio } from './check-levenshtein.ts'

/** The table of the textbook, whole. */
function naive(a: readonly string[], b: readonly string[]): number {
  const rows = a.map((_, i) => [i + 1])
  const table = [[0, ...b.map((_, j) => j + 1)], ...rows]
  const cell = (i: number, j: number): number => table[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      table[i]?.push(Math.min(replaced, cell(i - 1, j) + 1, cell(i, j - 1) + 1))
    }
  }
  return cell(a.length, b.length)
}

const fewLetters = array(constantFrom('a', 'b', 'c', 'é', '🙂'), { maxLength: 150 }).map((letters) => letters.join(''))

describe('the distance of two texts', () => {
  test('is that of the textbook', () => {
    expect(levenshtein('kitten', 'sitting')).toBe(3)
    expect(levenshtein('', 'abc')).toBe(3)
    expect(levenshtein('same', 'same')).toBe(0)
  })

  test('agrees with the whole table for texts of several blocks', () => {
    assert(
      property(fewLetters, fewLetters, (a, b) => {
        expect(levenshtein(a, b)).toBe(naive(Array.from(a), Array.from(b)))
      }),
      { numRuns: 150 },
    )
  })

  test('is the same both ways, and within the longer length', () => {
    assert(
      property(string({ unit: 'binary' }), string({ unit: 'binary' }), (a, b) => {
        const distance = levenshtein(a, b)
        expect(levenshtein(b, a)).toBe(distance)
        expect(distance).toBeLessThanOrEqual(Math.max(Array.from(a).length, Array.from(b).length))
        expect(distance).toBeGreaterThanOrEqual(Math.abs(Array.from(a).length - Array.from(b).length))
      }),
    )
  })

  test('counts characters, not code units', () => {
    expect(levenshtein('🙂', '🙃')).toBe(1)
    expect(levenshteinRatio('ab🙂', 'ab🙃')).toBeCloseTo(2 / 3)
  })

  test('refuses a table of more than 400 million cells, but not a long text beside a short one', () => {
    expect(() => levenshtein('a'.repeat(20_001), 'b'.repeat(20_000))).toThrow('too long')
    expect(levenshtein('a'.repeat(100_000), 'b'.repeat(10))).toBe(100_000)
  })
})
