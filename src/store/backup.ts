import { mkdir, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { temporaryBeside } from '../lib/files.ts'
import { checkCopy, publishCopy } from './copy.ts'
import { sqliteFault, unavailable } from './sqlite-faults.ts'
import { sqliteModule, withFile } from './sqlite-module.ts'

/** More than any file has. */
const allPages = 2 ** 31 - 1

/**
 * Copies a store that may be in use; `target` appears whole and checked, or not at all. Throws `store_unavailable`,
 * `store_full`, and `store_corrupt` where the copy is damaged because the store is.
 */
export async function backupSqlite(path: string, target: string): Promise<void> {
  if (resolve(path) === resolve(target)) throw unavailable(target, { text: 'a store cannot be its own backup' })
  const { backup } = sqliteModule()
  const temporary = temporaryBeside(resolve(target))
  try {
    await mkdir(dirname(temporary), { recursive: true })
    // A connection of its own, and all pages at once: one consistent state, while others go on writing.
    await withFile(path, { readOnly: true, timeout: 5_000 }, (source) => backup(source, temporary, { rate: allPages }))
    await checkCopy(temporary)
    await publishCopy(temporary, target)
  } catch (error) {
    throw sqliteFault(error, target)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(temporary + suffix, { force: true })
  }
}
