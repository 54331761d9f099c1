import type { ChunkRecord, SharedStore } from '../domain/queue.ts'
import { attemptRow, writeAttempts } from './attempt-row.ts'
import type { Sql } from './database.ts'
import { addEnd, addResult, createGroup } from './group.ts'
import type { Group } from './group.ts'
import { listenTo } from './listening.ts'
import type { PostgresDatabase, PostgresPlace } from './postgres-database.ts'
import { runOf } from './run-row.ts'
import { findRuns, oneOf } from './runs.ts'
import { addTasks, openTasks } from './tasks.ts'

/** Whoever holds a lock and is silent for longer loses it. */
const exclusiveLimit = '60s'

/** What the store in PostgreSQL has beyond the embedded one. */
export function createSharedStore(database: PostgresDatabase, { url, schema }: PostgresPlace): SharedStore {
  const channel = `${schema}_run`
  return {
    transaction: (work) => database.shared((tx) => work(tx)),
    heads: async (ids) => new Map((await findRuns(database, [...new Set(ids)])).map((run) => [run.id, run])),
    async open(ranges) {
      const byRun = [...Map.groupBy(ranges, ({ runId }) => runId)]
      const found = byRun.map(async ([runId, own]) => [runId, await openTasks(database, runId, own)] as const)
      return new Map(await Promise.all(found))
    },
    admit: (page, tx) => addTasks(database.within(tx), page),
    record: (records, tx) => recordAll(database.within(tx), records),
    async notify(runId, tx) {
      const sql = 'select pg_notify($1, $2)'
      if (tx === undefined) await database.query(sql, [channel, runId])
      else await tx.executeSql(sql, [channel, runId])
    },
    listen: (onRun) => listenTo({ url, name: channel, onMessage: onRun }),
    async active(kinds) {
      const sql = `select * from main.run where state = 'running' and removed = 0 and ${oneOf('kind', kinds)}`
      return (await database.all(sql, kinds)).map(runOf)
    },
    // The lock ends with its transaction: so a process that sleeps loses it, and a pooler in between does no harm.
    exclusively: (name, work) =>
      database.shared(async (tx) => {
        const lock = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as mine'
        const { rows } = await tx.executeSql(lock, [`${schema}:${name}`])
        const isMine = (rows as readonly { mine: boolean }[])[0]?.mine === true
        if (isMine) {
          await tx.executeSql(`set local idle_in_transaction_session_timeout to '${exclusiveLimit}'`)
          await work()
        }
        return isMine
      }),
    async now() {
      const [row] = await database.all('select {now} as now')
      return Number(row?.now ?? 0)
    },
  }
}

/** The epoch of whoever writes under the lease of a chunk, which is another fence. */
const noEpoch = 0

async function recordAll(sql: Sql, records: readonly ChunkRecord[]): Promise<void> {
  const groups = new Map<string, Group>()
  for (const { runId, seq, attempt, result } of records) {
    const group = groups.get(runId) ?? createGroup(runId)
    groups.set(runId, group)
    if (attempt !== undefined) addEnd(group, attemptRow(runId, { seq, attempt }))
    if (result !== undefined) addResult(group, seq, result)
  }
  const rows = [...groups.values()].flatMap((group) => [...group.attempts.values()])
  await writeAttempts(sql, rows, noEpoch)
}
