import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive } from '../lib/process-tree.ts'

/** A git whose parent was killed lives on; it holds a lock of a ref for moments, and writes to a pack all the time. */
const lockAgeMs = 30_000
const packAgeMs = 3_600_000

/**
 * Clears what killed processes have left in a control repository: indexes of commits in the making, locks of git that are older
 * than half a minute, packs that nobody has written to for an hour. `nowMs` is the time since the epoch.
 */
export async function clearLeftovers(folder: string, ownFolder: string, nowMs: number): Promise<void> {
  for (const name of await namesIn(join(folder, ownFolder), false)) {
    const pid = /^commit-(\d{1,10})-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(folder, ownFolder, name), { recursive: true, force: true })
    }
  }
  const refs = (await namesIn(join(folder, 'refs'), true)).map((name) => join('refs', name))
  const locks = [...(await namesIn(folder, false)), ...refs].filter((name) => name.endsWith('.lock'))
  for (const name of locks) await removeOlder(join(folder, name), nowMs - lockAgeMs)
  const packs = await namesIn(join(folder, 'objects', 'pack'), false)
  for (const name of packs.filter((each) => /^\.?tmp_/.test(each))) {
    await removeOlder(join(folder, 'objects', 'pack', name), nowMs - packAgeMs)
  }
}

async function namesIn(folder: string, recursive: boolean): Promise<string[]> {
  return readdir(folder, { recursive }).catch(() => [])
}

async function removeOlder(path: string, sinceMs: number): Promise<void> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isFile() === true && stats.mtimeMs < sinceMs) await rm(path, { force: true })
}
