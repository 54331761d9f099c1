import { elisionIn } from './reply-elision.ts'
import { fenceOf } from './reply-lines.ts'
import type { Fence } from './reply-lines.ts'
import { headerPath, infoPath, pathAbove } from './reply-path.ts'
import { isBlank } from './reply-text.ts'

/** A file in full as it stands in a reply. Lines count from 0. */
interface FoundFile {
  readonly path: string
  readonly content: readonly string[]
  readonly from: number
  readonly to: number
}

/** The files of a reply, or what is wrong with it. */
export type FoundFiles = { readonly files: readonly FoundFile[] } | { readonly complaint: string }

/** Finds files in full: a path, then a fence. Fences with a language and no path are examples and are passed over. */
export function findFiles(lines: readonly string[]): FoundFiles {
  const files: FoundFile[] = []
  let floor = 0
  for (let at = 0; at < lines.length; at++) {
    const fence = fenceOf(lines[at] ?? '')
    if (fence === undefined) continue
    const end = endOf(lines, at, fence)
    if (end === undefined)
      return {
        complaint: `The fence of line ${at + 1} is not closed. Was the reply cut off? Send the whole file again.`,
      }
    const found = readFile(lines, { fence, at, end, floor })
    if (found !== undefined && 'complaint' in found) return found
    if (found !== undefined) files.push(found)
    at = end
    floor = end + 1
  }
  const twice = files.find(({ path }, index) => files.findIndex((other) => other.path === path) !== index)
  return twice === undefined ? { files } : { complaint: `${twice.path} is given twice. Give each file once.` }
}

/** A fence with a language opens a further level; a bare one closes the innermost. */
function endOf(lines: readonly string[], from: number, outer: Fence): number | undefined {
  let depth = 1
  for (let at = from + 1; at < lines.length; at++) {
    const fence = fenceOf(lines[at] ?? '')
    if (fence === undefined || fence.sign !== outer.sign || fence.length < outer.length) continue
    depth += fence.info === '' ? -1 : 1
    if (depth === 0) return at
  }
  return undefined
}

interface Place {
  readonly fence: Fence
  readonly at: number
  readonly end: number
  readonly floor: number
}

function readFile(lines: readonly string[], place: Place): FoundFile | { readonly complaint: string } | undefined {
  const { fence, at, end } = place
  const content = lines.slice(at + 1, end)
  const own = infoPath(fence.info)
  const above = own === undefined ? headerAbove(lines, place) : undefined
  // Some models write the path as a comment into the first line of the file.
  const first = /^\s*(?:#|\/\/|<!--|--)/.test(content[0] ?? '') ? commentPath(content[0] ?? '') : undefined
  const path = own ?? above?.path ?? first
  if (path === undefined) {
    if (fence.info !== '') return undefined
    return {
      complaint: `The fence of line ${at + 1} has no path. The line before a fence must be the path of the file; where a file itself holds fences, put four backticks around it.`,
    }
  }
  if (/^(?:@@ |diff --git |--- a\/)/.test(content.find((line) => !isBlank(line)) ?? ''))
    return {
      complaint: `The fence of line ${at + 1} holds a diff. Write ${path} in full, from its first line to its last.`,
    }
  if (content.every(isBlank)) return { complaint: `The content of ${path} (line ${at + 1}) is empty.` }
  if (own === undefined && above === undefined) content.shift()
  const elision = elisionIn(content, [], path)
  if (elision !== undefined)
    return {
      complaint: `${path}: \`${elision.line}\` stands for lines that are left out. Write the file from its first line to its last.`,
    }
  return { path, content, from: above?.line ?? at, to: end }
}

/** Only a line directly above, blank lines between: anything further up belongs to something else. */
function headerAbove(lines: readonly string[], { at, floor }: Place): { path: string; line: number } | undefined {
  let line = at - 1
  while (line >= floor && isBlank(lines[line] ?? '')) line--
  return pathAbove(lines, line + 1, Math.max(floor, line))
}

const commentPath = (line: string): string | undefined =>
  headerPath(line.replace(/^\s*(?:#|\/\/|<!--|--)\s?/, '').replace(/\s?-->$/, ''), false)
