import { GreenloopError } from '../domain/errors.ts'

/** Most cells of the table of distances: two texts of 20,000 characters. */
const maxCells = 20_000 ** 2
const wordBits = 32

/**
 * Smallest number of characters (code points) to put in, take out or replace to get from one text to the other. Works
 * on 32 characters at a time (Myers 1999, in blocks as by Hyyrö 2003). Throws `judge_failed` where the product of the
 * lengths is above 400 million.
 */
export function levenshtein(a: string, b: string): number {
  const [left, right] = withoutCommonEnds(Array.from(a), Array.from(b))
  const [short, long] = left.length <= right.length ? [left, right] : [right, left]
  if (short.length === 0) return long.length
  if (short.length * long.length > maxCells) {
    throw new GreenloopError(
      'judge_failed',
      `texts of ${short.length} and ${long.length} characters are too long for Levenshtein; use \`method: embedding\``,
    )
  }
  return distance(short, long)
}

/** 1 minus the distance over the longer length; two empty texts are the same. */
export function levenshteinRatio(a: string, b: string): number {
  const longest = Math.max(Array.from(a).length, Array.from(b).length)
  return longest === 0 ? 1 : 1 - levenshtein(a, b) / longest
}

function withoutCommonEnds(
  a: readonly string[],
  b: readonly string[],
): readonly [readonly string[], readonly string[]] {
  const shorter = Math.min(a.length, b.length)
  let start = 0
  while (start < shorter && a[start] === b[start]) start++
  let end = 0
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)]
}

/** Vertical differences of one column of the table, 32 rows a word: where they are +1, and where -1. */
interface Column {
  readonly plus: Int32Array
  readonly minus: Int32Array
}

/** The shorter text runs down the table, the longer across. */
function distance(down: readonly string[], across: readonly string[]): number {
  const blocks = Math.ceil(down.length / wordBits)
  const places = placesOf(down, blocks)
  const none = new Int32Array(blocks)
  const column: Column = { plus: new Int32Array(blocks).fill(-1), minus: new Int32Array(blocks) }
  const lastBit = 1 << ((down.length - 1) % wordBits)
  let score = down.length
  for (const character of across) score += advance(column, places.get(character) ?? none, lastBit)
  return score
}

function placesOf(text: readonly string[], blocks: number): ReadonlyMap<string, Int32Array> {
  const places = new Map<string, Int32Array>()
  for (const [index, character] of text.entries()) {
    const bits = places.get(character) ?? new Int32Array(blocks)
    places.set(character, bits)
    const block = Math.floor(index / wordBits)
    bits[block] = (bits[block] ?? 0) | (1 << (index % wordBits))
  }
  return places
}

/** Moves one column on; answers how the distance in the last row changes. */
function advance({ plus, minus }: Column, matches: Int32Array, lastBit: number): number {
  let change = 0
  /** Horizontal difference that comes in from the block above: the first row grows by one with each column. */
  let carry = 1
  for (let block = 0; block < plus.length; block++) {
    const up = plus[block] ?? 0
    const down = minus[block] ?? 0
    const equal = (matches[block] ?? 0) | (carry < 0 ? 1 : 0)
    const diagonal = (((equal & up) + up) ^ up) | equal
    let growing = down | ~(diagonal | up | 0)
    let falling = up & diagonal
    const top = block === plus.length - 1 ? lastBit : 1 << (wordBits - 1)
    const leaving = (growing & top) === 0 ? ((falling & top) === 0 ? 0 : -1) : 1
    growing = (growing << 1) | (carry > 0 ? 1 : 0)
    falling = (falling << 1) | (carry < 0 ? 1 : 0)
    const vertical = (matches[block] ?? 0) | down
    plus[block] = falling | ~(vertical | growing)
    minus[block] = growing & vertical
    carry = leaving
    change = leaving
  }
  return change
}
