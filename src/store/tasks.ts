import { GreenloopError } from '../domain/errors.ts'
import type { TaskPage } from '../domain/queue.ts'
import type { StoredTask } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { attemptOf } from './attempt-row.ts'
import { cell, json, numberOf, parse, storable, textOf } from './cells.ts'
import type { ColumnType, Row, Sql, Value } from './database.ts'
import { findRun, isOver, unknownRun } from './runs.ts'

const columns = {
  run_id: 'text',
  seq: 'integer',
  task_id: 'text',
  payload: 'text',
  timeout_ms: 'double precision',
  weight: 'double precision',
  metadata: 'text',
} as const satisfies Record<string, ColumnType>
const names = Object.keys(columns).join(', ')

/** Adds tasks within a transaction, see `RunStore.addTasks`; gives whether any was new. Throws `run_unknown` and `run_conflict`. */
export async function addTasks(sql: Sql, { runId, firstSeq, tasks }: TaskPage): Promise<boolean> {
  const run = await findRun(sql, runId)
  if (run === undefined) throw unknownRun(runId)
  if (tasks.length === 0) return false
  if (!(await isJoined(sql, runId, firstSeq))) {
    throw new GreenloopError('run_conflict', `the tasks before number ${firstSeq} of run ${runId} are missing`)
  }
  const rows = tasks.map((task, index) => taskValues(task, { runId, seq: firstSeq + index }))
  const added = await sql.many({
    columns,
    rows,
    sql: `insert into main.task (${names}) select ${names} from {rows} as given where true on conflict do nothing`,
  })
  if (added > 0 && (isOver(run) || (run.taskCount ?? Infinity) < firstSeq + tasks.length)) {
    throw new GreenloopError('run_conflict', `run ${runId} takes no more tasks: it is ${run.state}, or was sealed`)
  }
  if (added < rows.length) await refuseOthers(sql, { runId, firstSeq, tasks })
  return added > 0
}

async function isJoined(sql: Sql, runId: string, firstSeq: number): Promise<boolean> {
  if (firstSeq === 0) return true
  const before = await sql.all('select 1 as there from main.task where run_id = ? and seq = ?', [runId, firstSeq - 1])
  return before.length > 0
}

/** Rows that were there already must be the same tasks; otherwise two of them share an id or a number. */
async function refuseOthers(sql: Sql, { runId, firstSeq, tasks }: TaskPage): Promise<void> {
  const values = [runId, firstSeq, firstSeq + tasks.length]
  const rows = await sql.all('select seq, task_id from main.task where run_id = ? and seq >= ? and seq < ?', values)
  const there = new Map(rows.map((row) => [numberOf(row, 'seq'), textOf(row, 'task_id')]))
  const index = tasks.findIndex((task, at) => there.get(firstSeq + at) !== task.id)
  const task = tasks[index]
  if (task === undefined) return
  const other = there.get(firstSeq + index)
  const id = JSON.stringify(task.id)
  const message =
    other === undefined
      ? `run ${runId} has a task with the id ${id} already`
      : `number ${firstSeq + index} of run ${runId} is the task ${JSON.stringify(other)}, not ${id}`
  throw new GreenloopError('run_conflict', message, { help: 'ids of tasks must be unique in a run' })
}

function taskValues(task: Task, { runId, seq }: { readonly runId: string; readonly seq: number }): readonly Value[] {
  return [
    runId,
    seq,
    storable(task.id, 'the task id'),
    json(task.payload, `the payload of task ${task.id}`),
    task.timeoutMs ?? null,
    task.weight ?? null,
    json(task.metadata, `the metadata of task ${task.id}`),
  ]
}

/** Says that all tasks were handed in. Throws `run_unknown`, and `run_conflict` where there are more or fewer. */
export async function sealRun(sql: Sql, runId: string, taskCount: number): Promise<void> {
  const [row] = await sql.all('select count(*) as there from main.task where run_id = ?', [runId])
  const there = Number(row?.there ?? 0)
  const changed = await sql.run(
    'update main.run set task_count = ? where id = ? and removed = 0 and (task_count is null or task_count = ?)',
    [taskCount, runId, taskCount],
  )
  if (changed > 0 && there === taskCount) return
  const run = await findRun(sql, runId)
  if (run === undefined) throw unknownRun(runId)
  throw new GreenloopError('run_conflict', `run ${runId} has ${there} tasks, and ${taskCount} were announced`)
}

