import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Database } from './database.ts'

/** Tasks of a run that one transaction removes, so that nobody waits long for the next. */
const piece = 250
const maxPieces = 1_000_000

/**
 * Removes what belongs to a run that is marked as removed, then the run itself. Piece by piece: where the process dies
 * in between, the next pruning goes on.
 */
export async function sweep(database: Database, runId: string): Promise<void> {
  for (const table of ['event', 'attempt', 'task']) {
    for (let round = 0; round < maxPieces; round++) {
      if (!(await removePiece(database, table, runId))) break
      await othersTurn()
    }
  }
  await database.transaction((sql) => sql.run('delete from main.run where id = ? and removed = 1', [runId]), {
    urgent: true,
  })
}

async function removePiece(database: Database, table: string, runId: string): Promise<boolean> {
  const work = `exists (select 1 from main.run where id = ? and removed = 1)`
  return database.transaction(
    async (sql) => {
      const [row] = await sql.all(`select min(seq) as first from main.${table} where run_id = ? and ${work}`, [
        runId,
        runId,
      ])
      const first = row?.first
      if (typeof first !== 'number') return false
      await sql.run(`delete from main.${table} where run_id = ? and seq < ?`, [runId, first + piece])
      return true
    },
    { urgent: true },
  )
}
