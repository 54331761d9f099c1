import type { Clustered } from './stats-mean.ts'

/** Clusters that are drawn one by one, at most. */
export const mostGroups = 2000

/**
 * Clusters thrown together at random into no more groups than can be drawn quickly. Groups of independent clusters are as
 * independent, and a sum of symmetric differences is symmetric, so that what is drawn from groups holds for the clusters.
 */
export function inGroups(clustered: Clustered, random: () => number): Clustered {
  const clusters = clustered.sums.length
  if (clusters <= mostGroups) return clustered
  const order = Uint32Array.from(clustered.sums.keys())
  for (let left = clusters - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1))
    const held = order[left] as number
    order[left] = order[other] as number
    order[other] = held
  }
  const sums = new Float64Array(mostGroups)
  const sizes = new Float64Array(mostGroups)
  order.forEach((cluster, place) => {
    const group = place % mostGroups
    sums[group] = (sums[group] as number) + (clustered.sums[cluster] as number)
    sizes[group] = (sizes[group] as number) + (clustered.sizes[cluster] as number)
  })
  return { sums, sizes }
}
