import { assert, double, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binomialAtMost, binomialProbability, mcNemar } from './stats-binomial.ts'
import { normalCdf, normalQuantile } from './stats-normal.ts'
import { logGamma, studentCdf, studentQuantile } from './stats-student.ts'

/** Expects a value to a relative error. */
function close(value: number, wanted: number, error = 1e-12): void {
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(error * Math.abs(wanted))
}

// The values of these tables were made with SciPy 1.17 and statsmodels 0.15.

describe('normal distribution', () => {
  it.each([
    [-37, 5.7255712225239266e-300],
    [-8, 6.22096057427174e-16],
    [-3, 0.0013498980316300933],
    [-2.5, 0.006209665325776132],
    [-1.2345, 0.10850832336267019],
    [0.1, 0.539827837277029],
    [1, 0.8413447460685429],
    [2.4, 0.9918024640754038],
    [3.7, 0.9998922002665226],
    [6, 0.9999999990134123],
  ])('has the right share below %d', (x, share) => close(normalCdf(x), share))

  it.each([
    [1e-300, -37.0470962993612],
    [1e-12, -7.034483825301131],
    [1e-5, -4.264890793922825],
    [0.025, -1.9599639845400545],
    [0.3, -0.5244005127080409],
    [0.8, 0.8416212335729143],
    [0.975, 1.959963984540054],
    [0.999999, 4.753424308817087],
  ])('has the right quantile at %d', (p, x) => close(normalQuantile(p), x))

  it('has quantiles without limits at the ends, and none outside', () => {
    expect([0, 1, -1, 2].map(normalQuantile)).toEqual([-Infinity, Infinity, Number.NaN, Number.NaN])
    expect(normalQuantile(0.5)).toBeCloseTo(0, 14)
  })
})

describe("Student's t distribution", () => {
  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.995, 5, 4.032142983555228],
    [0.9, 30, 1.3104150253913955],
    [0.0005, 9, -4.780912585931139],
    [0.975, 999, 1.9623414611334493],
    [0.975, 100_000, 1.9599877075346095],
    [0.999999, 3, 103.29946777942898],
  ])('has the right quantile at %d with %d degrees of freedom', (p, df, t) => close(studentQuantile(p, df), t, 1e-9))

  it.each([
    [-3, 4, 0.019970984035859413],
    [0.5, 1, 0.6475836176504333],
    [2, 50, 0.9745264656311534],
    [-40, 3, 1.7190340394579253e-5],
  ])('has the right share below %d with %d degrees of freedom', (t, df, share) =>
    close(studentCdf(t, df), share, 1e-11),
  )

  it.each([
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247],
    [3.3, 0.9870985778947343],
    [15, 25.191221182738683],
    [1000.5, 5908.674175848678],
    [1e6, 12815504.569147611],
  ])('knows ln Γ(%d)', (x, value) => close(logGamma(x), value, 1e-13))

  it('has quantiles without limits at the ends, and 0 in the middle', () => {
    expect([0, 0.5, 1, 2].map((p) => studentQuantile(p, 3))).toEqual([-Infinity, 0, Infinity, Number.NaN])
  })
})

describe('binomial distribution', () => {
  it.each([
    [3, 10, 0.3, 0.2668279319999998],
    [500_000, 1_000_000, 0.5, 0.0007978843613317499],
    [1200, 1_000_000, 0.001, 7.838915366514375e-11],
    [17, 40, 0.9, 1.4798060038912318e-13],
  ])('gives %d of %d at %d its probability', (k, n, p, value) => close(binomialProbability(k, { n, p }), value, 1e-10))

  it.each([
    [3, 10, 0.3, 0.6496107184000002],
    [499_000, 1_000_000, 0.5, 0.0228041499326948],
    [497_500, 1_000_000, 0.5, 2.8812708188715174e-7],
    [500_500, 1_000_000, 0.5, 0.8415865958480527],
    [1100, 1_000_000, 0.001, 0.9991371002480112],
    [35, 40, 0.9, 0.37098230346579897],
    [10, 1000, 0.5, 2.4833387914896352e-278],
  ])('gives at most %d of %d at %d its probability', (k, n, p, value) =>
    close(binomialAtMost(k, { n, p }), value, 1e-9),
  )

  it('adds up to one, whatever the tries and the chance', () => {
    assert(
      property(integer({ min: 1, max: 200 }), double({ min: 0, max: 1, noNaN: true }), (n, p) => {
        let sum = 0
        for (let k = 0; k <= n; k++) sum += binomialProbability(k, { n, p })
        expect(sum).toBeCloseTo(1, 9)
      }),
    )
  })

  it('never falls, and ends at one', () => {
    const values = Array.from({ length: 43 }, (_, index) => binomialAtMost(index - 1, { n: 40, p: 0.37 }))
    expect(values).toEqual(values.toSorted((x, y) => x - y))
    expect([values[0], values.at(-1)]).toEqual([0, 1])
  })
})

describe('mcNemar', () => {
  it.each([
    [1, 8, 0.0390625, 0.021484375],
    [0, 5, 0.0625, 0.03125],
    [2, 10, 0.03857421875, 0.0224609375],
    [40, 60, 0.05688793364098089, 0.04604406692934291],
    [4000, 4300, 0.001029736761268162, 0.000991051085207288],
    [7, 7, 1, 0.8952636718750001],
    [0, 0, 1, 1],
  ])('tests %d against %d', (b, c, exact, midP) => {
    close(mcNemar(b, c).exact, exact, 1e-9)
    close(mcNemar(c, b).exact, exact, 1e-9)
    close(mcNemar(b, c).midP, midP, 1e-9)
  })
})
