import type { Pool, PoolClient } from 'pg'
import { GreenloopError } from '../domain/errors.ts'
import type { Tx } from '../domain/queue.ts'
import type { Batch, Database, Row, Sql, Value } from './database.ts'
import { isPassing, postgresFault } from './postgres-faults.ts'

/** A PostgreSQL schema that was opened. */
export interface PostgresDatabase extends Database {
  /** A transaction that others may write into as well: `sql` for us, `tx` for them. */
  shared<T>(work: (tx: Tx, sql: Sql) => Promise<T>): Promise<T>
  /** Our statements in a transaction that {@link PostgresDatabase.shared} opened. */
  within(tx: Tx): Sql
  /** Statements as PostgreSQL knows them, outside of any transaction. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** Where the tables are. */
export interface PostgresPlace {
  readonly url: string
  readonly schema: string
}

const connections = 8
const connectTimeoutMs = 10_000
const queryTimeoutMs = 120_000
/** A process that sleeps in a transaction must not hold its locks for ever. */
const idleLimit = '20s'

/** The answer of the driver, as far as it is used here. */
interface Answer {
  readonly rows: unknown[]
  readonly rowCount?: number | null
}
type Query = (sql: string, values?: unknown[]) => Promise<Answer>

/** Opens a pool on a schema, which need not be there yet. Throws `store_unavailable`. */
export async function openPostgres(place: PostgresPlace): Promise<PostgresDatabase> {
  const pool = await openPool(place.url)
  const translate = createTranslator(place.schema)
  const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action()
    } catch (error) {
      throw postgresFault(error, place.url)
    }
  }
  const sqlOver = (query: Query): Sql => statementsOver(query, translate)
  const direct = sqlOver((sql, values) => pool.query(sql, values))
  // Only in a transaction, since a pooler in between gives each one another session.
  const begin = `begin; set local search_path to ${place.schema}; set local idle_in_transaction_session_timeout to '${idleLimit}'`
  const shared = <T>(work: (tx: Tx, sql: Sql) => Promise<T>): Promise<T> =>
    guarded(() =>
      withClient(pool, async (client) => {
        await client.query(begin)
        const query: Query = (sql, values) => client.query(sql, values)
        const result = await work({ executeSql: query }, sqlOver(query))
        await client.query('commit')
        return result
      }),
    )
  return {
    all: (sql, values) => guarded(() => direct.all(sql, values)),
    run: (sql, values) => guarded(() => direct.run(sql, values)),
    many: (batch) => guarded(() => direct.many(batch)),
    transaction: (work) => shared((_, sql) => work(sql)),
    shared,
    within: (tx) => sqlOver((sql, values) => tx.executeSql(sql, values)),
    query: (sql, values = []) => guarded(async () => (await pool.query(sql, [...values])).rows as Row[]),
    isPassing,
    close: () => guarded(() => pool.end()),
  }
}

/** Loaded only here: whoever uses the embedded store does not pay for it. */
async function openPool(url: string): Promise<Pool> {
  const { default: pg } = await import('pg')
  // bigint and numeric come as text, because they may be too large for a number; ours never are.
  const exact = new Set([20, 1700])
  const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    exact.has(oid) ? Number : pg.types.getTypeParser(oid, format ?? 'text')
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    application_name: 'greenloop',
    keepAlive: true,
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
  })
  // A connection that breaks while it lies idle is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  const onError = (): void => {}
  client.on('error', onError)
  let isSound = true
  try {
    return await work(client)
  } catch (error) {
    isSound = await client.query('rollback').then(
      () => true,
      () => false,
    )
    throw error
  } finally {
    client.off('error', onError)
    client.release(!isSound)
  }
}

/** Turns the common words into those of PostgreSQL, once for each statement. */
function createTranslator(schema: string) {
  const known = new Map<string, string>()
  const now = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
  return (sql: string): string => {
    const there = known.get(sql)
    if (there !== undefined) return there
    let count = 0
    const translated = sql
      .replaceAll('main.', `${schema}.`)
      .replaceAll('{now}', now)
      .replace('{bytewise}', 'collate "C"')
      .replaceAll('?', () => `$${++count}`)
    if (known.size > 500) known.clear()
    known.set(sql, translated)
    return translated
  }
}

function statementsOver(query: Query, translate: (sql: string) => string): Sql {
  return {
    all: async (sql, values = []) => (await query(translate(sql), [...values])).rows as Row[],
    run: async (sql, values = []) => changedBy(await query(translate(sql), [...values])),
    async many(batch) {
      if (batch.rows.length === 0) return 0
      return changedBy(await query(translate(overArrays(batch)), columnsOf(batch)))
    },
  }
}

function changedBy({ rows, rowCount }: Answer): number {
  return rowCount ?? rows.length
}

/** One array for each column: the fastest way to bring many rows to the server. */
function overArrays({ columns, sql }: Batch): string {
  const arrays = Object.values(columns).map((type) => `?::${type}[]`)
  const names = Object.keys(columns).join(', ')
  return sql.replace('{rows}', `(select * from unnest(${arrays.join(', ')}) as given(${names}))`)
}

function columnsOf({ columns, rows }: Batch): Value[][] {
  return Object.keys(columns).map((_, index) => rows.map((row) => row[index] ?? null))
}

/** A name as PostgreSQL takes it without quotes; throws `usage_invalid` for any other. */
export function schemaName(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return name
  throw new GreenloopError('usage_invalid', `${JSON.stringify(name)} cannot be the name of a schema`, {
    why: 'it must consist of small letters, digits and underscores',
  })
}
