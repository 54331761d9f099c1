/** A replacement of part of a text. Indices count UTF-16 units of the text before any edit. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Applies edits that do not overlap. */
export function applyEdits(code: string, edits: readonly Edit[]): string {
  let result = code
  for (const { start, end, text } of edits.toSorted((left, right) => right.start - left.start))
    result = result.slice(0, start) + text + result.slice(end)
  return result
}

/** An edit that takes out a statement with its line and the empty lines before it. */
export function removal(code: string, { startIndex, endIndex }: { startIndex: number; endIndex: number }): Edit {
  const start = code.slice(0, startIndex).trimEnd().length
  const rest = /^[ \t;]*/.exec(code.slice(endIndex))?.[0].length ?? 0
  return { start, end: endIndex + rest, text: '' }
}
