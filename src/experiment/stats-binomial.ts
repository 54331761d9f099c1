/** How many of `n` independent tries come true, each with probability `p`. */
interface Binomial {
  readonly n: number
  readonly p: number
}

/**
 * Probability of exactly `k` hits. Deviances instead of factorials keep the digits for a million tries (Loader 2000, "Fast
 * and accurate computation of binomial probabilities").
 */
export function binomialProbability(k: number, { n, p }: Binomial): number {
  if (k < 0 || k > n) return 0
  if (p <= 0) return k === 0 ? 1 : 0
  if (p >= 1) return k === n ? 1 : 0
  if (k === 0) return Math.exp(n * Math.log1p(-p))
  if (k === n) return Math.exp(n * Math.log(p))
  const corrections = stirlingError(n) - stirlingError(k) - stirlingError(n - k)
  const deviances = deviance(k, n * p) + deviance(n - k, n * (1 - p))
  return Math.exp(corrections - deviances) * Math.sqrt(n / (2 * Math.PI * k * (n - k)))
}

/** Probability of `k` hits or fewer, summed from the largest term of the smaller tail outwards. */
export function binomialAtMost(k: number, { n, p }: Binomial): number {
  if (k < 0) return 0
  if (k >= n) return 1
  if (k > n * p) return 1 - binomialAtMost(n - k - 1, { n, p: 1 - p })
  let term = binomialProbability(k, { n, p })
  let sum = term
  for (let hits = k; hits > 0 && term > sum * 1e-18; hits--) {
    term *= (hits * (1 - p)) / ((n - hits + 1) * p)
    sum += term
  }
  return Math.min(1, sum)
}

/**
 * McNemar's test on the cases that only one of two passed, exact and as mid-p (McNemar 1947; Fagerland, Lydersen and Laake
 * 2013). Both are 1 where there is no such case.
 */
export function mcNemar(baselineOnly: number, variantOnly: number): { readonly exact: number; readonly midP: number } {
  const n = baselineOnly + variantOnly
  const fewer = Math.min(baselineOnly, variantOnly)
  if (n === 0) return { exact: 1, midP: 1 }
  const tail = binomialAtMost(fewer, { n, p: 0.5 })
  const middle = binomialProbability(fewer, { n, p: 0.5 })
  const isEven = baselineOnly === variantOnly
  return { exact: Math.min(1, 2 * tail), midP: isEven ? 1 - middle / 2 : 2 * tail - middle }
}

/** ln n! less Stirling's formula. */
function stirlingError(n: number): number {
  if (n < 16) {
    let factorial = 1
    for (let factor = 2; factor <= n; factor++) factorial *= factor
    return Math.log(factorial) - 0.5 * Math.log(2 * Math.PI * n) - n * Math.log(n) + n
  }
  const inverse = 1 / (n * n)
  return (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / n
}

/** x ln(x / m) + m - x; as a series where both are near and the difference would cancel. */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x
  const v = (x - m) / (x + m)
  let sum = (x - m) * v
  let power = 2 * x * v
  for (let k = 3; k < 200; k += 2) {
    power *= v * v
    const next = sum + power / k
    if (next === sum) break
    sum = next
  }
  return sum
}
