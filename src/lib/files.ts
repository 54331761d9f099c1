import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file to be written: its absolute path and what goes into it. */
export interface FileContent {
  readonly path: string
  readonly data: string | Uint8Array
}

/** Writes one file so that it is there whole or not at all; see {@link writeAllAtomic}. */
export async function writeAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await writeAllAtomic([{ path, data }])
}

/**
 * Writes files at once, each through a temporary file beside it that is flushed to the disk and then renamed, so that
 * no name ever stands for half a file. When one cannot be written, none appears; throws the system's error with `path`.
 */
export async function writeAllAtomic(files: readonly FileContent[]): Promise<void> {
  const staged = files.map((file) => ({ ...file, temporary: temporaryBeside(file.path) }))
  try {
    await allOrFirstError(staged.map((file) => writeFlushed(file.temporary, file.data)))
    await allOrFirstError(staged.map((file) => rename(file.temporary, file.path)))
  } catch (error) {
    await Promise.all(staged.map((file) => rm(file.temporary, { force: true })))
    throw error
  }
  await Promise.all([...new Set(files.map((file) => dirname(file.path)))].map(flushFolder))
}

/**
 * Makes a folder and those above it; one that is there already is as good. Unlike `mkdir` with `recursive`, it does not
 * try for ever where a file system such as /proc denies that anything can be there. Throws the system's error.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolders(dirname(path))
    await makeOne(path)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory() !== true) throw error
  }
}

/** A name for a hidden file in the same folder, which nothing else uses. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

/** What became of reading a file that somebody else may have put there. */
export type SafeRead =
  | { readonly kind: 'file'; readonly data: Buffer }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Reads a plain file without following a link, waiting on a pipe or opening a device; anything else, a file with
 * several names and a file above `maxBytes` are refused. Throws the system's error where the disk fails.
 */
export async function readSafely(path: string, maxBytes: number): Promise<SafeRead> {
  let handle: FileHandle
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return { kind: 'refused', reason: openRefusals[codeOf(error)] ?? 'cannot be opened' }
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) return { kind: 'refused', reason: 'not a plain file' }
    if (stats.nlink > 1) return { kind: 'refused', reason: 'has several names (hard links)' }
    if (stats.size > maxBytes) return { kind: 'refused', reason: `larger than ${maxBytes} bytes` }
    return { kind: 'file', data: await readUpTo(handle, stats.size) }
  } finally {
    await handle.close()
  }
}

/** Limits of {@link listFiles}. */
export interface ListLimits {
  readonly maxFiles: number
  readonly maxDepth: number
}

/** What lies in a folder: plain files by relative path with forward slashes, sorted, and what was passed over. */
export interface Listing {
  readonly files: readonly string[]
  readonly omitted: readonly { readonly path: string; readonly reason: string }[]
}

/** Lists the files below a folder without following links; hidden names are left out silently, the rest is named. */
export async function listFiles(folder: string, limits: ListLimits): Promise<Listing> {
  const files: string[] = []
  const omitted: { path: string; reason: string }[] = []
  const walk = async (relative: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(join(folder, relative))) {
      if (entry.name.startsWith('.')) continue
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (files.length + omitted.length >= limits.maxFiles) {
        omitted.push({ path, reason: `more than ${limits.maxFiles} entries; this and what follows is left out` })
        return
      }
      if (entry.isFile()) files.push(path)
      else if (!entry.isDirectory()) omitted.push({ path, reason: 'not a plain file' })
      else if (depth >= limits.maxDepth) omitted.push({ path, reason: `deeper than ${limits.maxDepth} folders` })
      else await walk(path, depth + 1)
    }
  }
  await walk('', 1)
  return { files: files.sort(), omitted }
}

/** Whether something stands at this path, be it a broken link. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
    throw error
  }
}

const openRefusals: Readonly<Record<string, string>> = {
  ELOOP: 'a symbolic link',
  ENOENT: 'not there',
  ENXIO: 'not a plain file',
  EACCES: 'may not be read',
}

async function writeFlushed(path: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o644)
  try {
    await handle.writeFile(data)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Reads what the file held when it was measured, even if it grows meanwhile. */
async function readUpTo(handle: FileHandle, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await handle.read(buffer, filled, size - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** Makes renames survive a loss of power. Some systems cannot flush a folder, and the files are whole without it. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(codeOf(error))) throw error
  }
}

/** Waits for all, so that nothing still runs when the first error is thrown. */
async function allOrFirstError(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
