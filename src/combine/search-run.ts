import type { Part } from './engine-part.ts'
import type { Meter } from './engine-meter.ts'
import type { Stream } from './engine-stream.ts'
import { mostSearchRows, type SearchArray } from './search-array.ts'
import { TabuSearch } from './search-tabu.ts'

/** What an improvement starts from. */
export interface Start {
  /** Valid rows that cover everything: symbols by parameter. */
  readonly rows: readonly Int32Array[]
  /** Rows at the beginning that stay; 1 by row × parameters + parameter for cells of theirs that stay as they are. */
  readonly kept: number
  readonly locked: Uint8Array
  readonly isWeighted: boolean
}

/** What improvements share. */
export interface Run {
  readonly part: Part
  /** An empty array with room for so many rows, for what has to be covered. */
  readonly createArray: (capacity: number) => SearchArray
  readonly stream: Stream
  readonly meter: Meter
  /** No array is smaller. */
  readonly bound: number
}

/** Steps between two pauses. */
const stepsPerPause = 4096
/** An array with more open tuples than this is far from covering anything. */
const mostOpened = 50_000

/**
 * Takes rows out one at a time and searches until the rest covers everything again. Pauses now and then, so that whoever
 * runs it can let others have the thread. Gives the smallest array that was found.
 */
export function* improve(start: Start, run: Run): Generator<undefined, readonly Int32Array[]> {
  const { part, meter, bound, stream } = run
  const { rows, kept, locked, isWeighted } = start
  if (rows.length <= Math.max(bound, kept) || rows.length > mostSearchRows) {
    if (rows.length <= Math.max(bound, kept)) meter.reachedBound()
    return rows
  }
  const array = run.createArray(rows.length)
  array.load(rows)
  const search = new TabuSearch(array, { part, stream, locked, isWeighted })
  let best = rows
  while (true) {
    if (array.opened === 0) {
      best = rowsOf(array)
      meter.gained()
      if (best.length <= Math.max(bound, kept)) {
        meter.reachedBound()
        return best
      }
      const row = leastNeeded(array, kept)
      if (uniqueOf(array, row) > mostOpened) return best
      array.remove(row)
      search.begin()
      continue
    }
    if (array.opened > mostOpened) return best
    if (!meter.spend(search.step())) return best
    if (search.steps % stepsPerPause === 0) yield
  }
}

/** The row that covers least alone. */
function leastNeeded(array: SearchArray, kept: number): number {
  let best = kept
  let least = Number.POSITIVE_INFINITY
  for (let row = kept; row < array.rows; row++) {
    const unique = uniqueOf(array, row)
    if (unique >= least) continue
    least = unique
    best = row
  }
  return best
}

/** Weight of the tuples that only this row holds, as often as cells are part of them. */
function uniqueOf({ unique, parameters }: SearchArray, row: number): number {
  let sum = 0
  for (let cell = row * parameters; cell < (row + 1) * parameters; cell++) sum += unique[cell] as number
  return sum
}

function rowsOf({ cells, parameters, rows }: SearchArray): Int32Array[] {
  return Array.from({ length: rows }, (_, row) => cells.slice(row * parameters, (row + 1) * parameters))
}