/** Columns of a task with its attempts; tasks stand as `t`, attempts as `a`. */
export const taskColumns = `t.seq, t.task_id, t.payload, t.timeout_ms, t.weight, t.metadata, a.number, a.started_at,
  a.state as attempt_state, a.final, a.ended_at, a.service_ms, a.queue_ms, a.rate_ms, a.tokens, a.cost_usd, a.error,
  a.output`

/** Tasks without a result, in their order; see `RunStore.unfinished`. */
export async function unfinishedTasks(
  sql: Sql,
  { runId, afterSeq, limit }: { readonly runId: string; readonly afterSeq: number; readonly limit: number },
): Promise<readonly StoredTask[]> {
  // A scalar query in place of `not exists`: it is asked of one task after the other, until there are enough. A join of
  // all tasks with all results is what PostgreSQL makes of the other while it has no statistics of a new run.
  const rows = await sql.all(
    `with t as (select * from main.task as given where run_id = ? and seq > ? and (
        select 1 from main.attempt as d where d.run_id = given.run_id and d.seq = given.seq and d.final = 1) is null
      order by seq limit ?)
    select ${taskColumns} from t left join main.attempt as a on a.run_id = t.run_id and a.seq = t.seq
    order by t.seq, a.number`,
    [runId, afterSeq, limit],
  )
  return groupRows(rows).map(storedTaskOf)
}

/** Rows of the same task together, in their order; each group has at least one. */
export function groupRows(rows: readonly Row[]): readonly (readonly [Row, ...Row[]])[] {
  const groups: [Row, ...Row[]][] = []
  for (const row of rows) {
    const last = groups.at(-1)
    if (last !== undefined && last[0].seq === row.seq) last.push(row)
    else groups.push([row])
  }
  return groups
}

/** A task with its attempts, from the rows of both. */
function storedTaskOf(rows: readonly [Row, ...Row[]]): StoredTask {
  const attempts = rows.filter((row) => row.number !== null && row.number !== 0)
  return { ...taskOf(rows[0]), seq: numberOf(rows[0], 'seq'), attempts: attempts.map(attemptOf) }
}

/** The task of a row. */
export function taskOf(row: Row): Task {
  return {
    id: textOf(row, 'task_id'),
    payload: row.payload === null ? undefined : parse(textOf(row, 'payload')),
    ...cell(row, 'timeout_ms', { key: 'timeoutMs', read: Number }),
    ...cell(row, 'weight', { key: 'weight', read: Number }),
    ...cell(row, 'metadata', { key: 'metadata', read: (text) => parse(text) as Readonly<Record<string, unknown>> }),
  }
}

/** Tasks of one run in ranges of numbers, without a result yet. */
export async function openTasks(
  sql: Sql,
  runId: string,
  ranges: readonly { readonly from: number; readonly to: number }[],
): Promise<readonly StoredTask[]> {
  // Each number is looked up in the indexes, whatever the planner thinks of the tables: `offset 0` keeps it from a join.
  const numbers = ranges.map(() => 'select generate_series(?::integer, ?::integer - 1) as seq').join(' union all ')
  const rows = await sql.all(
    `select ${taskColumns} from (${numbers}) as n
    cross join lateral (select * from main.task as given where given.run_id = ? and given.seq = n.seq offset 0) as t
    left join lateral (
      select * from main.attempt as own where own.run_id = t.run_id and own.seq = n.seq offset 0) as a on true
    where (select 1 from main.attempt as d where d.run_id = t.run_id and d.seq = n.seq and d.final = 1) is null
    order by t.seq, a.number`,
    [...ranges.flatMap(({ from, to }) => [from, to]), runId],
  )
  return groupRows(rows).map(storedTaskOf)
}
