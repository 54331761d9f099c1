import type { FileCoverage } from '../domain/run.ts'

interface Merged {
  readonly lines: Map<string, number>
  readonly branches: Map<string, readonly [taken: number, total: number]>
  readonly targets: Map<string, ReadonlySet<number>>
}

/**
 * Unites what several processes measured: hits of a line add up. Where only the number of taken branches of a line is
 * known and not which, the largest count stands: never more than is proven.
 */
export function mergeCoverage(parts: readonly (readonly FileCoverage[])[]): readonly FileCoverage[] {
  const files = new Map<string, Merged>()
  for (const { file, lines, branches, targets = {} } of parts.flat()) {
    const merged = files.get(file) ?? { lines: new Map(), branches: new Map(), targets: new Map() }
    files.set(file, merged)
    for (const [line, hits] of Object.entries(lines)) merged.lines.set(line, (merged.lines.get(line) ?? 0) + hits)
    for (const [line, [taken, total]] of Object.entries(branches)) {
      const [takenBefore, totalBefore] = merged.branches.get(line) ?? [0, 0]
      const known = new Set([...(merged.targets.get(line) ?? []), ...(targets[line] ?? [])])
      merged.targets.set(line, known)
      merged.branches.set(line, [Math.max(taken, takenBefore, known.size), Math.max(total, totalBefore)])
    }
  }
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, { lines, branches }]) => ({
      file,
      lines: Object.fromEntries(lines),
      branches: Object.fromEntries(branches),
    }))
}
