import { FILE_HEADERS_ONLY, formatPatch } from 'diff'
import { sha256 } from '../lib/hash.ts'
import type { PatchedFile } from './apply.ts'
import { changedText, differenceOf, shownPath } from './patch-lines.ts'

/** The patch as a unified diff, cut at the end of a line to `maxChars` characters where it is longer. */
export function unifiedDiff(files: readonly PatchedFile[], maxChars: number): string {
  const text = files.map(diffOf).join('')
  if (text.length <= maxChars) return text
  const mark = '\n… cut off …\n'
  const head = text.slice(0, Math.max(0, maxChars - mark.length))
  return `${head.slice(0, Math.max(0, head.lastIndexOf('\n')))}${mark}`.slice(0, maxChars)
}

function diffOf(file: PatchedFile): string {
  const difference = differenceOf(file)
  if (difference === undefined)
    return `--- a/${shownPath(file.path)}\n+++ b/${shownPath(file.path)}\n… more than can be shown …\n`
  return difference.hunks.length === 0 && file.before !== undefined ? '' : formatPatch(difference, FILE_HEADERS_ONLY)
}

/**
 * Hash of what a patch changes: the same for the same change, whatever the order of its files, where in the file it stands, and whatever
 * space ends its lines.
 */
export function patchId(files: readonly PatchedFile[]): string {
  const parts = files
    .map((file) => ({ path: file.path, difference: differenceOf(file), after: file.after }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(({ path, difference, after }) => [
      path,
      difference?.hunks.map(({ lines }) =>
        lines.map((line) => line.trimEnd()).filter((line) => !/^[+-]?$/.test(line)),
      ) ?? after,
    ])
  return sha256(JSON.stringify(parts))
}

/** How many lines a patch adds and removes. */
export function changedLines(files: readonly PatchedFile[]): { readonly added: number; readonly removed: number } {
  const texts = files.map(changedText)
  return {
    added: texts.reduce((sum, { added }) => sum + added.length, 0),
    removed: texts.reduce((sum, { removed }) => sum + removed.length, 0),
  }
}
