import type { OpenTuples } from './greedy-open.ts'

/** A row with the number of tuples that it covers first. */
export interface Ranked {
  readonly row: Int32Array
  readonly gain: number
}

/**
 * Orders the rows (symbols by parameter) behind the first `kept` so that each covers as much as possible of what those
 * before it left open.
 */
export function rankRows(rows: readonly Int32Array[], kept: number, open: OpenTuples): Ranked[] {
  const ranked: Ranked[] = []
  const take = (row: Int32Array): void => {
    ranked.push({ row, gain: open.countIn(row) })
    open.cover(row)
  }
  for (const row of rows.slice(0, kept)) open.cover(row)
  const waiting = rows.slice(kept).map((row) => ({ row, bound: open.countIn(row) }))
  while (waiting.length > 0) {
    const top = topRow(waiting, open)
    for (const { row } of waiting.splice(top, 1)) take(row)
  }
  return ranked
}

interface Waiting {
  readonly row: Int32Array
  /** The gain when it was counted last; gains only shrink. */
  bound: number
}

/** Counts the gain of the most promising row until it still is what it was before; then no other is larger. */
function topRow(waiting: readonly Waiting[], open: OpenTuples): number {
  while (true) {
    const top = mostPromising(waiting)
    const first = waiting[top]
    const gain = first === undefined ? 0 : open.countIn(first.row)
    if (first === undefined || first.bound === gain) return top
    first.bound = gain
  }
}

function mostPromising(waiting: readonly { readonly bound: number }[]): number {
  let top = 0
  for (let at = 1; at < waiting.length; at++) if ((waiting[at]?.bound ?? 0) > (waiting[top]?.bound ?? 0)) top = at
  return top
}

/** Merges ranked lists by falling gain; the order within each list stays. */
export function mergeRanked(lists: readonly (readonly Ranked[])[]): Int32Array[] {
  const places = lists.map(() => 0)
  const merged: Int32Array[] = []
  const total = lists.reduce((sum, list) => sum + list.length, 0)
  while (merged.length < total) {
    let best = -1
    for (const [at, list] of lists.entries()) {
      const gain = list[places[at] ?? 0]?.gain ?? -1
      if (gain > (best === -1 ? -1 : (lists[best]?.[places[best] ?? 0]?.gain ?? -1))) best = at
    }
    const next = lists[best]?.[places[best] ?? 0]
    if (next === undefined) return merged
    merged.push(next.row)
    places[best] = (places[best] ?? 0) + 1
  }
  return merged
}
