import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { FileChange, NewCommit, TreeFile } from '../domain/repository.ts'
import { plainText } from '../lib/plain-text.ts'
import { checkChanges } from './git-changes.ts'
import { gitText } from './git-run.ts'
import type { Git } from './git-run.ts'
import { checkIds, listTree } from './git-tree.ts'

/** A commit that is being made, with what all of its steps need. */
interface Making {
  readonly git: Git
  readonly commit: NewCommit
  /** Folder of this commit alone, for its index and contents. */
  readonly folder: string
  readonly files: ReadonlyMap<string, TreeFile>
}

/**
 * Makes a commit with an index of its own and no working tree, so that no filter or hook has a say and no path leads anywhere.
 * Its dates follow from its parent, so that the same input gives the same commit. Throws `git_refused` for a path that is none
 * and where nothing changes.
 */
export async function makeCommit(git: Git, commit: NewCommit, signal: AbortSignal): Promise<string> {
  checkIds(commit.parent)
  const files = new Map((await listTree(git, commit.parent, signal)).map((file) => [file.path, file]))
  checkChanges(commit.changes, files)
  const message = writeMessage(git, commit)
  const folder = await mkdtemp(join(git.folder, 'greenloop', `commit-${process.pid}-`))
  try {
    const tree = await writeTree({ git, commit, folder, files }, signal)
    const before = await gitText(git, { args: ['rev-parse', '--verify', `${commit.parent}^{tree}`] }, signal)
    if (tree === before) throw new GreenloopError('git_refused', 'nothing changes')
    const env = await identityEnv(git, commit.parent, signal)
    const args = ['commit-tree', tree, '-p', commit.parent, '-F', '-']
    return await gitText(git, { args, env, stdin: message }, signal)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeTree(making: Making, signal: AbortSignal): Promise<string> {
  const { git, commit, folder, files } = making
  const ids = await writeContents(making, signal)
  const env = { GIT_INDEX_FILE: join(folder, 'index') }
  await gitText(git, { args: ['read-tree', `${commit.parent}^{tree}`], env }, signal)
  const stdin = commit.changes.map((change) => indexLine(change, ids, files)).join('')
  await gitText(git, { args: ['update-index', '-z', '--index-info'], env, stdin }, signal)
  return gitText(git, { args: ['write-tree'], env }, signal)
}

function indexLine(change: FileChange, ids: ReadonlyMap<string, string>, files: ReadonlyMap<string, TreeFile>): string {
  const id = ids.get(change.path)
  if (id === undefined) return `0 ${'0'.repeat(40)}\t${change.path}\0`
  return `${files.get(change.path)?.mode ?? change.mode ?? '100644'} ${id}\t${change.path}\0`
}

/** Contents go through files, named by number, since they may be binary. Gives the id of each by its path. */
async function writeContents({ git, commit, folder }: Making, signal: AbortSignal): Promise<Map<string, string>> {
  const paths: string[] = []
  const places: string[] = []
  for (const { path, content } of commit.changes) {
    if (content === undefined) continue
    const place = join(folder, String(places.length))
    await writeFile(place, content, { flag: 'wx', mode: 0o600, signal })
    paths.push(path)
    places.push(place)
  }
  if (places.length === 0) return new Map()
  const args = ['hash-object', '-w', '--no-filters', '--stdin-paths']
  const ids = (await gitText(git, { args, stdin: `${places.join('\n')}\n` }, signal)).split('\n')
  return new Map(paths.map((path, index) => [path, ids[index] ?? '']))
}

/** One second after the parent, and never outside of what each tool can read (1970 to 2100). */
async function identityEnv(git: Git, parent: string, signal: AbortSignal): Promise<Record<string, string>> {
  const args = ['log', '-1', '--no-show-signature', '--format=%ct', parent]
  const seconds = Number.parseInt(await gitText(git, { args }, signal), 10)
  const date = `@${Math.min(Math.max(Number.isNaN(seconds) ? 0 : seconds, 0) + 1, 4_102_444_800)} +0000`
  return {
    GIT_AUTHOR_NAME: plainText(git.author.name),
    GIT_AUTHOR_EMAIL: plainText(git.author.email),
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: plainText(git.author.name),
    GIT_COMMITTER_EMAIL: plainText(git.author.email),
    GIT_COMMITTER_DATE: date,
  }
}

function writeMessage(git: Git, { message, trailers }: NewCommit): string {
  const body = git.redactor.text(plainText(message)).trim() || 'Change files'
  const lines = Object.entries(trailers).map(([key, value]) => {
    if (/^[A-Za-z][A-Za-z0-9-]*$/.test(key) && value === plainText(value).trim() && !value.includes('\n')) {
      return `${key}: ${value}`
    }
    throw new GreenloopError('git_refused', `the trailer ${JSON.stringify(key)} is not one plain line`)
  })
  return lines.length === 0 ? `${body}\n` : `${body}\n\n${lines.join('\n')}\n`
}
