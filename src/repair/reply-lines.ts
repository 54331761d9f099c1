/** In characters. */
const maxReplyLength = 1_000_000

/** A reply as lines without their ends, or why it cannot be read. Lines keep their numbers: what was thought aloud is blank. */
export type ReplyLines = { readonly lines: readonly string[] } | { readonly complaint: string }

const opensThought = /^\s*<(think|thinking|thought|reasoning)>/i

/** Cuts a reply into lines: no byte order mark, no carriage returns, no `<think>` blocks outside of search/replace blocks. */
export function replyLines(text: string): ReplyLines {
  if (text.length > maxReplyLength)
    return {
      complaint: `The reply is too large: ${text.length} characters, ${maxReplyLength} are read. Send only the lines that change.`,
    }
  const lines = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map(withoutReturn)
  if (lines.every((line) => line.trim() === '')) return { complaint: 'The reply is empty.' }
  dropOrphanThought(lines)
  return dropThoughts(lines)
    ? { lines }
    : { complaint: 'The reply ends inside its <think> block. Send the change only.' }
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** Some servers send only the end of a thought, because its beginning belongs to their template. */
function dropOrphanThought(lines: string[]): void {
  const end = lines.findIndex((line) => line.startsWith('</think>'))
  if (end < 0 || lines.slice(0, end).some((line) => line.includes('<think>'))) return
  lines.fill('', 0, end)
  lines[end] = (lines[end] ?? '').slice('</think>'.length)
}

function dropThoughts(lines: string[]): boolean {
  let inBlock = false
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (/^\s*<{5,9} ?SEARCH/i.test(line)) inBlock = true
    else if (/^\s*>{5,9} ?REPLACE/i.test(line)) inBlock = false
    const tag = inBlock ? undefined : opensThought.exec(line)?.[1]
    if (tag === undefined) continue
    const end = endOfThought(lines, at, `</${tag.toLowerCase()}>`)
    if (end === undefined) return false
    lines.fill('', at, end.line)
    lines[end.line] = end.rest
    at = end.line
  }
  return true
}

function endOfThought(lines: readonly string[], from: number, tag: string): { line: number; rest: string } | undefined {
  for (let line = from; line < lines.length; line++) {
    const text = lines[line] ?? ''
    const at = text.toLowerCase().indexOf(tag)
    if (at >= 0) return { line, rest: text.slice(at + tag.length) }
  }
  return undefined
}

/** A line that opens or closes a fence. */
export interface Fence {
  readonly sign: '`' | '~'
  readonly length: number
  /** What stands behind it: language, path, or nothing. */
  readonly info: string
}

/** Reads a line as a fence. */
export function fenceOf(line: string): Fence | undefined {
  const found = /^\s{0,8}(`{3,20}|~{3,20})([^`]*)$/.exec(line)
  if (found === null) return undefined
  const [, signs = '', info = ''] = found
  return { sign: signs.startsWith('~') ? '~' : '`', length: signs.length, info: info.trim() }
}
