import { GreenloopError } from '../domain/errors.ts'
import type { TreeFile } from '../domain/repository.ts'
import { isObjectId } from './git-paths.ts'
import { gitOutput } from './git-run.ts'
import type { Git } from './git-run.ts'

const maxFiles = 100_000
const maxListBytes = 64 * 1024 * 1024

/** Modes of plain files; links and submodules have others. */
export function isPlainMode(mode: string): boolean {
  return mode === '100644' || mode === '100755'
}

/** Throws `git_refused` unless each text is a whole id of an object, so that none is taken for an option or an expression. */
export function checkIds(...ids: readonly string[]): void {
  if (!ids.every(isObjectId)) throw new GreenloopError('git_refused', 'that is no id of a commit')
}

/** All files of a commit. Throws `git_refused` above 100,000: half a list would be taken for the whole. */
export async function listTree(git: Git, sha: string, signal: AbortSignal): Promise<readonly TreeFile[]> {
  checkIds(sha)
  const args = ['ls-tree', '-r', '-z', '-l', '--full-tree', sha]
  const files = readEntries(await gitOutput(git, { args, maxBytes: maxListBytes }, signal))
  if (files.length <= maxFiles) return files
  throw new GreenloopError('git_refused', `the commit has ${files.length} files; ${maxFiles} are allowed`)
}

/** Content of a plain file of a commit; `undefined` where there is none or it is larger than `maxBytes`. */
export async function readBlob(
  git: Git,
  file: { readonly sha: string; readonly path: string; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  checkIds(file.sha)
  if (file.path === '' || file.path.includes('\0') || file.path.endsWith('/')) return undefined
  const args = ['ls-tree', '-z', '-l', '--full-tree', file.sha, '--', file.path]
  const found = readEntries(await gitOutput(git, { args }, signal)).find((entry) => entry.path === file.path)
  if (found === undefined || !isPlainMode(found.mode) || found.size > file.maxBytes) return undefined
  return gitOutput(git, { args: ['cat-file', 'blob', found.oid], maxBytes: file.maxBytes }, signal)
}

/** Parts of an output that git ends with a zero byte each. */
export function splitZero(output: Buffer): string[] {
  const parts = output.toString('utf8').split('\0')
  parts.pop()
  return parts
}

function readEntries(output: Buffer): TreeFile[] {
  return splitZero(output).flatMap((entry) => {
    const tab = entry.indexOf('\t')
    const [mode = '', kind, oid = '', size = ''] = entry.slice(0, tab).split(/ +/)
    return kind === 'tree' ? [] : [{ path: entry.slice(tab + 1), mode, oid, size: Number.parseInt(size, 10) || 0 }]
  })
}
