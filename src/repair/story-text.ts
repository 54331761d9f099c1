import { capHead, plainText } from '../lib/plain-text.ts'

/** Longest text within a line, in characters. */
const maxSpan = 300

/**
 * Text from outside as an inline code span: no mention, reference, link, image, HTML or quick action comes alive in it.
 */
export function codeSpan(text: string): string {
  const line = oneLine(text)
  if (line === '') return ''
  const fence = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/** {@link codeSpan} in a cell of a table, which no text of others ends. */
export function codeCell(text: string): string {
  return codeSpan(text).replaceAll('|', String.raw`\|`)
}

/** Text from outside as a fenced block, cut to `cap` characters. */
export function codeBlock(text: string, language: 'text' | 'diff', cap: number): string {
  const plain = capHead(plainText(text), cap)
    .split('\n')
    // The host looks for quick actions line by line, before it knows of fences.
    .map((line) => (line.startsWith('/') ? ` ${line}` : line))
    .join('\n')
    .trimEnd()
  const fence = '`'.repeat(Math.max(3, longestRun(plain) + 1))
  return `${fence}${language}\n${plain}\n${fence}`
}

/** A block that is folded until somebody opens it. `title` is our own text. */
export function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`
}

/** A link to a page of the host, or the bare text where the address is not plain. */
export function linkTo(text: string, url: string | undefined): string {
  return url !== undefined && /^https?:\/\/[\w.:/-]{1,500}$/.test(url) ? `[${text}](${url})` : text
}

function oneLine(text: string): string {
  return capHead(plainText(text).replaceAll(/\s+/g, ' ').trim(), maxSpan)
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0)
}
