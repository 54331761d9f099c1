import type { SourceMention } from './trace-mentions.ts'

/** Files of a project by their names, to find those that others call by a part of their path. */
export interface PathIndex {
  /** The tracked paths that a path may mean, best first: itself, what it ends with, or what ends with it. */
  readonly find: (path: string) => readonly string[]
}

/** Indexes tracked paths. */
export function indexPaths(tracked: readonly string[]): PathIndex {
  const exact = new Set(tracked)
  const byName = new Map<string, string[]>()
  for (const path of tracked) {
    const name = nameOf(path)
    const same = byName.get(name)
    if (same === undefined) byName.set(name, [path])
    else same.push(path)
  }
  const find = (path: string): readonly string[] => {
    const wanted = path.replaceAll('\\', '/').replace(/^(?:\.{0,2}\/)+/, '')
    if (exact.has(wanted)) return [wanted]
    const same = byName.get(nameOf(wanted)) ?? []
    // An absolute path of the runner ends with a tracked one: the longest is meant.
    const inside = same.filter((each) => wanted.endsWith(`/${each}`))
    if (inside.length > 0) return [inside.reduce((a, b) => (b.length > a.length ? b : a))]
    const ends = same.filter((each) => each.endsWith(`/${wanted}`))
    if (ends.length > 0) return ends.slice(0, 3)
    return same.length === 1 && !path.startsWith('/') ? same : []
  }
  return { find }
}

/** The tracked files that are mentioned, in the order of the mentions, each once with the first line that is told. */
export function resolveMentions(
  mentions: readonly SourceMention[],
  tracked: readonly string[],
): readonly SourceMention[] {
  const index = indexPaths(tracked)
  const found = new Map<string, SourceMention>()
  for (const { path, line } of mentions) {
    for (const match of index.find(path)) {
      if (found.get(match)?.line === undefined) found.set(match, { path: match, ...(line !== undefined && { line }) })
    }
  }
  return [...found.values()]
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
