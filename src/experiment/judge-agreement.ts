/** Share of the verdicts that are the most frequent one; `undefined` without any. */
export function shareAgreeing(verdicts: readonly (string | number)[]): number | undefined {
  if (verdicts.length === 0) return undefined
  const counts = Map.groupBy(verdicts, (verdict) => verdict)
  return Math.max(...[...counts.values()].map(({ length }) => length)) / verdicts.length
}

/**
 * Krippendorff's alpha for interval data: 1 is perfect agreement, 0 what chance gives, below is worse than chance. Each
 * member holds the ratings of one unit (a trial), however many there are; units with fewer than two are left out.
 * `undefined` where nothing can be paired or all ratings are the same. For ratings of 0 and 1 it is the nominal alpha as
 * well. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).
 */
export function agreement(ratings: readonly (readonly number[])[]): number | undefined {
  const units = ratings.filter(({ length }) => length >= 2)
  const all = units.flat()
  const expected = squaresBetween(all) / (all.length - 1)
  if (all.length === 0 || expected === 0) return undefined
  const observed = units.reduce((sum, unit) => sum + squaresBetween(unit) / (unit.length - 1), 0)
  return 1 - observed / expected
}

/** Sum of squared differences over all ordered pairs, from sums alone: 2·(n·Σ(x−m)²). */
function squaresBetween(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return 2 * values.length * values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}
