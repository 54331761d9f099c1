import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { systemClock } from '../lib/clock.ts'
import { isShared, namedStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Copies the embedded store, while it may be in use, into a new file; gives the path of the copy. Throws
 * `store_unavailable` where there is no store.
 */
export async function backupStore(target: string, where: Surroundings): Promise<string> {
  const path = await embedded(where)
  if (!existsSync(path)) {
    throw new GreenloopError('store_unavailable', `there is no store ${path}`, {
      why: 'a copy of nothing would pass for a backup',
      help: 'name the store with --store',
    })
  }
  const { openSqliteStore } = await import('../store/sqlite.ts')
  const store = await openSqliteStore({ path, clock: systemClock })
  try {
    const copy = resolve(where.cwd, target)
    await store.backup(copy)
    return copy
  } finally {
    await store.close()
  }
}

/** What came of putting a backup in the place of the store. */
export interface Restored {
  readonly path: string
  /** Where the file that was there before lies now. */
  readonly kept?: string | undefined
}

/** Puts a backup in the place of the embedded store; what was there is kept beside it. */
export async function restoreStore(from: string, where: Surroundings): Promise<Restored> {
  const path = await embedded(where)
  const { restoreSqlite } = await import('../store/restore.ts')
  return { path, ...(await restoreSqlite({ path, from: resolve(where.cwd, from), now: systemClock.now() })) }
}

async function embedded(where: Surroundings): Promise<string> {
  const at = await namedStore(where)
  if (!isShared(at)) return at
  throw new GreenloopError('usage_invalid', 'a PostgreSQL database is backed up with its own tools', {
    help: 'pg_dump --schema=greenloop --format=custom --file=FILE URL',
  })
}
