import { isBlank } from './reply-text.ts'
import { elisionIn } from './reply-elision.ts'
import { infoPath, headerPath, pathAbove } from './reply-path.ts'

/** A search/replace block as it stands in a reply. Lines count from 0. */
interface FoundBlock {
  readonly path: string
  readonly search: readonly string[]
  readonly replace: readonly string[]
  /** Line of its header, or of its first marker where it goes with the header of the block before. */
  readonly from: number
  /** Line of its last marker. */
  readonly to: number
}

/** What the blocks of a reply are, or what is wrong with one of them. */
export type FoundBlocks = { readonly blocks: readonly FoundBlock[] } | { readonly complaint: string }

interface Head {
  readonly indent: string
  readonly length: number
  readonly path: string | undefined
}

const form = '`<<<<<<< SEARCH`, the old lines, `=======`, the new lines, `>>>>>>> REPLACE`'

function headOf(line: string): Head | undefined {
  const found = /^([ \t]{0,8})(<{5,9}) ?(?:SEARCH|ORIGINAL)\b>{0,2}:?(.*)$/i.exec(line)
  if (found === null) return undefined
  const [, indent = '', signs = '', rest = ''] = found
  if (isBlank(rest)) return { indent, length: signs.length, path: undefined }
  const path = headerPath(rest, true) ?? infoPath(rest)
  return path === undefined ? undefined : { indent, length: signs.length, path }
}

const tailLength = (line: string, words: RegExp): number => words.exec(line)?.[1]?.length ?? 0
const tail = /^[ \t]{0,8}(>{5,9}) ?(?:REPLACE|UPDATED)\b[ \t:]*$/i
const bareTail = /^[ \t]{0,8}(>{5,9})[ \t]*$/

/** Whether a line is a marker that belongs to a block, whatever its length. */
export const isBlockMarker = (line: string): boolean => headOf(line) !== undefined || tail.test(line)

/** Finds the blocks of a reply, in order. None is no error. */
export function findBlocks(lines: readonly string[]): FoundBlocks {
  const blocks: FoundBlock[] = []
  let floor = 0
  for (let at = 0; at < lines.length; at++) {
    const head = headOf(lines[at] ?? '')
    if (head === undefined) {
      if (tail.test(lines[at] ?? ''))
        return { complaint: `Line ${at + 1}: \`>>>>>>> REPLACE\` ends no block. A block is ${form}.` }
      continue
    }
    const block = readBlock(lines, { head, at, floor, number: blocks.length + 1, before: blocks.at(-1)?.path })
    if ('complaint' in block) return block
    blocks.push(block)
    at = block.to
    floor = block.to + 1
  }
  return { blocks }
}

interface Place {
  readonly head: Head
  readonly at: number
  readonly floor: number
  readonly number: number
  /** Path of the block before. */
  readonly before: string | undefined
}

function readBlock(lines: readonly string[], place: Place): FoundBlock | { readonly complaint: string } {
  const { head, at, number } = place
  const where = `Block ${number} (line ${at + 1})`
  const end = endOf(lines, place)
  if (end === undefined)
    return { complaint: `${where} has no \`>>>>>>> REPLACE\` line. Was the reply cut off? A block is ${form}.` }
  const body = lines
    .slice(at + 1, end)
    .map((line) => (line.startsWith(head.indent) ? line.slice(head.indent.length) : line))
  const split = dividerOf(body, head.length)
  if (split === 'none')
    return { complaint: `${where} has no \`=======\` line between SEARCH and REPLACE. A block is ${form}.` }
  if (split === 'many')
    return {
      complaint: `${where} has several lines of \`=======\`, and which of them divides it is not clear. Send it with nine characters in its three markers: \`<<<<<<<<< SEARCH\`, \`=========\`, \`>>>>>>>>> REPLACE\`.`,
    }
  const above = head.path === undefined ? pathAbove(lines, at, place.floor) : undefined
  const path = head.path ?? above?.path ?? place.before
  if (path === undefined)
    return {
      complaint: `${where} has no path. The line before \`<<<<<<< SEARCH\` must be the path of the file and nothing else.`,
    }
  const search = body.slice(0, split)
  const replace = body.slice(split + 1)
  if (search.every(isBlank) && replace.every(isBlank))
    return { complaint: `${where} for ${path} is empty on both sides.` }
  const elision = elisionIn(replace, search, path)
  if (elision !== undefined)
    return {
      complaint: `${where} for ${path}: line ${at + split + elision.index + 3}, \`${elision.line}\`, stands for lines that are left out. Write every line out, or make the block smaller so that it holds only lines that change.`,
    }
  return { path, search, replace, from: above?.line ?? at, to: end }
}

/** Line of the marker that ends a block: one as long as the marker that began it, or else any, before the next block. */
function endOf(lines: readonly string[], { head, at }: Place): number | undefined {
  let other: number | undefined
  for (let line = at + 1; line < lines.length; line++) {
    const text = lines[line] ?? ''
    if (tailLength(text, tail) === head.length) return line
    if (headOf(text)?.length === head.length) break
    if (other === undefined && (tail.test(text) || bareTail.test(text))) other = line
  }
  return other
}

/** Index of the line that divides a block. Text may hold such lines itself: underlines of titles, unfinished merges. */
function dividerOf(body: readonly string[], length: number): number | 'none' | 'many' {
  const all = candidates(body)
  const outside = all.filter(({ merge }) => !merge)
  const rest = outside.length > 0 ? outside : all
  const same = rest.filter((one) => one.length === length)
  const fitting = same.length > 0 ? same : rest
  if (fitting.length === 0) return 'none'
  // A title and its underline are equally long; what is left when those are gone is the divider.
  const plain = fitting.filter(({ index }) => body[index - 1]?.trimEnd().length !== length)
  const chosen = fitting.length > 1 && plain.length === 1 ? plain : fitting
  // Search and replacement hold the same number of such lines where none is added or removed.
  return chosen.length % 2 === 0 ? 'many' : (chosen[(chosen.length - 1) / 2]?.index ?? 'none')
}

function candidates(body: readonly string[]): { index: number; length: number; merge: boolean }[] {
  const found: { index: number; length: number; merge: boolean }[] = []
  let merge = false
  for (const [index, line] of body.entries()) {
    if (/^<{7}(?: |$)/.test(line)) merge = true
    else if (/^>{7}(?: |$)/.test(line)) merge = false
    const length = /^(={5,9})[ \t]*$/.exec(line)?.[1]?.length
    if (length !== undefined) found.push({ index, length, merge })
  }
  return found
}
