import { GreenloopError } from '../domain/errors.ts'
import type { Database } from './database.ts'

/** Queries that find nothing in a store that is whole, and what it means when they do. */
const rules: readonly (readonly [sql: string, meaning: string])[] = [
  [
    `select r.id as id from main.run as r where r.removed = 0 and r.task_count is not null and r.task_count <>
      (select count(*) from main.task as t where t.run_id = r.id) limit 20`,
    'has another number of tasks than were handed in',
  ],
  [
    `select distinct a.run_id as id from main.attempt as a where not exists (
      select 1 from main.task as t where t.run_id = a.run_id and t.seq = a.seq) limit 20`,
    'has attempts at tasks that are not there',
  ],
]

/** What is wrong in a store, in words: what its database finds, and what contradicts itself. */
export async function findFaults(database: Database, pragma?: string): Promise<readonly string[]> {
  try {
    const found = pragma === undefined ? [] : await database.all(pragma)
    const faults = found.flatMap((row) => Object.values(row).map(String)).filter((text) => text !== 'ok')
    // What a damaged file says of itself means nothing.
    return faults.length > 0 ? faults : await contradictions(database)
  } catch (error) {
    if (error instanceof GreenloopError && error.code === 'store_corrupt') return [error.message]
    throw error
  }
}

async function contradictions(database: Database): Promise<readonly string[]> {
  const found: string[] = []
  for (const [sql, meaning] of rules) for (const { id } of await database.all(sql)) found.push(`run ${id} ${meaning}`)
  return found
}
