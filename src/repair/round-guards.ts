import { ciPathsOf } from './round-ci-paths.ts'
import { filesOf, projectOf, repositoryOf } from './repair-context.ts'
import type { GuardInput } from './guards.ts'
import { known } from './repair-state.ts'
import type { PatchedFile } from './apply.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'

/** Largest file that a patch may be applied to, in bytes. */
const maxFileBytes = 2 * 1024 * 1024
/** Largest file that is searched for names, in bytes. */
const maxCodeBytes = 100_000
/** Files that are read at most; guards refuse patches of far fewer. */
const mostPaths = 200

/** Texts of files on our branch, by path; those that are not there, no text or too large are left out. */
export async function readAll(
  state: RepairState,
  paths: readonly string[],
  context: RepairContext,
): Promise<ReadonlyMap<string, string>> {
  const repository = await repositoryOf(state, context)
  const sha = known(state.pushedSha)
  const regular = new Set(
    (await filesOf(state, context)).filter(({ mode }) => mode.startsWith('100')).map(({ path }) => path),
  )
  const texts = new Map<string, string>()
  const wanted = [...new Set(paths)].filter((path) => regular.has(path))
  for (const path of wanted.slice(0, mostPaths)) {
    const bytes = await repository.read(sha, path, maxFileBytes, context.signal)
    const text = bytes === undefined ? undefined : decoded(bytes)
    if (text !== undefined) texts.set(path, text)
  }
  return texts
}

/** The text with its byte order mark, or `undefined` where the bytes are no UTF-8. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What the guards look at. */
export async function guardInput(
  state: RepairState,
  files: readonly PatchedFile[],
  context: RepairContext,
): Promise<GuardInput> {
  const { world } = context
  const tree = await filesOf(state, context)
  const { ciConfigPath } = await projectOf(state, context)
  const readOne = async (path: string): Promise<string | undefined> => (await readAll(state, [path], context)).get(path)
  const others = files.some(hasFewerDefinitions) ? await codeFiles(state, context) : new Map<string, string>()
  const tracked = tree.map(({ path }) => path)
  return {
    files,
    tree,
    rules: world.policy.guards,
    ciPaths: await ciPathsOf(ciConfigPath, tracked, readOne),
    // An answer that was on record comes back with its secrets taken out.
    findSecrets: (text) => /\[redacted[\] ]/.test(text) || world.redactor.source(text) !== text,
    read: (path) => others.get(path),
  }
}

/** Whether a patch may remove a function or a type: only then others are searched for its name. */
function hasFewerDefinitions({ before = '', after }: PatchedFile): boolean {
  const count = (text: string): number =>
    text.match(/\b(?:def|class|function|interface|type|enum|const)\b/g)?.length ?? 0
  return count(after) < count(before)
}

/** Code that may name what a patch removes: the first files of the project. */
async function codeFiles(state: RepairState, context: RepairContext): Promise<ReadonlyMap<string, string>> {
  const tree = await filesOf(state, context)
  const code = tree.filter(({ path, size }) => /\.(?:py|[cm]?[jt]sx?)$/.test(path) && size <= maxCodeBytes)
  return readAll(
    state,
    code.map(({ path }) => path),
    context,
  )
}
