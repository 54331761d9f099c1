import { indexPaths } from './diagnosis-paths.ts'
import type { PathIndex } from './diagnosis-paths.ts'
import { isTestPath } from './guard-protected.ts'
import { excerptOf } from './source-files-cut.ts'
import { importsOf, subjectsOf } from './source-files-imports.ts'
import type { SourceMention } from './trace.ts'

/** A file as the model sees it. */
export interface PromptFile {
  readonly path: string
  /** As it stands in the project, without line numbers; where it is cut, marks say how many lines are missing. */
  readonly content: string
  /** `test`: shown to be understood, not to be changed. */
  readonly reason: 'mentioned' | 'imported' | 'changed' | 'test'
  readonly cut: boolean
}

/** What files are chosen from. */
export interface FileChoice {
  /** Tracked paths, best first. */
  readonly mentions: readonly SourceMention[]
  /** Paths that the merge request changes. */
  readonly changed: readonly string[]
  readonly tracked: readonly string[]
  /** Characters of all contents together. */
  readonly maxChars: number
  /** Content of a file; `undefined` where it is not there or not text. */
  readonly read: (path: string) => Promise<string | undefined>
  /** Whether a test may be changed all the same. */
  readonly isOpened?: ((path: string) => boolean) | undefined
}

interface Candidate {
  readonly path: string
  readonly reason: PromptFile['reason']
  readonly lines: readonly number[]
}

/** Files that are shown, at most. */
const maxFiles = 24
/** Files whose imports are followed. */
const maxFollowed = 12
/** Part of the room that one file may take. */
const share = 0.4
/** Less of a file than this says nothing. */
const leastChars = 200

const unread = /(?:^|\/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|go\.sum|Cargo\.lock)$/

/**
 * Chooses the files that the model sees: those that the failure names, what they import and what tests among them test, then
 * those that the merge request changes. Long ones are cut around the lines that are named.
 */
export async function chooseFiles(input: FileChoice): Promise<readonly PromptFile[]> {
  const index = indexPaths(input.tracked)
  const contents = new Map<string, string | undefined>()
  const read = async (path: string): Promise<string | undefined> => {
    if (!contents.has(path)) contents.set(path, await input.read(path))
    return contents.get(path)
  }
  const mentioned = namedFiles(input.mentions, index)
  const imported = await importedFiles(mentioned.slice(0, maxFollowed), index, read)
  const changed = input.changed.filter((path) => index.find(path)[0] === path)
  const candidates = ordered(mentioned, imported, changed)
  const files: PromptFile[] = []
  let left = input.maxChars
  for (const { path, reason, lines } of candidates) {
    if (files.length >= maxFiles || left < leastChars) break
    const content = await read(path)
    if (content === undefined || content.includes('\0')) continue
    const excerpt = excerptOf(content, Math.min(left, Math.max(leastChars, Math.floor(input.maxChars * share))), lines)
    left -= excerpt.content.length
    const isOpened = reason === 'test' && input.isOpened?.(path) === true
    files.push({ path, reason: isOpened ? 'mentioned' : reason, ...excerpt })
  }
  return files
}

function namedFiles(mentions: readonly SourceMention[], index: PathIndex): readonly Candidate[] {
  const lines = new Map<string, number[]>()
  for (const { path, line } of mentions) {
    if (index.find(path)[0] !== path || unread.test(path)) continue
    const known = lines.get(path) ?? []
    lines.set(path, known)
    if (line !== undefined) known.push(line)
  }
  return [...lines].map(([path, lines]) => ({ path, reason: isTestPath(path) ? 'test' : 'mentioned', lines }))
}

async function importedFiles(
  files: readonly Candidate[],
  index: PathIndex,
  read: (path: string) => Promise<string | undefined>,
): Promise<readonly Candidate[]> {
  const found: string[] = []
  for (const { path } of files) {
    const content = await read(path)
    if (content !== undefined) found.push(...subjectsOf(path, index), ...importsOf(path, content, index))
  }
  return found.map((path) => ({ path, reason: isTestPath(path) ? 'test' : 'imported', lines: [] }))
}

/** Sources that are named, then the first test, what is imported, what is changed, and the other tests. */
function ordered(
  mentioned: readonly Candidate[],
  imported: readonly Candidate[],
  changed: readonly string[],
): readonly Candidate[] {
  const isTest = ({ reason }: Candidate): boolean => reason === 'test'
  const tests = mentioned.filter(isTest)
  const all = [
    ...mentioned.filter((each) => !isTest(each)),
    ...tests.slice(0, 1),
    ...imported.filter((each) => !isTest(each)),
    ...changed
      .filter((path) => !unread.test(path))
      .map((path): Candidate => ({ path, reason: isTestPath(path) ? 'test' : 'changed', lines: [] })),
    ...tests.slice(1),
    ...imported.filter(isTest),
  ]
  const once = new Map<string, Candidate>()
  for (const each of all) if (!once.has(each.path)) once.set(each.path, each)
  return [...once.values()]
}
