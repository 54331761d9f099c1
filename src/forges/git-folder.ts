import { constants } from 'node:fs'
import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { FileChange } from '../domain/repository.ts'
import { readSafely } from '../lib/files.ts'
import { isGitName, pathFault } from './git-paths.ts'

/** Limits of {@link collectFolder}. */
export interface FolderCaps {
  readonly maxFiles: number
  readonly maxFileBytes: number
  readonly maxTotalBytes: number
}

/** What a folder holds for a commit. */
export interface CollectedFolder {
  readonly files: readonly FileChange[]
  /** Paths that were left out, each with the reason. */
  readonly leftOut: readonly string[]
}

const mebibyte = 1024 * 1024
const standardCaps: FolderCaps = { maxFiles: 2000, maxFileBytes: 10 * mebibyte, maxTotalBytes: 100 * mebibyte }
const maxDepth = 64

interface Collecting {
  readonly files: FileChange[]
  readonly leftOut: string[]
  readonly caps: FolderCaps
  total: number
}

/**
 * Reads the plain files of a folder that untrusted code may be writing to, sorted by path. Links, pipes, devices, files with
 * several names, large ones and unsafe names are left out and named, git's own folders without a word. Throws `git_refused` where
 * there are more files or bytes than allowed (part of them would be taken for all), and the system's error where the folder itself
 * cannot be read.
 */
export async function collectFolder(folder: string, caps: FolderCaps = standardCaps): Promise<CollectedFolder> {
  const collecting: Collecting = { files: [], leftOut: [], caps, total: 0 }
  await walk(await realpath(folder), '', collecting)
  return { files: collecting.files, leftOut: collecting.leftOut }
}

async function walk(place: string, relative: string, collecting: Collecting): Promise<void> {
  const handle = await open(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    // Through the handle, so that a folder which is exchanged for a link meanwhile leads nowhere.
    const held = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : place
    for (const name of (await readdir(held)).sort()) {
      if (isGitName(name)) continue
      await visit(join(held, name), relative === '' ? name : `${relative}/${name}`, collecting)
    }
  } finally {
    await handle.close()
  }
}

async function visit(place: string, path: string, collecting: Collecting): Promise<void> {
  const { files, leftOut, caps } = collecting
  const leave = (reason: string): void => {
    if (leftOut.length >= caps.maxFiles) tooMuch(`more than ${caps.maxFiles} entries that are no plain files`)
    leftOut.push(`${path}: ${reason}`)
  }
  const fault = pathFault(path)
  if (fault !== undefined) return leave(fault)
  const stats = await lstat(place).catch(() => undefined)
  if (stats?.isDirectory() === true) {
    if (path.split('/').length >= maxDepth) return leave(`deeper than ${maxDepth} folders`)
    return walkInto(place, path, collecting)
  }
  if (stats?.isFile() !== true) return leave(stats?.isSymbolicLink() === true ? 'a symbolic link' : 'not a plain file')
  const read = await readSafely(place, caps.maxFileBytes)
  if (read.kind === 'refused') return leave(read.reason)
  if (files.length >= caps.maxFiles) tooMuch(`more than ${caps.maxFiles} files`)
  collecting.total += read.data.length
  if (collecting.total > caps.maxTotalBytes) tooMuch(`more than ${caps.maxTotalBytes} bytes`)
  files.push({ path, content: read.data, mode: (stats.mode & 0o100) === 0 ? '100644' : '100755' })
}

/** A folder that cannot be opened, or no longer is one, is left out like any other entry. */
async function walkInto(place: string, path: string, collecting: Collecting): Promise<void> {
  try {
    await walk(place, path, collecting)
  } catch (error) {
    if (error instanceof GreenloopError) throw error
    collecting.leftOut.push(`${path}: cannot be opened`)
  }
}

function tooMuch(what: string): never {
  throw new GreenloopError('git_refused', `the folder holds ${what}`)
}
