import { matchesGlob } from 'node:path/posix'
import { parseDocument } from 'yaml'

/** Files that describe the pipeline, at most. */
const mostFiles = 50

/** The file that describes the pipeline and the files of the project that it includes, those of includes too. */
export async function ciPathsOf(
  file: string,
  tracked: readonly string[],
  read: (path: string) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const known = new Set(tracked)
  const found = new Set([file])
  // A set gives what is put into it while it is gone through.
  for (const path of found) {
    if (found.size > mostFiles) break
    const text = known.has(path) ? await read(path) : undefined
    for (const local of text === undefined ? [] : localIncludes(text)) {
      const matches = local.includes('*') ? tracked.filter((each) => matchesGlob(each, local)) : [local]
      for (const match of matches.slice(0, mostFiles)) found.add(match)
    }
  }
  return [...found]
}

function localIncludes(text: string): readonly string[] {
  const document = parseDocument(text, { logLevel: 'silent', strict: false, uniqueKeys: false })
  const root: unknown = document.errors.length > 0 ? undefined : asPlain(document)
  return pathsOf(entry(root, 'include')).map((path) => path.replace(/^\/+/, ''))
}

/** `undefined` for aliases without end and the like. */
function asPlain(document: { toJS(options: { maxAliasCount: number }): unknown }): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    return undefined
  }
}

function pathsOf(include: unknown): readonly string[] {
  if (typeof include === 'string') return include.includes('://') ? [] : [include]
  if (Array.isArray(include)) return include.flatMap((each: unknown) => (Array.isArray(each) ? [] : pathsOf(each)))
  const local = entry(include, 'local')
  return typeof local === 'string' ? [local] : []
}

function entry(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined
}
