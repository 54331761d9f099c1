import type { Stream } from './engine-stream.ts'

/** The tuples that no row holds yet, as a row in the making sees them. */
export interface OpenTuples {
  /** Whether scores are right at any time, without rating. */
  readonly isLive: boolean
  /** Number of open tuples. */
  readonly left: number
  /** By symbol: open tuples that it would cover in the row as it stands; right for a parameter once it was rated. */
  readonly score: Int32Array
  /** Empties the row. */
  begin(): void
  /** Symbols of an open tuple to begin a row with; one must be open. */
  seed(stream: Stream): Int32Array
  /** Brings the scores of a parameter's symbols up to date. */
  rate(parameter: number): void
  /** Puts a symbol into the row. */
  put(symbol: number): void
  /** Notes that a whole row (symbols by parameter) is taken. */
  cover(row: Int32Array): void
  /** Number of open tuples that a whole row holds. */
  countIn(row: Int32Array): number
}

/** Of the places whose rating is highest, a random one; -1 where none is above zero. */
export function pickMost(ratings: ArrayLike<number>, stream: Stream): number {
  let best = -1
  let most = 0
  let ties = 0
  for (let at = 0; at < ratings.length; at++) {
    const rating = ratings[at] as number
    if (rating < most || rating <= 0) continue
    if (rating > most) ties = 0
    if (stream.below(++ties) !== 0) continue
    most = rating
    best = at
  }
  return best
}

/** Adds one to the score of each symbol whose bit is set; the lowest bit is symbol `from`. */
export function addBits(word: number, from: number, score: Int32Array): void {
  let left = word
  while (left !== 0) {
    const bit = from + 31 - Math.clz32(left & -left)
    score[bit] = (score[bit] as number) + 1
    left &= left - 1
  }
}
