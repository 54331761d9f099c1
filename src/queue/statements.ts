import { heldBackSeconds } from './jobs.ts'

/** What pg-boss has no call for. Parameters stand behind each statement's name. */
export interface Statements {
  /** Gives a row where `prepare` has to be done. */
  readonly isBare: string
  /** Without parameters; again is harmless, but it waits for whoever writes. */
  readonly prepare: string
  /** $1 queue, $2 first and $3 last group that is let go. */
  readonly release: string
  /** $1 queues, $2 run id. */
  readonly pending: string
  /** $1 queues, $2 limit. */
  readonly exhausted: string
  /** $1 queues, $2 job ids. */
  readonly discard: string
}

/** The statements on the job table of a schema, whose name must have been checked. */
export function statementsFor(schema: string): Statements {
  const job = `"${schema}".job`
  return {
    isBare: `select 1 where to_regclass('"${schema}".greenloop_held') is null`,
    // The watch looks for silent holders each second, and counts all jobs for figures that nobody reads. With 300,000
    // jobs waiting that took 190 ms; an index on the few that are held, and a pause of the counting, make it 6 ms.
    prepare: `
      select pg_advisory_xact_lock(hashtext('greenloop:${schema}'));
      create index if not exists greenloop_held on "${schema}".job_common (name, state)
        where state in ('active', 'failed');
      update "${schema}".version set monitor_backoff_on = now() + interval '100 years'`,
    release: `
      update ${job} set start_after = now(), priority = 0, keep_until = keep_until - interval '${heldBackSeconds} seconds'
      where name = $1 and state = 'created' and priority = -1 and group_id >= $2 and group_id <= $3`,
    pending: `
      select count(*)::int as count from ${job}
      where name = any($1::text[]) and state <= 'active' and data->>'runId' = $2`,
    exhausted: `
      select id, name, retry_count as "retryCount", data from ${job}
      where name = any($1::text[]) and state = 'failed' limit $2`,
    discard: `
      delete from ${job} where name = any($1::text[]) and state = 'failed' and id = any($2::uuid[])
      returning id`,
  }
}
