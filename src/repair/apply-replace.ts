import { isElision } from './reply-elision.ts'
import { fuzzyPlace } from './apply-fuzzy.ts'
import { mergedLines } from './apply-merge.ts'
import { occurrences, searchLines } from './apply-search.ts'
import type { Searched } from './apply-search.ts'
import { closestLines } from './apply-similar.ts'
import { withLines } from './apply-text.ts'
import type { TextFile } from './apply-text.ts'

/** A change of one place. */
export interface Replacement {
  readonly path: string
  readonly search: readonly string[]
  readonly replace: readonly string[]
}

/** Makes one change, or says to the model why it cannot be made. */
export function replaceIn(file: TextFile, change: Replacement): TextFile | { readonly complaint: string } {
  for (const tried of [change, withoutMargin(change)]) {
    if (tried.search.length === 0) continue
    const searched = locate(file, tried)
    if (searched.kind === 'ambiguous') return { complaint: ambiguous(change.path, searched.starts) }
    if (searched.kind === 'absent') continue
    const lines = mergedLines(file, searched.place, tried)
    if (lines !== undefined) return withLines(file, lines)
  }
  return { complaint: absent(file, change) }
}

function locate({ lines }: TextFile, { search, path }: Replacement): Searched {
  const searched = searchLines(lines, search)
  if (searched.kind !== 'absent' || search.some((line) => isElision(line, path))) return searched
  const place = fuzzyPlace(lines, search)
  return place === undefined ? searched : { kind: 'found', place }
}

/** Without blank lines around the search, and without as many around the replacement: models like to add them. */
function withoutMargin({ path, search, replace }: Replacement): Replacement {
  const blanks = (lines: readonly string[]): number => {
    const count = lines.findIndex((line) => line.trim() !== '')
    return count < 0 ? lines.length : count
  }
  const cut = (lines: readonly string[], others: readonly string[]): readonly string[] =>
    lines.slice(Math.min(blanks(lines), blanks(others)))
  const both = (lines: readonly string[], others: readonly string[]): readonly string[] =>
    cut(cut(lines, others).toReversed(), others.toReversed()).toReversed()
  return { path, search: both(search, search), replace: both(replace, search) }
}

function ambiguous(path: string, starts: readonly number[]): string {
  const some = starts.slice(0, 5).map((start) => start + 1)
  return `${path}: the SEARCH text occurs in ${starts.length} places (lines ${some.join(', ')}${starts.length > 5 ? ' …' : ''}). Add lines before or after it so that it occurs once.`
}

function absent({ lines }: TextFile, { path, search, replace }: Replacement): string {
  const elision = search.find((line) => isElision(line, path))
  if (elision !== undefined)
    return `${path}: the SEARCH text has \`${elision.trim()}\` for lines that are left out. Quote every line, or fewer of them.`
  if (replace.some((line) => line.trim() !== '') && occurrences(lines, replace).length > 0)
    return `${path}: the SEARCH text is not in the file, but the REPLACE text is: this change is already made. Leave the block out.`
  const closest = closestLines(lines, search)
  const quote = closest.lines.map((line) => (line.length > 300 ? `${line.slice(0, 299)}…` : line)).join('\n')
  return `${path}: the SEARCH text is not in the file. Copy the lines exactly as they stand. The closest are lines ${closest.start + 1} to ${closest.start + closest.lines.length}:\n${quote}`
}
