const rootOfTwoPi = Math.sqrt(2 * Math.PI)

/** Density of the standard normal distribution. */
function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / rootOfTwoPi
}

/**
 * Share of the standard normal distribution below `x`. Near the middle by its power series (Marsaglia 2004), in the tails
 * by the continued fraction of Mills' ratio, so that small values keep their digits.
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN
  if (x > 2.5) return 1 - upperTail(x)
  if (x < -2.5) return upperTail(-x)
  let term = x
  let sum = x
  for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
    term *= (x * x) / k
    sum += term
  }
  return 0.5 + sum * normalDensity(x)
}

/** Share above `x`, from 2.5 on, from the innermost fraction outwards. */
function upperTail(x: number): number {
  if (x > 39) return 0
  let fraction = x
  for (let k = 160; k > 0; k--) fraction = x + k / fraction
  return normalDensity(x) / fraction
}

/**
 * The point below which the share `p` of the standard normal distribution lies: the rational start of Abramowitz and
 * Stegun 26.2.23, made exact by Halley's method on `normalCdf`. Infinite at 0 and 1.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0)) return p === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (p >= 1) return p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  if (p > 0.5) return -normalQuantile(1 - p)
  const t = Math.sqrt(-2 * Math.log(p))
  const above = 2.515517 + t * (0.802853 + t * 0.010328)
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  let x = above / below - t
  for (let step = 0; step < 4; step++) {
    const error = (normalCdf(x) - p) / normalDensity(x)
    x -= error / (1 + (x * error) / 2)
  }
  return x
}
