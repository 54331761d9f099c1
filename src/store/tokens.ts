import type { SharedLimit, TokenStore } from '../domain/queue.ts'
import type { PostgresDatabase } from './postgres-database.ts'

const microsOfMinute = 60e6
/** A bucket is made on first use; then the second try finds it. */
const tries = 3

/**
 * Token buckets in a table, by the generic cell rate algorithm: `tat` is the time at which the bucket would be full
 * again. One statement for each taking, by the clock of the database, so that hosts need not agree on the time.
 */
export function createTokenStore(database: PostgresDatabase, schema: string): TokenStore {
  const statements = sqlFor(schema)
  const take = async ({ key, perMinute, burst }: SharedLimit, count: number) => {
    const interval = microsOfMinute / perMinute
    for (let round = 0; round < tries; round++) {
      const [row] = await database.query(statements.take, [key, interval, burst, Math.min(count, burst)])
      if (row !== undefined) return { granted: Number(row['granted']), retryInMs: Number(row['retry_ms']) }
      await database.query(statements.make, [key])
    }
    return { granted: 0, retryInMs: Math.ceil(interval / 1_000) }
  }
  const penalize = async (key: string, forMs: number): Promise<void> => {
    await database.query(statements.penalize, [key, Math.round(forMs * 1_000)])
  }
  return { take, penalize }
}

/** $1 key, $2 microseconds for each token, $3 burst, $4 tokens wished for. */
function sqlFor(schema: string) {
  const micros = '(extract(epoch from clock_timestamp()) * 1000000)::bigint'
  return {
    make: `insert into ${schema}.rate_bucket (key, tat, blocked_until) values ($1, 0, 0) on conflict do nothing`,
    // The time is read behind the lock: who waited for it must not count by an old clock. A bucket that was blocked
    // starts empty afterwards, not full.
    take: `with held as (select key, tat, blocked_until from ${schema}.rate_bucket where key = $1 for update),
      timed as (select held.*, clock.micros from held, lateral (select ${micros} as micros where held.key = $1) as clock),
      base as (select key, micros, $2::double precision as each, greatest(tat, micros,
        case when blocked_until > 0 then blocked_until + ceil($3::integer * $2::double precision)::bigint else 0 end) as tat
        from timed),
      wish as (select *, greatest(0, least($4::integer,
        floor((micros + $3::integer * each - tat) / each)::integer)) as granted from base),
      taken as (update ${schema}.rate_bucket as bucket set tat = wish.tat + ceil(wish.granted * wish.each)::bigint
        from wish where bucket.key = wish.key and wish.granted > 0)
      select granted, case when granted > 0 then 0
        else greatest(1, ceil((tat + each - micros - $3::integer * each) / 1000)) end as retry_ms from wish`,
    penalize: `insert into ${schema}.rate_bucket (key, tat, blocked_until) values ($1, 0, ${micros} + $2::bigint)
      on conflict (key) do update set blocked_until = greatest(rate_bucket.blocked_until, excluded.blocked_until)`,
  }
}
