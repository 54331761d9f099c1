import { findBlocks, isBlockMarker } from './reply-blocks.ts'
import type { ReplyStrategy } from './reply-contract.ts'
import { declineOf, foreignFormat } from './reply-other.ts'
import { replyLines } from './reply-lines.ts'
import { explanationOf } from './reply-text.ts'
import { findFiles } from './reply-whole.ts'

export { replyContract } from './reply-contract.ts'

/** One change a model asks for. Texts have line feeds alone, whatever the file has. */
export type Edit =
  | { readonly kind: 'replace'; readonly path: string; readonly search: string; readonly replace: string }
  | { readonly kind: 'whole'; readonly path: string; readonly content: string }

/** What a reply is. */
export type ParsedReply =
  | { readonly kind: 'patch'; readonly edits: readonly Edit[]; readonly explanation: string }
  /** Not what was asked for; `complaint` is written for the model. */
  | { readonly kind: 'malformed'; readonly complaint: string }
  /** The model says that it cannot, or that the code is not at fault. */
  | { readonly kind: 'declined'; readonly reason: string }

const maxEdits = 100

/** Reads the answer of a model. Never throws: all of its change is read, or none with a complaint. */
export function parseReply(text: string, strategy: ReplyStrategy): ParsedReply {
  const read = replyLines(text)
  if ('complaint' in read) return malformed(read.complaint)
  const { lines } = read
  const marked = lines.some(isBlockMarker)
  const found = marked || strategy === 'blocks' ? fromBlocks(lines) : fromFiles(lines)
  if ('complaint' in found) return malformed(found.complaint)
  const { edits, used } = found
  if (edits.length > maxEdits) return malformed(`The reply has ${edits.length} changes; at most ${maxEdits} are taken.`)
  const explanation = explanationOf(lines, used)
  const declined = declineOf(explanation, edits.length > 0)
  if (edits.length === 0)
    return declined === undefined ? malformed(foreignFormat(lines, strategy)) : { kind: 'declined', reason: declined }
  if (declined !== undefined)
    return malformed('The reply says CANNOT FIX and holds a change as well. Send the one or the other.')
  return { kind: 'patch', edits, explanation }
}

const malformed = (complaint: string): ParsedReply => ({ kind: 'malformed', complaint })

type Found =
  | { readonly complaint: string }
  | { readonly edits: readonly Edit[]; readonly used: readonly { readonly from: number; readonly to: number }[] }

function fromBlocks(lines: readonly string[]): Found {
  const found = findBlocks(lines)
  if ('complaint' in found) return found
  const edits = found.blocks.map(({ path, search, replace }): Edit => ({
    kind: 'replace',
    path,
    search: search.join('\n'),
    replace: replace.join('\n'),
  }))
  return { edits, used: found.blocks }
}

function fromFiles(lines: readonly string[]): Found {
  const found = findFiles(lines)
  if ('complaint' in found) return found
  const edits = found.files.map(({ path, content }): Edit => ({
    kind: 'whole',
    path,
    content: `${content.join('\n')}\n`,
  }))
  return { edits, used: found.files }
}
