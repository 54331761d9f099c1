/** Where lines stand in a file: the start, how many lines, and for each line of SEARCH which line of the file it is. */
export interface Place {
  readonly start: number
  readonly length: number
  /** Index in the file for each searched line; -1 where the file has none for it. */
  readonly pairs: readonly number[]
}

/** How a search ended. */
export type Searched =
  | { readonly kind: 'found'; readonly place: Place }
  | { readonly kind: 'ambiguous'; readonly starts: readonly number[] }
  | { readonly kind: 'absent' }

const startsKept = 1_000

/** All starts of `wanted` in `lines`, at most 1,000, in linear time (Knuth, Morris, Pratt). */
export function occurrences(lines: readonly string[], wanted: readonly string[]): number[] {
  if (wanted.length === 0 || wanted.length > lines.length) return []
  const borders = bordersOf(wanted)
  const starts: number[] = []
  let matched = 0
  for (let at = 0; at < lines.length && starts.length < startsKept; at++) {
    while (matched > 0 && lines[at] !== wanted[matched]) matched = borders[matched - 1] ?? 0
    if (lines[at] === wanted[matched]) matched++
    if (matched < wanted.length) continue
    starts.push(at - wanted.length + 1)
    matched = borders[matched - 1] ?? 0
  }
  return starts
}

function bordersOf(wanted: readonly string[]): number[] {
  const borders = [0]
  let length = 0
  for (let at = 1; at < wanted.length; at++) {
    while (length > 0 && wanted[at] !== wanted[length]) length = borders[length - 1] ?? 0
    if (wanted[at] === wanted[length]) length++
    borders.push(length)
  }
  return borders
}

/**
 * Looks for lines: character by character, then without trailing space, then without indentation as well. The first of these that finds
 * anything decides.
 */
export function searchLines(lines: readonly string[], wanted: readonly string[]): Searched {
  const exact = placed(occurrences(lines, wanted), wanted)
  if (exact.kind !== 'absent') return exact
  const ended = placed(occurrences(lines.map(trimEnd), wanted.map(trimEnd)), wanted)
  if (ended.kind !== 'absent') return ended
  // A block of blank lines is everywhere once indentation does not count.
  if (wanted.every((line) => line.trim() === '')) return { kind: 'absent' }
  return placed(occurrences(lines.map(trim), wanted.map(trim)), wanted)
}

const trim = (line: string): string => line.trim()
const trimEnd = (line: string): string => line.trimEnd()

function placed(starts: readonly number[], wanted: readonly string[]): Searched {
  const [start] = starts
  if (start === undefined) return { kind: 'absent' }
  if (starts.length > 1) return { kind: 'ambiguous', starts }
  return { kind: 'found', place: { start, length: wanted.length, pairs: wanted.map((_, index) => start + index) } }
}
