/** Adjusted p-values, in the order given, that hold the chance of any false claim (Holm 1979). */
export function holm(values: readonly number[]): number[] {
  const adjusted = values.map(() => 1)
  let largest = 0
  ascending(values).forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[index] as number)))
    adjusted[index] = largest
  })
  return adjusted
}

/** Adjusted p-values, in the order given, that hold the share of false claims (Benjamini and Hochberg 1995). */
export function benjaminiHochberg(values: readonly number[]): number[] {
  const adjusted = values.map(() => 1)
  let smallest = 1
  ascending(values)
    .toReversed()
    .forEach((index, fromLast) => {
      const rank = values.length - fromLast
      smallest = Math.min(smallest, ((values[index] as number) * values.length) / rank)
      adjusted[index] = smallest
    })
  return adjusted
}

/**
 * Level of significance that each p-value was held against by Holm's steps: `alpha / (m - rank)` for those that were
 * rejected, `alpha / accepted` for the rest, so that an interval at `1 - level` says the same as the adjusted p-value
 * (Strassburger and Bretz 2008).
 */
export function holmLevels(values: readonly number[], alpha: number): number[] {
  const adjusted = holm(values)
  const rejected = adjusted.filter((p) => p < alpha).length
  const levels = values.map(() => alpha / Math.max(1, values.length - rejected))
  ascending(values)
    .slice(0, rejected)
    .forEach((index, rank) => {
      levels[index] = alpha / (values.length - rank)
    })
  return levels
}

function ascending(values: readonly number[]): number[] {
  return [...values.keys()].sort((x, y) => (values[x] as number) - (values[y] as number))
}
