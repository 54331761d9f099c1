import { describe, expect, it } from 'vitest'
import { createRandom } from '../lib/random.ts'
import { bootstrapMean, bootstrapQuantile } from './stats-bootstrap.ts'
import { clusteredMean, meanInterval } from './stats-mean.ts'
import { signFlip } from './stats-sign-flip.ts'

const values = Float64Array.from([
  ...[1.2, 0.5, -0.3, 2.2, 0.9, 1.7, -1.1, 0.4, 3.9, 0.8, 0.1, 1.4, -0.6, 0.7, 2.8, 0.2, 1.1, 0.3, -0.2, 5.1, 0.6],
  ...[1.0, 0.0, 0.35, 2.05],
])
const ones = (count: number): Float64Array => new Float64Array(count).fill(1)
const drawing = (seed = 1, draws = 10_000) => ({ draws, random: createRandom(seed) })

describe('bootstrap of a mean', () => {
  it('agrees with an independent BCa of 200,000 draws within the error of drawing', () => {
    const bootstrap = bootstrapMean({ sums: values, sizes: ones(25) }, drawing(3, 100_000))
    expect(bootstrap.estimate).toBeCloseTo(1.004, 12)
    const [wide, wider] = [bootstrap.interval(0.95), bootstrap.interval(0.99)]
    expect(wide.method).toBe('bca')
    expect(Math.abs(wide.low - 0.56)).toBeLessThan(0.01)
    expect(Math.abs(wide.high - 1.662)).toBeLessThan(0.02)
    expect(Math.abs(wider.low - 0.448)).toBeLessThan(0.015)
    expect(Math.abs(wider.high - 1.91)).toBeLessThan(0.035)
  })

  it('is the same for the same seed', () => {
    const make = (seed: number) => bootstrapMean({ sums: values, sizes: ones(25) }, drawing(seed)).interval(0.95)
    expect(make(5)).toEqual(make(5))
    expect(make(5)).not.toEqual(make(6))
  })

  it('draws clusters whole, so that copies of a value add no certainty', () => {
    const single = bootstrapMean({ sums: values, sizes: ones(25) }, drawing()).interval(0.95)
    const fourfold = bootstrapMean({ sums: values.map((x) => x * 4), sizes: ones(25).fill(4) }, drawing()).interval(
      0.95,
    )
    expect(fourfold.low).toBeCloseTo(single.low, 9)
    expect(fourfold.high).toBeCloseTo(single.high, 9)
  })

  it('falls back to percentiles where all values are the same, and says so', () => {
    const interval = bootstrapMean({ sums: ones(8), sizes: ones(8) }, drawing()).interval(0.95)
    expect(interval).toEqual({ low: 1, high: 1, level: 0.95, method: 'percentile' })
  })

  it('holds the mean of a skewed distribution about as often as it says', () => {
    const random = createRandom(11)
    const rounds = 400
    let held = 0
    for (let round = 0; round < rounds; round++) {
      const sample = Float64Array.from({ length: 60 }, () => -Math.log(1 - random()))
      const { low, high } = bootstrapMean({ sums: sample, sizes: ones(60) }, { draws: 1000, random }).interval(0.95)
      if (low <= 1 && 1 <= high) held++
    }
    // BCa of 60 exponential values holds the mean in about 94 %; three standard errors of 400 rounds are 3.6 %.
    expect(held / rounds).toBeGreaterThan(0.905)
    expect(held / rounds).toBeLessThan(0.98)
  })

  it('draws very many clusters in groups, which gives the same interval', () => {
    const random = createRandom(21)
    const many = Float64Array.from({ length: 9000 }, () => -Math.log(1 - random()))
    const mean = clusteredMean({ sums: many, sizes: ones(9000) })
    const { low, high } = bootstrapMean({ sums: many, sizes: ones(9000) }, { draws: 4000, random }).interval(0.95)
    const wanted = meanInterval(mean, 0.95)
    expect((high - low) / (wanted.high - wanted.low)).toBeCloseTo(1, 1)
    expect(Math.abs((high + low) / 2 - mean.mean)).toBeLessThan(mean.standardError / 3)
  })
})

describe('bootstrap of a quantile', () => {
  it('agrees with an independent percentile interval of the median', () => {
    const clusters = Int32Array.from(values.keys())
    const median = bootstrapQuantile({ series: [{ values, clusters, factor: 1 }], share: 0.5 }, drawing(2))
    expect(median.estimate).toBe(0.7)
    const { low, high, method } = median.interval(0.95)
    expect([low, high, method]).toEqual([expect.closeTo(0.3, 9), expect.closeTo(1.2, 1), 'percentile'])
  })

  it('widens where values come in clusters', () => {
    const alone = bootstrapQuantile(
      { series: [{ values, clusters: Int32Array.from(values.keys()), factor: 1 }], share: 0.5 },
      drawing(2),
    )
    const sorted = values.toSorted()
    const together = Int32Array.from(values.keys(), (index) => Math.floor(index / 5))
    const clustered = bootstrapQuantile(
      { series: [{ values: sorted, clusters: together, factor: 1 }], share: 0.5 },
      drawing(2),
    )
    const width = ({ low, high }: { low: number; high: number }) => high - low
    expect(width(clustered.interval(0.95))).toBeGreaterThan(width(alone.interval(0.95)))
  })
})

describe('signFlip', () => {
  it('tries all signs of few differences', () => {
    expect(signFlip(values.slice(0, 10), drawing())).toEqual({ p: 0.037109375, method: 'sign flip, exact' })
    expect(signFlip(Float64Array.of(1, 1, 1, 1, 1, 0, 0), drawing()).p).toBe(2 / 32)
    expect(signFlip(new Float64Array(9), drawing()).p).toBe(1)
  })

  it('is exact for many differences that are multiples of a fraction', () => {
    const thirds = Float64Array.from({ length: 17 }, (_, index) => (index < 12 ? 2 / 3 : -1 / 3))
    const { p, method } = signFlip(thirds, drawing())
    expect(method).toBe('sign flip, exact')
    let hits = 0
    for (let way = 0; way < 2 ** 17; way++) {
      const sum = thirds.reduce((all, value, index) => all + ((way >> index) & 1 ? 1 : -1) * Math.round(value * 3), 0)
      if (Math.abs(sum) >= 19) hits++
    }
    expect(p).toBeCloseTo(hits / 2 ** 17, 12)
    // Signs of equal sizes alone make it McNemar's test: 5 against 15.
    const equal = Float64Array.from({ length: 20 }, (_, index) => (index < 15 ? 0.5 : -0.5))
    expect(signFlip(equal, drawing()).p).toBeCloseTo(0.04138946533203125, 12)
  })

  it('draws signs otherwise, never saying 0', () => {
    const shifted = values.map((value) => value - 0.7001)
    const { p, method } = signFlip(shifted, drawing(4, 40_000))
    expect(method).toBe('sign flip, sampled')
    expect(Math.abs(p - 0.29876)).toBeLessThan(0.012)
    const far = signFlip(
      values.map((value) => value + 100 * Math.SQRT2),
      drawing(4, 999),
    )
    expect(far.p).toBe(1 / 1000)
  })
})
