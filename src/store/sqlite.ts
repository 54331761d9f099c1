import { hostname } from 'node:os'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { GreenloopError } from '../domain/errors.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { isAlive as isProcessAlive } from '../lib/process-tree.ts'
import { backupSqlite } from './backup.ts'
import { createBallast } from './ballast.ts'
import { findFaults } from './faults.ts'
import { lookAt, makeReady } from './ready.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { openSqlite } from './sqlite-database.ts'
import { isFull } from './sqlite-faults.ts'
import { createRunStore } from './store.ts'

/** How the embedded store is opened. */
export interface SqliteOptions {
  /** The file; it and its folder are made where they are missing. */
  readonly path: string
  readonly clock: { now(): number }
  /** Milliseconds to wait for a lock that another process holds; 5,000 unless set. */
  readonly busyTimeoutMs?: number | undefined
  /** Bytes kept in reserve for a full disk; 16 MiB unless set, 0 for none. */
  readonly ballastBytes?: number | undefined
  /** Name of this machine, and whether a process of it is there. */
  readonly host?: string | undefined
  readonly isAlive?: ((pid: number) => boolean) | undefined
}

/** The store in one file. */
export interface SqliteStore extends RunStore {
  readonly path: string
  /** Copies the store while it is in use; the copy is checked and appears whole or not at all. */
  backup(target: string): Promise<void>
}

const usualBusyTimeoutMs = 5_000
const usualBallastBytes = 16 * 1024 * 1024
/** Pages that one transaction of the vacuum gives back. */
const vacuumPages = 1_000
const maxVacuums = 10_000

/**
 * Opens the embedded store. Throws `store_unavailable`, `store_corrupt`, and `store_newer` before anything is written.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<SqliteStore> {
  const { path, clock, busyTimeoutMs = usualBusyTimeoutMs, ballastBytes = usualBallastBytes } = options
  const { host = hostname(), isAlive = isProcessAlive } = options
  const wasLeftOpen = await lookAt(path)
  const ballast = createBallast(`${path}.ballast`, ballastBytes)
  const database = openSqlite({ path, now: () => clock.now(), busyTimeoutMs, release: () => ballast.release() })
  const opened = { path, wasLeftOpen, now: clock.now() }
  try {
    // Even reading takes a little room beside the file; on a full disk that is what the ballast is for.
    await makeReady(database, opened).catch((error: unknown) => {
      if (!isFull(error) || !ballast.release()) throw error
      return makeReady(database, opened)
    })
  } catch (error) {
    await database.close()
    throw error
  }
  const store = createRunStore(database, { host, isAlive })
  let filling: Promise<void> = Promise.resolve()
  const refill = (): void => void (filling = filling.then(() => ballast.ensure()))
  return {
    ...store,
    path,
    async create(run) {
      const stored = await store.create(run)
      refill()
      return stored
    },
    async prune(rule) {
      const removed = await store.prune(rule)
      if (!rule.dryRun && removed.length > 0) await giveBack(database)
      refill()
      return removed
    },
    check: () => findFaults(database, 'pragma integrity_check(20)'),
    backup: (target) => backupSqlite(path, target),
    async close() {
      await filling
      await database.close()
    },
  }
}

/** Gives the room of removed rows back to the disk, in pieces; what cannot be given back now is used again later. */
async function giveBack(database: SqliteDatabase): Promise<void> {
  try {
    for (let round = 0; round < maxVacuums; round++) {
      // The log must not grow by what is to be given back.
      await database.exec('pragma wal_checkpoint(truncate)')
      const [row] = await database.all('pragma freelist_count')
      if (Number(row?.freelist_count ?? 0) === 0) return
      await database.exec(`pragma incremental_vacuum(${vacuumPages})`)
      await othersTurn()
    }
  } catch (error) {
    // The runs are removed all the same.
    if (!(error instanceof GreenloopError) || error.code === 'store_corrupt') throw error
  }
}
