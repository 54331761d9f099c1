const longest = 300
/** Control characters, and marks that change the direction of a text or take no room. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/**
 * The beginning of a text that somebody else wrote, safe in a message: white space folded, control characters as
 * `\uXXXX`, at most 300 characters, and `***` for each secret.
 */
export function excerpt(text: string, secrets: readonly string[] = []): string {
  let shown = text.slice(0, longest * 10)
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '***')
  shown = shown.replaceAll(/\s+/gu, ' ').trim().replaceAll(unprintable, escaped)
  return shown.length > longest ? `${shown.slice(0, longest - 1)}…` : shown
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
