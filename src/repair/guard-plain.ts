import type { Language } from './guard-language.ts'

const longestComment = 400
const escape = /\\(?:u\{0{0,4}|u00|x)([0-9a-f]{2})\}?/gi

/**
 * Text as the language reads it: Python takes letters of other forms for the same names, JavaScript takes escapes for the letters, a
 * shell goes on after a backslash at the end of a line, and words that are put together from literals are one word.
 */
export const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(escape, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\\r?\n/g, ' ')
    .replaceAll(/\$\{\s{0,4}(["'`])([\w.-]{0,80})\1\s{0,4}\}/g, '$2')
    .replaceAll(/(?<=[\w.:/-])["'`]\s{0,40}\+?\s{0,40}[rRbBfFuU]{0,2}["'`](?=[\w.:/-])/g, '')

/** {@link plain} without its comments, as far as they can be told without a parser: only for looking, never for writing. */
export function bare(text: string, language: Language): string {
  if (language === 'python' || language === 'shell') return text.replaceAll(/#[^\n]*/g, '')
  if (language === 'script' || language === 'other') return withoutBlocks(text).replaceAll(/(?<!:)\/\/[^\n]*/g, '')
  return text
}

function withoutBlocks(text: string): string {
  const kept: string[] = []
  let at = 0
  for (;;) {
    const from = text.indexOf('/*', at)
    const to = from < 0 ? -1 : text.indexOf('*/', from + 2)
    if (to < 0) return kept.join('') + text.slice(at)
    const isShort = to - from <= longestComment
    kept.push(text.slice(at, isShort ? from : to + 2))
    at = to + 2
  }
}
