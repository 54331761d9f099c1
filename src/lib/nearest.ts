/** Longest name that is compared; longer ones have no near name worth guessing. */
const longest = 64

/**
 * Damerau-Levenshtein distance (optimal string alignment) of two texts, counted in code units: insertions,
 * deletions, replacements and swaps of neighbours cost 1 each.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1)
      row.push(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/** A name without case, hyphens, underscores and spaces: `Test-Cases` and `test_cases` fold to the same text. */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/gu, '')
}

/**
 * The candidate that was probably meant by `name`, or `undefined` when none is near enough: at most a third of the
 * letters may differ. Case, hyphens and underscores do not count. Of equally near candidates the first wins.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = foldName(name)
  if (wanted.length > longest) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const folded = foldName(candidate)
    if (Math.abs(folded.length - wanted.length) >= bestDistance) continue
    const distance = editDistance(wanted, folded)
    // Two names that share no letter are never near, however short.
    if (distance >= bestDistance || distance >= Math.max(folded.length, wanted.length)) continue
    best = candidate
    bestDistance = distance
  }
  return best
}
