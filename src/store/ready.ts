import { stat } from 'node:fs/promises'
import { backupSqlite } from './backup.ts'
import { prepareFile } from './folder.ts'
import { metaTable, migrate, readVersion, steps } from './schema.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { damaged, sqliteFault, unavailable } from './sqlite-faults.ts'

/** A larger file is not read through before use: that would take seconds. */
const checkedBytes = 256 * 1024 * 1024

/** Looks at what is there before SQLite does; gives whether the file was not closed cleanly, or is open elsewhere. */
export async function lookAt(path: string): Promise<boolean> {
  try {
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory() === true) throw unavailable(path, { text: 'a folder of this name is in the way' })
    if (there === undefined) await prepareFile(path)
    const log = there === undefined ? undefined : await stat(`${path}-wal`).catch(() => undefined)
    return log !== undefined && log.size > 0 && (there?.size ?? 0) < checkedBytes
  } catch (error) {
    throw sqliteFault(error, path)
  }
}

/** A file that SQLite has opened. */
export interface Opened {
  readonly path: string
  readonly wasLeftOpen: boolean
  readonly now: number
}

/**
 * Makes the tables, or brings them up to date after a copy of the file was made. Throws `store_corrupt`, and
 * `store_newer` before anything is written.
 */
export async function makeReady(database: SqliteDatabase, opened: Opened, all = steps): Promise<void> {
  const { path, wasLeftOpen, now } = opened
  await database.exec('pragma synchronous = normal; pragma trusted_schema = off; pragma cell_size_check = on')
  if (wasLeftOpen) {
    const [answer] = await database.all('pragma quick_check(1)')
    if (answer?.quick_check !== 'ok') throw damaged(path, String(answer?.quick_check))
  }
  const version = await versionOf(database, path, all.length)
  if (version === all.length) return
  // Both must stand before the first table; a file that has tables keeps what it has.
  if (version === 0) await database.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal')
  else await backupSqlite(path, `${path}.version-${version}-${now}`)
  await database.transaction(async (sql) => {
    await sql.run(metaTable)
    // Another process may have been faster.
    const current = await readVersion(sql, all.length)
    if (current < all.length) await migrate(sql, current, all)
  })
}

/** Version of the tables; 0 in a file without any. A file with tables of somebody else's is refused. */
async function versionOf(database: SqliteDatabase, path: string, known: number): Promise<number> {
  const tables = await database.all(`select name from sqlite_master where type = 'table'`)
  if (tables.length === 0) return 0
  if (!tables.some(({ name }) => name === 'meta')) {
    throw damaged(path, `it holds tables of another program (${tables.map(({ name }) => name).join(', ')})`)
  }
  return readVersion(database, known)
}
