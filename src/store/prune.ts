import type { PruneRule, StoredRun } from '../domain/stored-run.ts'
import type { Database } from './database.ts'
import { endStates } from './runs.ts'
import { runOf } from './run-row.ts'
import { sweep } from './sweep.ts'

const over = endStates.map((state) => `'${state}'`).join(', ')
/** Runs that one pruning removes at most. */
const mostRuns = 100_000

/**
 * Removes ended runs; see `RunStore.prune`. With both a number and an age, only runs beyond both go; a rule with
 * neither removes nothing.
 */
export async function pruneRuns(database: Database, rule: PruneRule): Promise<readonly StoredRun[]> {
  if (!rule.dryRun) await sweepLeftovers(database)
  const chosen = await choose(database, rule)
  if (rule.dryRun) return chosen
  const removed: StoredRun[] = []
  for (const run of chosen) {
    const sql = `update main.run set removed = 1 where id = ? and removed = 0 and state in (${over})`
    const changed = await database.transaction((inner) => inner.run(sql, [run.id]), { urgent: true })
    if (changed === 0) continue
    await sweep(database, run.id)
    removed.push(run)
  }
  return removed
}

async function choose(database: Database, { endedBefore, keep }: PruneRule): Promise<readonly StoredRun[]> {
  if (endedBefore === undefined && keep === undefined) return []
  const rows = await database.all(
    `select * from main.run where removed = 0 and state in (${over}) order by finished_at desc, id desc limit ? offset ?`,
    [mostRuns, keep ?? 0],
  )
  return rows.map(runOf).filter(({ finishedAt }) => endedBefore === undefined || (finishedAt ?? 0) < endedBefore)
}

/** Goes on where an earlier pruning was broken off. */
async function sweepLeftovers(database: Database): Promise<void> {
  const rows = await database.all('select id from main.run where removed = 1')
  for (const { id } of rows) await sweep(database, String(id))
}
