import type { Place } from './apply-search.ts'
import { likeness } from './apply-similar.ts'

const leastLikeness = 0.9
const leastEdge = 0.6
const longestSearch = 200
const slack = 20

/**
 * The one place that is nearly what was searched: lines that occur once in the file and once in the search hold it in place, nine tenths
 * of both texts agree, and so do the first and last line. `undefined` where there is none.
 */
export function fuzzyPlace(lines: readonly string[], wanted: readonly string[]): Place | undefined {
  if (wanted.length < 3 || wanted.length > longestSearch) return undefined
  const anchors = anchorsOf(lines, wanted)
  const first = anchors[0]
  const last = anchors.at(-1)
  if (first === undefined || last === undefined || anchors.length < 2) return undefined
  if (anchors.some(({ there }, index) => there <= (anchors[index - 1]?.there ?? -1))) return undefined
  const start = first.there - first.here
  const end = last.there + wanted.length - last.here
  const length = end - start
  if (start < 0 || end > lines.length || Math.abs(length - wanted.length) > slack) return undefined
  const { score, pairs } = align(lines.slice(start, end), wanted)
  const edges = [0, wanted.length - 1].every((index) => {
    const pair = pairs[index] ?? -1
    return (
      pair === (index === 0 ? 0 : length - 1) && likeness(lines[start + pair] ?? '', wanted[index] ?? '') >= leastEdge
    )
  })
  if (score < leastLikeness || !edges) return undefined
  return { start, length, pairs: pairs.map((pair) => (pair < 0 ? -1 : start + pair)) }
}

interface Anchor {
  readonly here: number
  readonly there: number
}

function anchorsOf(lines: readonly string[], wanted: readonly string[]): Anchor[] {
  const there = singles(lines)
  return [...singles(wanted)]
    .flatMap(([line, here]) => {
      const at = there.get(line)
      return line.length < 4 || at === undefined || at < 0 || here < 0 ? [] : [{ here, there: at }]
    })
    .sort((a, b) => a.here - b.here)
}

/** Where each line stands; -1 where it stands more than once. */
function singles(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    const key = line.trim()
    found.set(key, found.has(key) ? -1 : index)
  }
  return found
}

const weight = (line: string): number => line.trim().length + 1

/** Pairs lines of two texts so that most characters agree (Needleman, Wunsch). At most 220 × 200 lines. */
function align(file: readonly string[], wanted: readonly string[]): { score: number; pairs: number[] } {
  const width = wanted.length + 1
  const best = new Float64Array((file.length + 1) * width)
  const gain = new Float64Array((file.length + 1) * width)
  for (let i = 1; i <= file.length; i++) {
    for (let j = 1; j < width; j++) {
      const [a = '', b = ''] = [file[i - 1], wanted[j - 1]]
      const alike = likeness(a, b)
      const value = alike < 0.5 ? 0 : alike * (weight(a) + weight(b))
      gain[i * width + j] = value
      const paired = (best[(i - 1) * width + j - 1] ?? 0) + value
      best[i * width + j] = Math.max(paired, best[(i - 1) * width + j] ?? 0, best[i * width + j - 1] ?? 0)
    }
  }
  const pairs: number[] = wanted.map(() => -1)
  let [i, j] = [file.length, wanted.length]
  while (i > 0 && j > 0) {
    const here = best[i * width + j] ?? 0
    const value = gain[i * width + j] ?? 0
    if (value > 0 && here === (best[(i - 1) * width + j - 1] ?? 0) + value) {
      pairs[j - 1] = i - 1
      i--
      j--
    } else if (here === (best[(i - 1) * width + j] ?? 0)) i--
    else j--
  }
  const total = [...file, ...wanted].reduce((sum, line) => sum + weight(line), 0)
  return { score: total === 0 ? 0 : (best[file.length * width + wanted.length] ?? 0) / total, pairs }
}
