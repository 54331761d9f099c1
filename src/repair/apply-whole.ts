import { readText, withLines } from './apply-text.ts'
import type { TextFile } from './apply-text.ts'

const longFile = 200
const leastKept = 0.5

/** Takes a file in full, or says to the model why not: of a long file at least half of the lines must stay. */
export function wholeOf(file: TextFile, path: string, content: string): TextFile | { readonly complaint: string } {
  const next = readText(content.replace(/^\ufeff/, ''))
  if (file.lines.length >= longFile) {
    const kept = keptShare(file.lines, next.lines)
    if (kept < leastKept)
      return {
        complaint: `${path} has ${file.lines.length} lines, and the reply keeps only ${Math.round(kept * 100)} % of them. Write the whole file, from its first line to its last.`,
      }
  }
  return withLines(
    file,
    next.lines.map((text) => ({ text })),
  )
}

function keptShare(before: readonly string[], after: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const line of after) counts.set(line.trimEnd(), (counts.get(line.trimEnd()) ?? 0) + 1)
  const meant = before.filter((line) => line.trim() !== '')
  let kept = 0
  for (const line of meant) {
    const left = counts.get(line.trimEnd()) ?? 0
    if (left === 0) continue
    counts.set(line.trimEnd(), left - 1)
    kept++
  }
  return meant.length === 0 ? 1 : kept / meant.length
}
