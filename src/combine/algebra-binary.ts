import type { Base } from './algebra-base.ts'

/**
 * The smallest array for two values (Katona 1973; Kleitman and Spencer 1973): one row of zeros, and below it columns with
 * ones at all sets of ⌈N / 2⌉ of the other N - 1 rows, no two of which hold each other or are disjoint.
 */
export function binaryArray(columns: number): Base {
  let size = 4
  while (choose(size - 1, Math.ceil(size / 2)) < columns) size++
  const ones = Math.ceil(size / 2)
  const rows = Array.from({ length: size }, () => new Int32Array(columns))
  const places = Array.from({ length: ones }, (_, at) => at + 1)
  for (let column = 0; column < columns; column++) {
    for (const place of places) (rows[place] as Int32Array)[column] = 1
    advance(places, size - 1)
  }
  return { rows, levels: 2, columns, constant: 0 }
}

/** Binomial coefficient, not exact beyond 2^53. */
function choose(n: number, k: number): number {
  let result = 1
  for (let at = 1; at <= k; at++) result = (result * (n - k + at)) / at
  return Math.round(result)
}

/** The next subset of the numbers 1 to `most`, in lexical order. */
function advance(places: number[], most: number): void {
  let at = places.length - 1
  while (at >= 0 && places[at] === most - places.length + 1 + at) at--
  if (at < 0) return
  let place = (places[at] as number) + 1
  for (; at < places.length; at++, place++) places[at] = place
}
