import { hostname } from 'node:os'
import type { SharedStore, TokenStore } from '../domain/queue.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { isAlive as isProcessAlive } from '../lib/process-tree.ts'
import { findFaults } from './faults.ts'
import type { PostgresDatabase } from './postgres-database.ts'
import { openPostgres, schemaName } from './postgres-database.ts'
import { metaTable, migrate, readVersion, steps } from './schema.ts'
import { createSharedStore } from './shared.ts'
import { createRunStore } from './store.ts'
import { createTokenStore } from './tokens.ts'

/** How the shared store is opened. Its times are those of the database's clock. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Where the tables are; `greenloop` unless set. It is made where it is missing. */
  readonly schema?: string | undefined
  /** Name of this machine, and whether a process of it is there. */
  readonly host?: string | undefined
  readonly isAlive?: ((pid: number) => boolean) | undefined
}

/** The store that many machines share. */
export interface PostgresStore extends RunStore, SharedStore, TokenStore {
  readonly url: string
  readonly schema: string
}

const usualSchema = 'greenloop'

/**
 * Opens the shared store; many may do so at once. Throws `store_unavailable`, `store_newer`, and `usage_invalid` for a
 * schema of an impossible name.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { url, host = hostname(), isAlive = isProcessAlive } = options
  const place = { url, schema: schemaName(options.schema ?? usualSchema) }
  const database = await openPostgres(place)
  try {
    await makeReady(database, place.schema)
  } catch (error) {
    await database.close()
    throw error
  }
  const store = createRunStore(database, { host, isAlive })
  const shared = createSharedStore(database, place)
  return {
    ...store,
    ...shared,
    ...createTokenStore(database, place.schema),
    ...place,
    async end(id, ending, epoch) {
      const isEnded = await store.end(id, ending, epoch)
      if (isEnded) await shared.notify(id)
      return isEnded
    },
    async requestCancel(id, reason) {
      const run = await store.requestCancel(id, reason)
      await shared.notify(id)
      return run
    },
    check: () => findFaults(database),
    close: () => database.close(),
  }
}

/** Makes the tables, or brings them up to date; under a lock, since many may start at once. */
async function makeReady(database: PostgresDatabase, schema: string): Promise<void> {
  const [there] = await database.query('select to_regclass($1) is not null as there', [`${schema}.meta`])
  if (String(there?.['there']) === 'true' && (await readVersion(database)) === steps.length) return
  await database.shared(async (tx, sql) => {
    await tx.executeSql('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${schema}:tables`])
    await tx.executeSql(`create schema if not exists ${schema}`)
    await sql.run(metaTable)
    const version = await readVersion(sql)
    if (version < steps.length) await migrate(sql, version)
  })
}
