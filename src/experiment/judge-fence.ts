import { sha256 } from '../lib/hash.ts'

/**
 * A text between two lines that it does not hold, with its name. The mark comes from the hash of the text, so that the
 * same text always gives the same prompt, and nobody who writes the text can write its mark.
 */
export function fenced(name: string, text: string): string {
  const mark = markOf(name, text)
  return `<<${mark}\n${text}\n${mark}>>`
}

/** The first mark in a row of hashes that the text does not hold. */
export function markOf(name: string, text: string): string {
  for (let round = 0; ; round++) {
    const mark = `${name}-${sha256(`${round}/${text}`).slice(0, 16)}`
    if (!text.includes(mark)) return mark
  }
}
