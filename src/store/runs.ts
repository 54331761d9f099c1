import { isDeepStrictEqual } from 'node:util'
import { GreenloopError } from '../domain/errors.ts'
import type { NewRun, RunFilter, RunState, StoredRun } from '../domain/stored-run.ts'
import type { Database, Sql, Value } from './database.ts'
import { newRunValues, runOf } from './run-row.ts'
import { plain } from './cells.ts'
import { sweep } from './sweep.ts'

/** States that a run never leaves. */
export const endStates: readonly RunState[] = ['finished', 'failed', 'cancelled']

/** Whether a run is over. */
export function isOver(run: Pick<StoredRun, 'state'>): boolean {
  return endStates.includes(run.state)
}

/** Keeps a run; see `RunStore.create`. */
export async function createRun(database: Database, run: NewRun): Promise<StoredRun> {
  const values = newRunValues(run)
  const isNew = await insertRun(database, values)
  let there = await findRun(database, run.id)
  if (there === undefined) {
    // A run of this name was being removed when its process died.
    await sweep(database, run.id)
    await insertRun(database, values)
    there = await findRun(database, run.id)
  }
  if (there === undefined) throw unknownRun(run.id)
  if (!isNew && !isSame(there, values)) {
    const message = `there is another run with the id ${run.id}: ${there.kind}, ${there.title}`
    throw new GreenloopError('run_conflict', message, { help: 'give the new run another id' })
  }
  return there
}

async function insertRun(database: Database, values: readonly Value[]): Promise<boolean> {
  const sql = `insert into main.run (id, kind, title, input, policy, folder, state, created_at, epoch, removed)
    values (?, ?, ?, ?, ?, ?, 'queued', {now}, 0, 0) on conflict do nothing`
  return (await database.transaction((inner) => inner.run(sql, values))) > 0
}

/** Titles and folders may differ: they name the work and do not say what it is. */
function isSame(there: StoredRun, [, kind, , input, policy]: readonly Value[]): boolean {
  const given = [kind, JSON.parse(String(input)), policy === null ? undefined : JSON.parse(String(policy))]
  return isDeepStrictEqual([there.kind, there.input, there.policy], given)
}

/** The run of this id, where there is one. */
export async function findRun(sql: Sql, id: string): Promise<StoredRun | undefined> {
  const [row] = await sql.all('select * from main.run where id = ? and removed = 0', [id])
  return row === undefined ? undefined : runOf(row)
}

/** The runs of these ids that are there. */
export async function findRuns(sql: Sql, ids: readonly string[]): Promise<readonly StoredRun[]> {
  if (ids.length === 0) return []
  const rows = await sql.all(`select * from main.run where id in (${marks(ids)}) and removed = 0`, ids)
  return rows.map(runOf)
}

/** Runs that fit, newest first; see `RunStore.list`. */
export async function listRuns(
  database: Sql,
  { kinds, states, title, search, before, limit }: RunFilter,
): Promise<readonly StoredRun[]> {
  const conditions = ['removed = 0']
  const values: Value[] = []
  const add = (condition: string, ...given: readonly Value[]): void => {
    conditions.push(condition)
    values.push(...given)
  }
  if (kinds !== undefined) add(oneOf('kind', kinds), ...kinds)
  if (states !== undefined) add(oneOf('state', states), ...states)
  if (title !== undefined) add('title = ?', plain(title))
  if (search !== undefined) {
    const { sql, values: parts } = holding(search, 'title', 'id')
    add(sql, ...parts)
  }
  if (before !== undefined) {
    const { createdAt, id } = before
    add('(created_at < ? or (created_at = ? and id < ?))', createdAt, createdAt, id)
  }
  const where = conditions.join(' and ')
  const rows = await database.all(`select * from main.run where ${where} order by created_at desc, id desc limit ?`, [
    ...values,
    limit,
  ])
  return rows.map(runOf)
}

/** A condition on a column that takes as many values as there are; none of them fits where there are none. */
export function oneOf(column: string, values: readonly unknown[]): string {
  return values.length === 0 ? '1 = 0' : `${column} in (${marks(values)})`
}

/**
 * A condition that one of the columns holds a text, and its values. The case of letters does not count, as far as both
 * databases know it.
 */
export function holding(
  text: string,
  ...columns: readonly string[]
): { readonly sql: string; readonly values: string[] } {
  const part = `%${plain(text).replaceAll(/[!%_]/g, '!$&')}%`
  // SQLite knows small letters of Latin alone.
  const isLatin = /^[\u0020-\u007e]*$/.test(text)
  const values = isLatin ? [part.toLowerCase()] : [part.toLowerCase(), part]
  const found = columns.map((column) =>
    isLatin
      ? `lower(${column}) like ? escape '!'`
      : `lower(${column}) like ? escape '!' or ${column} like ? escape '!'`,
  )
  return { sql: `(${found.join(' or ')})`, values: columns.flatMap(() => values) }
}

/** A question mark for each value. */
function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}

/** There is no run of this id. */
export function unknownRun(id: string): GreenloopError {
  return new GreenloopError('run_unknown', `there is no run with the id ${id}`)
}
