import type { FileCoverage } from '../domain/run.ts'

/**
 * Unites what several processes measured: hits of a line add up. How many branches of a line were taken together is
 * not known, only how many each process took, so the largest count stands: never more than is proven.
 */
export function mergeCoverage(parts: readonly (readonly FileCoverage[])[]): readonly FileCoverage[] {
  const files = new Map<string, { lines: Map<string, number>; branches: Map<string, readonly [number, number]> }>()
  for (const { file, lines, branches } of parts.flat()) {
    const merged = files.get(file) ?? { lines: new Map(), branches: new Map() }
    files.set(file, merged)
    for (const [line, hits] of Object.entries(lines)) merged.lines.set(line, (merged.lines.get(line) ?? 0) + hits)
    for (const [line, [taken, total]] of Object.entries(branches)) {
      const [takenBefore, totalBefore] = merged.branches.get(line) ?? [0, 0]
      merged.branches.set(line, [Math.max(taken, takenBefore), Math.max(total, totalBefore)])
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
