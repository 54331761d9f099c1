import { diffArrays } from 'diff'
import type { Place } from './apply-search.ts'
import { reindenter } from './apply-indent.ts'
import type { Line, TextFile } from './apply-text.ts'

const mostDifferences = 2_000

/**
 * The file's lines with the change from `search` to `replace` made at `place`. Lines that the change keeps stay as the file has them,
 * not as the reply quotes them. `undefined` where indentation follows no rule.
 */
export function mergedLines(
  file: TextFile,
  place: Place,
  change: { readonly search: readonly string[]; readonly replace: readonly string[] },
): Line[] | undefined {
  const { search, replace } = change
  const pairs = search.flatMap((searched, index) => {
    const found = file.lines[place.pairs[index] ?? -1]
    return found === undefined ? [] : [{ searched, found }]
  })
  const indent = reindenter(pairs)
  if (indent === undefined) return undefined
  const line = (index: number): Line => ({ text: file.lines[index] ?? '', end: file.ends[index] })
  const merged: Line[] = []
  let next = place.start
  let at = 0
  /** Lines of the file that the search did not name stay. */
  const keepUpTo = (index: number): void => {
    while (next < index) merged.push(line(next++))
  }
  for (const part of partsOf(search, replace)) {
    if (part.kind === 'added') {
      for (const text of part.lines) merged.push({ text: indent(text) })
      continue
    }
    for (let count = part.lines.length; count > 0; count--) {
      const found = place.pairs[at++] ?? -1
      if (found < 0) continue
      keepUpTo(found)
      if (part.kind === 'kept') merged.push(line(found))
      next = found + 1
    }
  }
  const end = place.start + place.length
  keepUpTo(end)
  const range = (from: number, to: number): Line[] =>
    Array.from({ length: to - from }, (_, index) => line(from + index))
  return [...range(0, place.start), ...merged, ...range(end, file.lines.length)]
}

interface Part {
  readonly kind: 'added' | 'removed' | 'kept'
  readonly lines: readonly string[]
}

function partsOf(search: readonly string[], replace: readonly string[]): readonly Part[] {
  const parts = diffArrays([...search], [...replace], { maxEditLength: mostDifferences })
  if (parts === undefined)
    return [
      { kind: 'removed', lines: search },
      { kind: 'added', lines: replace },
    ]
  return parts.map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'kept',
    lines: value,
  }))
}
