/** Whether a line holds nothing but space. */
export const isBlank = (line: string): boolean => line.trim() === ''

const longestExplanation = 4_000

/** What a reply says apart from its change: lines in `used` and lone fences are left out. At most 4,000 characters. */
export function explanationOf(
  lines: readonly string[],
  used: readonly { readonly from: number; readonly to: number }[],
): string {
  const between = [...used, { from: lines.length, to: lines.length }]
  const kept = between.flatMap(({ from }, index) => lines.slice((used[index - 1]?.to ?? -1) + 1, from))
  const text = kept
    .filter((line) => !/^\s*(?:`{3,20}|~{3,20})[^`]*$/.test(line))
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  return text.length > longestExplanation ? `${text.slice(0, longestExplanation - 1)}…`.toWellFormed() : text
}
