import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { temporaryBeside } from '../lib/files.ts'
import { checkCopy, publishCopy } from './copy.ts'
import { isBusy, sqliteFault, unavailable } from './sqlite-faults.ts'
import { withFile } from './sqlite-module.ts'

/** What a restoring is told. */
export interface Restoring {
  /** The store that is replaced; it need not be there. */
  readonly path: string
  /** The backup. */
  readonly from: string
  /** Epoch milliseconds, for the name of the file that is kept. */
  readonly now: number
}

/**
 * Puts a backup in the place of a store. The backup is checked first; the old file is kept beside the new one, under the
 * name that is given back. Throws `store_corrupt`, `store_newer` and `store_unavailable`, with the old store untouched.
 */
export async function restoreSqlite({ path, from, now }: Restoring): Promise<{ readonly kept?: string }> {
  const temporary = temporaryBeside(resolve(path))
  try {
    await stat(from)
    await mkdir(dirname(temporary), { recursive: true, mode: 0o700 })
    await copyFile(from, temporary)
    await checkCopy(temporary, from)
    await refuseInUse(path)
    const kept = `${path}.damaged-${now}`
    const isThere = await renameIfThere(path, kept)
    // What stands in the log belongs to the old file, and would be read into the new one.
    await renameIfThere(`${path}-wal`, `${kept}-wal`)
    await rm(`${path}-shm`, { force: true })
    await publishCopy(temporary, path)
    return isThere ? { kept } : {}
  } catch (error) {
    throw sqliteFault(error, from)
  } finally {
    for (const suffix of ['', '-wal', '-shm']) await rm(temporary + suffix, { force: true })
  }
}

/**
 * Throws `store_unavailable` where another process has the store open. A file that is no database has no users, and
 * must not be opened: that would already change what lies beside it.
 */
async function refuseInUse(path: string): Promise<void> {
  if (!(await startsWith(path, 'SQLite format 3\0'))) return
  // Only whoever is alone may use the file without shared memory.
  const alone = 'pragma locking_mode = exclusive; begin exclusive; rollback'
  try {
    await withFile(path, { timeout: 0 }, (old) => old.exec(alone))
  } catch (error) {
    // Damage is no reason to refuse: it is what a restoring is for.
    if (isBusy(error)) throw unavailable(path, { text: 'another process has it open', cause: error })
  }
}

async function startsWith(path: string, text: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined)
  if (handle === undefined) return false
  try {
    const { buffer } = await handle.read(Buffer.alloc(text.length), 0, text.length, 0)
    return buffer.toString('latin1') === text
  } finally {
    await handle.close()
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  if ((await stat(from).catch(() => undefined)) === undefined) return false
  await rename(from, to)
  return true
}
