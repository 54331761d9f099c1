import { GreenloopError } from '../domain/errors.ts'
import type { Sql } from './database.ts'

/** Statements that lead from each version of the tables to the next; the first make them. */
export const steps: readonly (readonly string[])[] = [
  [
    `create table run (
      id text primary key, kind text not null, title text not null, input text not null, policy text, folder text,
      state text not null, created_at bigint not null, started_at bigint, finished_at bigint,
      epoch integer not null, owner text, lease_until bigint, lease_ms bigint, cancel_requested text,
      task_count integer, verdict text, exit_code integer, reason text, removed integer not null)`,
    'create index run_created on run (created_at, id)',
    `create index run_active on run (state, kind) where state in ('queued', 'running')`,
    `create table task (
      run_id text not null, seq integer not null, task_id text not null, payload text, timeout_ms double precision,
      weight double precision, metadata text, primary key (run_id, seq), unique (run_id, task_id))`,
    // A row without state is an attempt that runs or was broken off; number 0 is the end of a task that never began.
    `create table attempt (
      run_id text not null, seq integer not null, number integer not null, state text, final integer not null,
      started_at bigint, ended_at bigint, service_ms double precision not null, queue_ms double precision not null,
      rate_ms double precision not null, tokens double precision, cost_usd double precision, epoch integer not null,
      error text, output text, primary key (run_id, seq, number))`,
    'create unique index attempt_final on attempt (run_id, seq) where final = 1',
    'create index attempt_open on attempt (run_id, seq) where state is null',
    `create table event (
      run_id text not null, seq integer not null, at bigint not null, kind text not null, data text,
      primary key (run_id, seq))`,
    // Times of a bucket are microseconds: milliseconds distort high rates.
    'create table rate_bucket (key text primary key, tat bigint not null, blocked_until bigint not null)',
  ],
  [
    // Keys stand in the order of their bytes, whatever the database makes of letters.
    `create table document (
      kind text not null, key text {bytewise} not null, value text not null, version integer not null,
      updated_at bigint not null, expires_at bigint, primary key (kind, key))`,
    'create index document_expiry on document (expires_at) where expires_at is not null',
    // What an output says of itself; see `attempt-row.ts`. A quote within a string of JSON stands behind a backslash.
    'alter table attempt add column mark text',
    `update attempt set mark = 'skipped' where final = 1 and state = 'succeeded' and output like '%"outcome":"skipped"%'`,
    // The attempts that lists and counts look for: few, in most runs.
    `create index attempt_odd on attempt (run_id, seq, number, final, state, mark)
      where state <> 'succeeded' or mark is not null`,
  ],
]

/** Version of the tables, 0 where there are none yet. Throws `store_newer` where they are of a version not known here. */
export async function readVersion(sql: Sql, known: number = steps.length): Promise<number> {
  const [row] = await sql.all(`select value from main.meta where key = 'schema'`)
  const version = Number(row?.value ?? 0)
  if (version > known) {
    throw new GreenloopError(
      'store_newer',
      `the store has tables of version ${version}; this Greenloop knows them up to ${known}`,
    )
  }
  return version
}

/** Brings the tables to the newest version, within the transaction of `sql`. `meta` must be there. */
export async function migrate(sql: Sql, from: number, all: readonly (readonly string[])[] = steps): Promise<void> {
  for (const statements of all.slice(from)) for (const statement of statements) await sql.run(statement)
  await sql.run(`delete from main.meta where key = 'schema'`)
  await sql.run(`insert into main.meta (key, value) values ('schema', ?)`, [String(all.length)])
}

/** Holds the version; made before everything else. */
export const metaTable = 'create table if not exists meta (key text primary key, value text not null)'
