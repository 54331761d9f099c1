import { stripVTControlCharacters } from 'node:util'

/** Keeps beginning and end of a text within `cap` characters and says how many are missing between them. */
export function capMiddle(text: string, cap: number): string {
  if (text.length <= cap) return text
  const head = Math.floor(cap * 0.4)
  const tail = cap - head
  return `${wholeEnd(text.slice(0, head))}\n… ${text.length - cap} characters left out …\n${wholeStart(text.slice(-tail))}`
}

/** The last `cap` characters of a text, with a mark where the rest was. */
export function capTail(text: string, cap: number): string {
  if (text.length <= cap) return text
  return `… ${text.length - cap} characters left out …\n${wholeStart(text.slice(-cap))}`
}

/** The first `cap` characters of a text, with an ellipsis where the rest was. */
export function capHead(text: string, cap: number): string {
  return text.length <= cap ? text : `${wholeEnd(text.slice(0, cap - 1))}…`
}

/**
 * Text that is safe to show: no terminal escapes, no control characters but tab and line feed, no half characters, and
 * characters that reverse the direction of reading spelled out.
 */
export function plainText(text: string): string {
  if (!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/.test(text)) return text
  return stripVTControlCharacters(text)
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, (sign) => `<U+${sign.charCodeAt(0).toString(16).toUpperCase()}>`)
    .toWellFormed()
}

/** First line of a text that is not blank, or an empty string. */
export function firstLine(text: string): string {
  return /\S[^\n]*/.exec(text)?.[0].trimEnd() ?? ''
}

/** Lines of captured output; a line feed at the end starts no further line. */
export function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/)
}

const wholeEnd = (text: string) => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text)
const wholeStart = (text: string) => (/^[\udc00-\udfff]/.test(text) ? text.slice(1) : text)
