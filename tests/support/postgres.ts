import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** A PostgreSQL to test on, with schemas that nobody else uses. */
export interface TestPostgres {
  readonly url: string
  /** A fresh name; what is in that schema is removed by {@link TestPostgres.drop}. */
  schema(): string
  /** Removes every schema that was named. */
  drop(): Promise<void>
}

const candidates = ['postgres://postgres@127.0.0.1:5432/test', 'postgres://postgres@127.0.0.1:5432/postgres']
const connectTimeoutMs = 3_000

/**
 * Finds a PostgreSQL: the one of GREENLOOP_TEST_DATABASE_URL, else one on this machine. Where there is none it says so
 * on standard error, with the way to get one, and gives `undefined`: skip the tests then.
 */
export async function findPostgres(): Promise<TestPostgres | undefined> {
  const named = process.env['GREENLOOP_TEST_DATABASE_URL']
  const problems: string[] = []
  for (const url of named === undefined ? candidates : [named]) {
    const problem = await tryConnection(url)
    if (problem === undefined) return testPostgres(url)
    problems.push(problem)
  }
  const where = named === undefined ? '127.0.0.1:5432' : 'GREENLOOP_TEST_DATABASE_URL'
  process.stderr.write(
    `skipped: no PostgreSQL at ${where} (${problems[0]}); start one, or set GREENLOOP_TEST_DATABASE_URL\n`,
  )
  return undefined
}

async function tryConnection(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return undefined
  } catch (error) {
    return error instanceof Error && error.message !== '' ? error.message : String(error)
  } finally {
    await client.end().catch(() => {})
  }
}

function testPostgres(url: string): TestPostgres {
  const schemas: string[] = []
  const schema = (): string => {
    const name = `greenloop_test_${randomBytes(6).toString('hex')}`
    schemas.push(name)
    return name
  }
  const drop = async (): Promise<void> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      for (const name of schemas.splice(0)) {
        await client.query(`set client_min_messages to warning; drop schema if exists ${name} cascade`)
      }
    } finally {
      await client.end()
    }
  }
  return { url, schema, drop }
}
