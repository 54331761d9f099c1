import { capHead, plainText } from '../lib/plain-text.ts'

/** A text from outside, and how it is cut. */
interface DataSection {
  /** What it is, in our words or with a path of the project. */
  readonly title: string
  readonly text: string
  readonly cap?: ((text: string) => string) | undefined
}

/** Characters that are not seen: zero width, soft hyphens, fillers, tags. That which makes a sign an emoji is left. */
const unseen = /(?!\ufe0f)\p{Default_Ignorable_Code_Point}/gu

const maxTitle = 300

/** Text from outside as a prompt may hold it: no escapes, nothing that is not seen, nowhere the boundary. */
function harmless(text: string, boundary: string): string {
  return plainText(text).replaceAll(unseen, '').replaceAll(boundary, '[removed]')
}

/** Text from outside between two lines with the boundary, which it cannot hold itself; cut by `cap` once it is harmless. */
export function fence({ title, text, cap }: DataSection, boundary: string): string {
  const shown = harmless(text, boundary)
  const cut = cap === undefined ? shown : cap(shown)
  return `[data ${boundary}: ${oneLine(title, boundary)}]\n${cut.replace(/\n$/, '')}\n[end ${boundary}]`
}

/** A short text from outside on one line. */
export function oneLine(text: string, boundary: string): string {
  return capHead(
    harmless(text, boundary)
      .replaceAll(/[\s\u2028\u2029]+/g, ' ')
      .trim(),
    maxTitle,
  )
}
