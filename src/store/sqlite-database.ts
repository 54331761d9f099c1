import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { monotonic, sleep } from '../lib/clock.ts'
import type { Batch, Database, Row, Sql, TransactionOptions, Value } from './database.ts'
import { isBusy, isFull, sqliteFault } from './sqlite-faults.ts'
import { sqliteModule } from './sqlite-module.ts'

/** How a file is opened. */
export interface SqliteFile {
  readonly path: string
  readonly now: () => number
  /** Milliseconds to wait for a lock that another process holds. */
  readonly busyTimeoutMs: number
  /** Gives room back on a full disk; says whether there was any to give. */
  readonly release: () => boolean
}

/** A SQLite file, one statement or transaction at a time. */
export interface SqliteDatabase extends Database {
  /** Statements that cannot stand in a transaction, such as pragmas. */
  exec(sql: string): Promise<void>
}

/** SQLite waits this long by itself, which stops the event loop; after that we wait, which does not. */
const blockingWaitMs = 50
const longestPauseMs = 50
const maxPauses = 100_000
const statementsKept = 200
const never = new AbortController().signal

/** Opens a file of SQLite, which need not be there yet. Throws `store_unavailable` or `store_corrupt`. */
export function openSqlite(file: SqliteFile): SqliteDatabase {
  const connection = connect(file)
  const statements = createStatements(connection)
  const queue = createQueue()
  const sql = statementsOver(statements)
  /** Does `action` when it is its turn, again while another process holds the lock. */
  const inTurn = <T>(action: () => Promise<T>): Promise<T> =>
    queue(async () => {
      try {
        return await patiently(action, file.busyTimeoutMs)
      } catch (error) {
        throw sqliteFault(error, file.path)
      }
    })
  const commit = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
    await patiently(async () => connection.exec('begin immediate'), file.busyTimeoutMs)
    try {
      const result = await work(sql)
      connection.exec('commit')
      return result
    } catch (error) {
      if (connection.isTransaction) connection.exec('rollback')
      throw error
    }
  }
  const transaction = <T>(work: (sql: Sql) => Promise<T>, options: TransactionOptions = {}): Promise<T> =>
    queue(async () => {
      try {
        return await commit(work)
      } catch (error) {
        const fault = sqliteFault(error, file.path)
        if (options.urgent !== true || !isFull(fault) || !file.release()) throw fault
      }
      try {
        // The log gives its room back as well, once what stands in it is in the file.
        connection.exec('pragma wal_checkpoint(truncate)')
        return await commit(work)
      } catch (error) {
        throw sqliteFault(error, file.path)
      }
    })
  return {
    all: (text, values) => inTurn(() => sql.all(text, values)),
    run: (text, values) => inTurn(() => sql.run(text, values)),
    many: (batch) => transaction((inner) => inner.many(batch)),
    exec: (text) => inTurn(async () => connection.exec(text)),
    transaction,
    // A lock was waited for already; nothing else passes by itself.
    isPassing: () => false,
    close: () => queue(async () => (connection.isOpen ? connection.close() : undefined)),
  }
}

function connect(file: SqliteFile): DatabaseSync {
  const { DatabaseSync } = sqliteModule()
  try {
    const timeout = Math.min(blockingWaitMs, file.busyTimeoutMs)
    const connection = new DatabaseSync(file.path, { timeout, defensive: true, enableForeignKeyConstraints: false })
    connection.function('now_ms', () => Math.round(file.now()))
    return connection
  } catch (error) {
    throw sqliteFault(error, file.path)
  }
}

/** Calls do their work one after the other, each whole, in the order in which they came. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(action: () => Promise<T>): Promise<T> => {
    const turn = last.then(action)
    last = turn.catch(() => {})
    return turn
  }
}

async function patiently<T>(action: () => Promise<T>, limitMs: number): Promise<T> {
  const start = monotonic()
  for (let pause = 1; ; pause++) {
    try {
      return await action()
    } catch (error) {
      if (!isBusy(error) || pause > maxPauses || monotonic() - start >= limitMs) throw error
    }
    await sleep(Math.min(pause, longestPauseMs), never)
  }
}

function createStatements(connection: DatabaseSync) {
  const kept = new Map<string, StatementSync>()
  return (sql: string): StatementSync => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    if (kept.size >= statementsKept) kept.clear()
    const statement = connection.prepare(sql.replaceAll('{now}', 'now_ms()').replace('{bytewise}', 'collate binary'))
    kept.set(sql, statement)
    return statement
  }
}

/** SQLite answers at once; the promises only make it look like every other database. */
function statementsOver(prepare: (sql: string) => StatementSync): Sql {
  const sources = new Map<string, string>()
  /** The statement for one row of a batch. */
  const forOne = ({ sql, columns }: Batch): string => {
    const known = sources.get(sql)
    if (known !== undefined) return known
    const row = Object.keys(columns).map((name) => `? as ${name}`)
    const source = sql.replace('{rows}', `(select ${row.join(', ')})`)
    sources.set(sql, source)
    return source
  }
  return {
    all: async (sql, values = []) => prepare(sql).all(...values) as unknown as readonly Row[],
    run: async (sql, values = []) => Number(prepare(sql).run(...(values as Value[])).changes),
    async many(batch) {
      const statement = prepare(forOne(batch))
      let changed = 0
      for (const row of batch.rows) changed += Number(statement.run(...row).changes)
      return changed
    },
  }
}
