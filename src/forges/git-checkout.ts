import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { TreeFile } from '../domain/repository.ts'
import { createBlobReader } from './git-blobs.ts'
import { foldedPath, foldersAbove, pathFault } from './git-paths.ts'
import { gitFailure, runGit } from './git-run.ts'
import type { Git, GitCall } from './git-run.ts'
import { isPlainMode, listTree } from './git-tree.ts'

const maxTotalBytes = 1024 ** 3

/**
 * Writes the plain files of a commit into an empty folder. Links, submodules, unsafe names and names that differ by case alone
 * are left out and named. Throws `git_refused` above 1 GiB and where the folder is not empty.
 */
export async function writeCheckout(
  git: Git,
  at: { readonly sha: string; readonly folder: string },
  signal: AbortSignal,
): Promise<{ readonly leftOut: readonly string[] }> {
  const { kept, leftOut } = choose(await listTree(git, at.sha, signal))
  const bytes = kept.reduce((sum, file) => sum + file.size, 0)
  if (bytes > maxTotalBytes) {
    throw new GreenloopError('git_refused', `the files of the commit take ${bytes} bytes; ${maxTotalBytes} are allowed`)
  }
  await checkEmpty(at.folder)
  if (kept.length > 0) await writeAll(git, { folder: at.folder, files: kept }, signal)
  return { leftOut }
}

/** Which files are written. Of those that one name would stand for where case is ignored, the first is. */
function choose(files: readonly TreeFile[]): {
  readonly kept: readonly TreeFile[]
  readonly leftOut: readonly string[]
} {
  const kept: TreeFile[] = []
  const leftOut: string[] = []
  const taken = new Set<string>()
  const folders = new Set<string>()
  for (const file of files) {
    const folded = foldedPath(file.path)
    const above = foldersAbove(folded)
    const isClash = taken.has(folded) || folders.has(folded) || above.some((folder) => taken.has(folder))
    if (isClash || !isPlainMode(file.mode) || pathFault(file.path) !== undefined) {
      leftOut.push(file.path)
      continue
    }
    taken.add(folded)
    for (const folder of above) folders.add(folder)
    kept.push(file)
  }
  return { kept, leftOut }
}

async function checkEmpty(folder: string): Promise<void> {
  const isFolder = (await lstat(folder)).isDirectory()
  if (isFolder && (await readdir(folder)).length === 0) return
  throw new GreenloopError('git_refused', `${folder} is not an empty folder`)
}

/** All contents come through one process, in order, and go to disk as they come: nothing but a part of one is in memory. */
async function writeAll(
  git: Git,
  to: { readonly folder: string; readonly files: readonly TreeFile[] },
  signal: AbortSignal,
): Promise<void> {
  const writer = createWriter(to.folder)
  const reader = createBlobReader(to.files, writer)
  const call: GitCall = {
    args: ['cat-file', '--batch', '--buffer'],
    stdin: to.files.map((file) => `${file.oid}\n`).join(''),
    timeoutMs: 600_000,
    onStdout: reader.add,
  }
  try {
    const end = await runGit(git, call, signal)
    if (end.exitCode !== 0) throw gitFailure(call, end)
  } finally {
    writer.end()
  }
  if (!reader.isComplete()) throw new GreenloopError('git_failed', 'git cat-file: the output ended too early')
}

/** Writes files that are new, in folders that it has made itself: there is no link that it could follow. */
function createWriter(root: string) {
  const made = new Set<string>()
  let open: number | undefined
  const end = (): void => {
    if (open !== undefined) closeSync(open)
    open = undefined
  }
  const begin = (file: TreeFile): void => {
    end()
    for (const folder of foldersAbove(file.path)) {
      if (!made.has(folder)) mkdirSync(join(root, folder))
      made.add(folder)
    }
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    open = openSync(join(root, file.path), flags, file.mode === '100755' ? 0o755 : 0o644)
  }
  const write = (part: Buffer): void => {
    const file = open
    if (file === undefined) return
    for (let from = 0; from < part.length;) from += writeSync(file, part, from)
  }
  return { begin, write, end }
}
