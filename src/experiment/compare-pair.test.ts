import { describe, expect, it } from 'vitest'
import { createRandom } from '../lib/random.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import { analysePair, drawnInterval, type PairedCases } from './compare-pair.ts'
import { bootstrapMean } from './stats-bootstrap.ts'
import { clusteredMean } from './stats-mean.ts'

const shared = { name: 'm', key: 'm', unit: '', primary: true }
const score: ComparedMetric = { ...shared, kind: 'score', better: 'higher' }
const latency: ComparedMetric = { ...shared, kind: 'latency', better: 'lower' }
const drawing = () => ({ draws: 1000, random: createRandom(1) })

function casesOf(baseline: readonly number[], variant: readonly number[]): PairedCases {
  return {
    baseline: Float64Array.from(baseline),
    variant: Float64Array.from(variant),
    clusters: Int32Array.from(baseline.keys()),
    isSingle: true,
  }
}

describe('analysePair', () => {
  it('gives scores of few cases a t interval, and of more the bootstrap', () => {
    const few = analysePair(casesOf([0.1, 0.5, 0.3], [0.4, 0.6, 0.9]), score, drawing())
    expect(few?.interval(0.95).method).toBe('clustered t')
    const many = Array.from({ length: 25 }, (_, index) => (index % 5) / 10)
    const more = analysePair(
      casesOf(
        many,
        many.map((value, index) => value + (index % 3) / 10),
      ),
      score,
      drawing(),
    )
    expect(more?.interval(0.95)).toMatchObject({ method: 'bca', level: 0.95 })
  })

  it('allows for cases that were never seen where all differ alike', () => {
    const same = analysePair(casesOf([0.2, 0.4, 0.4], [0.2, 0.4, 0.4]), score, drawing())
    expect(same).toMatchObject({ isIdentical: true, p: 1 })
    const { low, high, method } = same?.interval(0.95) ?? { low: 0, high: 0, method: '' }
    // 1 - 0.025^(1/3)
    expect([low, high, method]).toEqual([expect.closeTo(-0.7076, 4), expect.closeTo(0.7076, 4), 'rule of three'])
  })

  it('compares amounts by ratio only where all are above 0', () => {
    const twice = analysePair(casesOf([10, 20, 40], [20, 40, 80]), latency, drawing())
    expect(twice?.ratio).toBeCloseTo(2, 12)
    expect(twice?.difference).toBeCloseTo(70 / 3, 12)
    const free = analysePair(casesOf([0, 20, 40], [20, 40, 80]), latency, drawing())
    expect([free?.ratio, free?.ratioInterval]).toEqual([undefined, undefined])
  })

  it('has nothing to say without cases', () => {
    expect(analysePair(casesOf([], []), score, drawing())).toBeUndefined()
  })
})

describe('drawnInterval', () => {
  it('is wider than the plain bootstrap for few cases, by what t is wider than the normal distribution', () => {
    const random = createRandom(7)
    const sums = Float64Array.from({ length: 20 }, () => random() - 0.3)
    const clustered = { sums, sizes: new Float64Array(20).fill(1) }
    const plain = bootstrapMean(clustered, drawing()).interval(0.95)
    const wide = drawnInterval(clustered, clusteredMean(clustered), drawing())(0.95)
    const ratio = (wide.high - wide.low) / (plain.high - plain.low)
    // t = 2.093 in place of 1.96, times √(20 / 19).
    expect(ratio).toBeGreaterThan(1.04)
    expect(ratio).toBeLessThan(1.2)
  })
})
