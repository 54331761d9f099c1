/** How alike two lines are without their indentation, from 0 to 1: twice the pairs of neighbouring characters they share (Dice 1945). */
export function likeness(a: string, b: string): number {
  const left = a.trim().slice(0, 500)
  const right = b.trim().slice(0, 500)
  if (left === right) return 1
  if (left.length < 2 || right.length < 2) return 0
  const counts = new Map<string, number>()
  for (let at = 0; at + 1 < left.length; at++) {
    const pair = left.slice(at, at + 2)
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  let shared = 0
  for (let at = 0; at + 1 < right.length; at++) {
    const pair = right.slice(at, at + 2)
    const left = counts.get(pair) ?? 0
    if (left === 0) continue
    counts.set(pair, left - 1)
    shared++
  }
  return (2 * shared) / (left.length + right.length - 2)
}

const quoted = 10
const linesCompared = 20_000

/** The ten lines of a file that share most with the given ones: start, end (exclusive), and the lines. */
export function closestLines(
  lines: readonly string[],
  wanted: readonly string[],
): { readonly start: number; readonly lines: readonly string[] } {
  const known = new Set(wanted.map((line) => line.trim()).filter((line) => line.length > 3))
  const hits = lines.map((line) => (known.has(line.trim()) ? 1 : 0))
  let sum = 0
  let best = { sum: 0, start: 0 }
  for (const [at, hit] of hits.entries()) {
    sum += hit - (at >= quoted ? (hits[at - quoted] ?? 0) : 0)
    if (sum > best.sum) best = { sum, start: Math.max(0, at - quoted + 1) }
  }
  const start = best.sum > 0 ? best.start : Math.max(0, mostAlike(lines, wanted) - 4)
  return { start, lines: lines.slice(start, start + quoted) }
}

function mostAlike(lines: readonly string[], wanted: readonly string[]): number {
  const longest = wanted.reduce((best, line) => (line.trim().length > best.trim().length ? line : best), '')
  let best = { score: -1, at: 0 }
  for (let at = 0; at < Math.min(lines.length, linesCompared); at++) {
    const score = likeness(lines[at] ?? '', longest)
    if (score > best.score) best = { score, at }
  }
  return best.at
}
