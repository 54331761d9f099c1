import { assert, double, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { benjaminiHochberg, holm, holmLevels } from './stats-adjust.ts'
import { clusteredMean, meanInterval, quantile } from './stats-mean.ts'
import { newcombe, unseenShare, wilson } from './stats-proportion.ts'

const numbers = (...values: number[]): Float64Array => Float64Array.from(values)
const ones = (count: number): Float64Array => new Float64Array(count).fill(1)

describe('wilson', () => {
  it.each([
    [8, 10, 0.95, 0.49016247153664183, 0.9433178485456247],
    [0, 10, 0.95, 0, 0.2775327998628892],
    [81, 263, 0.95, 0.2552885198782742, 0.36620957698280004],
    [5, 5, 0.99, 0.4297416789729908, 1],
    [5000, 1_000_000, 0.9, 0.004885314088663995, 0.0051173643921088125],
  ])('of %d in %d at %d', (hits, tries, level, low, high) => {
    const interval = wilson({ hits, tries }, level)
    expect(interval.low).toBeCloseTo(low, 12)
    expect(interval.high).toBeCloseTo(high, 12)
  })

  it('holds the share, stays within 0 and 1, and narrows with tries', () => {
    assert(
      property(integer({ min: 1, max: 500 }), double({ min: 0, max: 1, noNaN: true }), (tries, part) => {
        const hits = Math.round(tries * part)
        const { low, high } = wilson({ hits, tries }, 0.95)
        const more = wilson({ hits: hits * 4, tries: tries * 4 }, 0.95)
        expect(low >= 0 && low <= hits / tries && hits / tries <= high && high <= 1).toBe(true)
        expect(more.high - more.low).toBeLessThan(high - low)
      }),
    )
  })

  it('says nothing where nothing was tried', () => {
    expect(wilson({ hits: 0, tries: 0 }, 0.95)).toMatchObject({ low: 0, high: 1 })
  })

  it('comes with the rule of three for what was never seen', () => {
    expect(unseenShare(100, 0.95)).toBeCloseTo(0.029513, 6)
    expect(unseenShare(1000, 0.95)).toBeCloseTo(3 / 1000, 4)
    expect(unseenShare(0, 0.95)).toBe(1)
  })
})

describe('newcombe', () => {
  // Counts of Newcombe's article, with baseline and variant exchanged: he takes the first less the second.
  it.each([
    [36, 12, 2, 0, 0.05692958400323869, 0.3404276029749407],
    [18, 14, 0, 18, 0.1440826161573572, 0.3963252817333278],
    [20, 12, 0, 18, 0.11164110849701142, 0.3525740538961557],
    [43, 0, 0, 11, -0.05271424633763181, 0.052714246337631804],
    [53, 0, 0, 1, -0.07293814547857687, 0.07293814547857687],
    [0, 1, 0, 29, -0.08344597543254342, 0.16670390991409173],
    [1, 0, 0, 29, -0.12250836475856383, 0.12250836475856383],
    [30, 8, 3, 9, -0.03344315862832831, 0.22979014504533993],
  ])('of %d, %d, %d, %d', (both, variantOnly, baselineOnly, neither, low, high) => {
    const interval = newcombe({ both, variantOnly, baselineOnly, neither }, 0.95)
    expect(interval.low).toBeCloseTo(low, 12)
    expect(interval.high).toBeCloseTo(high, 12)
  })

  it('turns round with the two variants, and holds the difference', () => {
    const count = integer({ min: 0, max: 60 })
    assert(
      property(tuple(count, count, count, count), ([both, baselineOnly, variantOnly, neither]) => {
        const there = newcombe({ both, baselineOnly, variantOnly, neither }, 0.95)
        const back = newcombe({ both, baselineOnly: variantOnly, variantOnly: baselineOnly, neither }, 0.95)
        expect(there.low).toBeCloseTo(-back.high, 12)
        const n = Math.max(1, both + baselineOnly + variantOnly + neither)
        const difference = (variantOnly - baselineOnly) / n
        expect(there.low <= difference + 1e-12 && difference - 1e-12 <= there.high).toBe(true)
      }),
    )
  })
})

describe('means', () => {
  it('have standard errors by cluster, without a factor for small samples', () => {
    const mean = clusteredMean({ sums: numbers(2, 0, 1), sizes: numbers(2, 2, 2) })
    expect(mean).toMatchObject({ mean: 0.5, clusters: 3, values: 6 })
    expect(mean.standardError).toBeCloseTo(0.235702, 6)
  })

  it('have the t interval where each cluster is one value', () => {
    const values = numbers(
      ...[1.2, 0.5, -0.3, 2.2, 0.9, 1.7, -1.1, 0.4, 3.9, 0.8, 0.1, 1.4, -0.6, 0.7, 2.8, 0.2, 1.1, 0.3, -0.2, 5.1, 0.6],
      ...[1.0, 0.0, 0.35, 2.05],
    )
    const interval = meanInterval(clusteredMean({ sums: values, sizes: ones(25) }), 0.95)
    expect(interval.low).toBeCloseTo(0.4320691672525817, 9)
    expect(interval.high).toBeCloseTo(1.5759308327474182, 9)
  })

  it('have no limits from a single cluster', () => {
    const interval = meanInterval(clusteredMean({ sums: numbers(3), sizes: numbers(4) }), 0.95)
    expect([interval.low, interval.high]).toEqual([-Infinity, Infinity])
  })

  it('have quantiles between the two nearest values', () => {
    const sorted = [1.2, 0.5, -0.3, 2.2, 0.9, 1.7, -1.1, 0.4, 3.9, 0.8].toSorted((x, y) => x - y)
    expect([0, 0.05, 0.5, 0.9, 1].map((share) => quantile(sorted, share))).toEqual([
      -1.1,
      expect.closeTo(-0.74, 12),
      expect.closeTo(0.85, 12),
      expect.closeTo(2.37, 12),
      3.9,
    ])
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('adjusting for many comparisons', () => {
  const values = [0.01, 0.04, 0.03, 0.005, 0.2, 0.0004, 0.04]

  it('gives the values of Holm and of Benjamini and Hochberg', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12)))).toEqual([0.03, 0.06, 0.06, 0.02])
    expect(benjaminiHochberg([0.01, 0.04, 0.03, 0.005])).toEqual([0.02, 0.04, 0.04, 0.02])
    expect(holm(values).map((p) => Number(p.toFixed(6)))).toEqual([0.05, 0.12, 0.12, 0.03, 0.2, 0.0028, 0.12])
    expect(benjaminiHochberg(values).map((p) => Number(p.toFixed(6)))).toEqual([
      0.023333, 0.046667, 0.046667, 0.0175, 0.2, 0.0028, 0.046667,
    ])
    expect([holm([]), benjaminiHochberg([])]).toEqual([[], []])
  })

  it('names for each comparison the level at which its own p-value says the same as the adjusted one', () => {
    const p = double({ min: 0, max: 0.2, noNaN: true })
    assert(
      property(tuple(p, p, p, p, p), (drawn) => {
        const adjusted = holm(drawn)
        holmLevels(drawn, 0.05).forEach((level, index) => {
          expect((drawn[index] as number) < level).toBe((adjusted[index] as number) < 0.05)
        })
      }),
    )
  })
})
