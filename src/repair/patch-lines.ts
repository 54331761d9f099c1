import { structuredPatch } from 'diff'
import type { StructuredPatch } from 'diff'
import type { PatchedFile } from './apply.ts'

// Time grows with its square: about a second for this many.
const mostDifferences = 2_000
const known = new WeakMap<PatchedFile, { readonly difference: StructuredPatch | undefined }>()

/** The difference of a file line by line; `undefined` where more than 2,000 lines differ. Each file is compared once. */
export function differenceOf(file: PatchedFile): StructuredPatch | undefined {
  const found = known.get(file)
  if (found !== undefined) return found.difference
  const path = shownPath(file.path)
  const from = file.before === undefined ? '/dev/null' : `a/${path}`
  const limits = { context: 3, maxEditLength: mostDifferences }
  const difference = structuredPatch(from, `b/${path}`, file.before ?? '', file.after, undefined, undefined, limits)
  known.set(file, { difference })
  return difference
}

/** A path for the head of a diff: a line feed in it would begin a line of its own. */
export const shownPath = (path: string): string => path.replaceAll(/[\u0000-\u001f\u007f]/g, '?')

/** Lines that a patch takes from a file and puts into it, without their ends. */
export interface ChangedText {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** Lines that differ; where too many do, all of them. */
export function changedText(file: PatchedFile): ChangedText {
  const difference = differenceOf(file)
  if (difference === undefined) return { added: file.after.split('\n'), removed: (file.before ?? '').split('\n') }
  const lines = difference.hunks.flatMap((hunk) => hunk.lines)
  const of = (sign: string): string[] => lines.filter((line) => line.startsWith(sign)).map((line) => line.slice(1))
  return { added: of('+'), removed: of('-') }
}
