import { replaceIn } from './apply-replace.ts'
import { readText, writeText } from './apply-text.ts'
import type { TextFile } from './apply-text.ts'
import { wholeOf } from './apply-whole.ts'
import type { Edit } from './reply.ts'

/** A file before and after a patch. */
export interface PatchedFile {
  readonly path: string
  /** Absent where the file is new. */
  readonly before?: string | undefined
  readonly after: string
}

/** The files of a patch, or what is to be said to the model. */
export type Applied =
  | { readonly kind: 'applied'; readonly files: readonly PatchedFile[] }
  | { readonly kind: 'unapplied'; readonly complaint: string }

const maxEdits = 100
const maxFileLength = 1_000_000
/** Characters of all results together, which bounds the time of many changes of large files. */
const maxWork = 20_000_000
const empty: TextFile = { mark: '', lines: [], ends: [] }

/**
 * Applies all changes or none. `read` gives a file of the project as text, `undefined` where there is none. Line ends, byte order mark and
 * a missing last line feed stay as they are. Files that end as they began are left out unless all do.
 */
export function applyEdits(edits: readonly Edit[], read: (path: string) => string | undefined): Applied {
  if (edits.length > maxEdits) return unapplied(`There are ${edits.length} changes; at most ${maxEdits} are taken.`)
  const before = new Map<string, string | undefined>()
  const now = new Map<string, TextFile>()
  let work = 0
  for (const edit of edits) {
    if (!before.has(edit.path)) before.set(edit.path, isOrdinary(edit.path) ? read(edit.path) : undefined)
    const text = before.get(edit.path)
    if ((text?.length ?? 0) > maxFileLength)
      return unapplied(
        `${edit.path} is too large: ${text?.length} characters; files up to ${maxFileLength} are changed.`,
      )
    const file = now.get(edit.path) ?? (text === undefined ? undefined : readText(text))
    const next = applyEdit(file, edit)
    if ('complaint' in next) return unapplied(next.complaint)
    now.set(edit.path, next)
    work += (text?.length ?? 0) + lengthOf(edit)
    if (work > maxWork) return unapplied('The changes are too large together. Send fewer of them.')
  }
  const files = [...now].map(([path, file]) => ({ path, before: before.get(path), after: writeText(file) }))
  const large = files.find(({ after }) => after.length > maxFileLength)
  if (large !== undefined)
    return unapplied(`${large.path} would become too large: more than ${maxFileLength} characters.`)
  const changed = files.filter((file) => file.before !== file.after)
  return { kind: 'applied', files: changed.length > 0 ? changed : files }
}

/** Other paths are never read; guards refuse them by name. */
const isOrdinary = (path: string): boolean => !/^[/~]|[\\\0]|(?:^|\/)\.{1,2}(?:\/|$)/.test(path)

const unapplied = (complaint: string): Applied => ({ kind: 'unapplied', complaint })

const lengthOf = (edit: Edit): number =>
  edit.kind === 'whole' ? edit.content.length : edit.search.length + edit.replace.length

function applyEdit(file: TextFile | undefined, edit: Edit): TextFile | { readonly complaint: string } {
  const { path } = edit
  if (edit.kind === 'whole') return wholeOf(file ?? empty, path, edit.content)
  if (edit.search.trim() === '') {
    if (file !== undefined && file.lines.some((line) => line.trim() !== ''))
      return { complaint: `${path} is there already; an empty SEARCH is for new files. Quote the lines that change.` }
    return wholeOf(file ?? empty, path, edit.replace === '' ? '' : `${edit.replace}\n`)
  }
  if (file === undefined)
    return {
      complaint: `There is no file ${path} in the project. Use the paths as they were shown, relative to its root.`,
    }
  return replaceIn(file, {
    path,
    search: edit.search.split('\n'),
    replace: edit.replace === '' ? [] : edit.replace.split('\n'),
  })
}
