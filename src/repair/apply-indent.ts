const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? ''

/** A pair of lines that are the same but for their indentation. */
export interface IndentPair {
  readonly searched: string
  readonly found: string
}

/**
 * How lines of a replacement are indented where the file is indented otherwise than the search: by the same difference, or with tabs for
 * spaces or the reverse. `undefined` where the pairs follow no rule.
 */
export function reindenter(pairs: readonly IndentPair[]): ((line: string) => string) | undefined {
  const indents = pairs
    .filter(({ searched, found }) => searched.trim() !== '' && found.trim() !== '')
    .map(({ searched, found }) => ({ searched: indentOf(searched), found: indentOf(found) }))
  if (indents.every(({ searched, found }) => searched === found)) return (line) => line
  return shifted(indents) ?? tabbed(indents)
}

/** All of the file is indented further, or all of it less. */
function shifted(indents: readonly IndentPair[]): ((line: string) => string) | undefined {
  const [first] = indents
  if (first === undefined) return undefined
  const more = first.found.slice(0, Math.max(0, first.found.length - first.searched.length))
  if (indents.every(({ searched, found }) => found === more + searched))
    return (line) => (line.trim() === '' ? line : more + line)
  const less = first.searched.slice(0, Math.max(0, first.searched.length - first.found.length))
  if (indents.every(({ searched, found }) => searched === less + found))
    return (line) => (line.startsWith(less) ? line.slice(less.length) : line.trimStart())
  return undefined
}

/** One text has tabs where the other has so many spaces. */
function tabbed(indents: readonly IndentPair[]): ((line: string) => string) | undefined {
  for (const width of [4, 2, 8, 3]) {
    const spaces = ' '.repeat(width)
    const toTabs = (indent: string): string => indent.replaceAll(spaces, '\t')
    const toSpaces = (indent: string): string => indent.replaceAll('\t', spaces)
    for (const rule of [toTabs, toSpaces]) {
      if (indents.every(({ searched, found }) => rule(searched) === found))
        return (line) => rule(indentOf(line)) + line.slice(indentOf(line).length)
    }
  }
  return undefined
}
