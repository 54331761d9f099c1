import { setImmediate as othersTurn } from 'node:timers/promises'
import type {
  JudgedTask,
  OutcomeQuery,
  TaskOutcome,
  TaskQuery,
  TaskVerdict,
  TaskViews,
  VerdictCounts,
} from '../domain/task-verdict.ts'
import type { TaskError } from '../domain/task.ts'
import { attemptOf } from './attempt-row.ts'
import { numberOf, parse, textOf } from './cells.ts'
import type { Database, Row, Sql } from './database.ts'
import { endStates, holding, oneOf, unknownRun } from './runs.ts'
import { groupRows, taskColumns, taskOf } from './tasks.ts'

const over = endStates.map((state) => `'${state}'`).join(', ')
/** What the index of odd attempts holds; SQLite wants its condition in these very words. */
const odd = `(state <> 'succeeded' or mark is not null)`
const within = 'run_id = ? and seq > ? and seq <= ?'
const early = `final = 0 and state in ('failed', 'timeout', 'error')`

/** Whether there is a row of an attempt at the task `t`; a scalar query, which PostgreSQL asks of one after the other. */
const hasAttempt = (condition: string): string =>
  `(select 1 from main.attempt as x where x.run_id = t.run_id and x.seq = t.seq and ${condition} limit 1) is not null`

/** Where the task `t` of the run `r` stands, with `f` as the attempt that decided it; see {@link TaskVerdict}. */
const verdict = `case
  when f.seq is null then case
    when r.state in (${over}) then 'cancelled'
    when ${hasAttempt('x.state is null and x.epoch = r.epoch')} then 'running'
    else 'pending' end
  when f.state in ('failed', 'timeout') then 'failed'
  when f.state = 'error' then 'errored'
  when f.state = 'cancelled' then 'cancelled'
  when f.mark = 'failed' then 'failed'
  when ${hasAttempt(early)} then case when f.mark = 'skipped' then 'failed' else 'flaky' end
  when f.mark = 'skipped' then 'skipped'
  else 'passed' end`

/** Which rows of the index of odd attempts may lead to a task of a verdict. */
const oddRows: Readonly<Partial<Record<TaskVerdict, string>>> = {
  failed: `(final = 1 and (state in ('failed', 'timeout') or mark is not null))`,
  errored: `(final = 1 and state = 'error')`,
  flaky: `(${early})`,
  skipped: `(final = 1 and mark = 'skipped')`,
}

/** Numbers among which the tasks of these verdicts are; takes the run's id and the range of {@link within}. */
function candidates(verdicts: readonly TaskVerdict[]): string {
  const rows = verdicts.flatMap((each) => oddRows[each] ?? [])
  if (rows.length === verdicts.length && rows.length > 0) {
    return `select distinct seq from main.attempt where ${within} and ${odd} and (${rows.join(' or ')})`
  }
  if (!verdicts.every((each) => undecided.has(each))) {
    return verdicts.length === 1 && verdicts[0] === 'passed' ? passedTasks : allTasks
  }
  if (verdicts.includes('cancelled')) return `${allTasks} and (not ${isDecided} or ${wasCancelled})`
  return verdicts.includes('pending') ? `${allTasks} and not ${isDecided}` : openTasks
}

/** Verdicts of tasks without a result, which are often looked for where there are none. */
const undecided: ReadonlySet<TaskVerdict> = new Set<TaskVerdict>(['pending', 'running', 'cancelled'])
const allTasks = `select seq from main.task as t where ${within}`
const openTasks = `select distinct seq from main.attempt where ${within} and state is null`
const isDecided = hasAttempt('x.final = 1')
const wasCancelled = hasAttempt(`x.final = 1 and x.state <> 'succeeded' and x.state = 'cancelled'`)
const passedTasks = `${allTasks} and ${isDecided}
  and not ${hasAttempt(`x.final = 1 and (x.state <> 'succeeded' or x.mark is not null)`)}`

/** Tasks as people look at them, on any database. */
export function createTaskViews(database: Database): TaskViews {
  return {
    tasks: (runId, query) => judgedTasks(database, runId, query),
    verdicts: (runId) => countVerdicts(database, runId),
    outcomes: (query) => readOutcomes(database, query),
  }
}

/** Numbers that are looked through at once at first, and at most: a rare task is found without a long statement. */
const firstWindow = 1_000
const widestWindow = 16_000

async function judgedTasks(sql: Sql, runId: string, query: TaskQuery): Promise<readonly JudgedTask[]> {
  const { verdicts, search, limit } = query
  const [row] = await sql.all('select max(seq) as last from main.task where run_id = ?', [runId])
  if (row === undefined || row.last === null || limit < 1) return []
  if (verdicts?.every((each) => undecided.has(each)) === true) {
    const counts = await countVerdicts(sql, runId)
    if (verdicts.every((each) => counts[each] === 0)) return []
  }
  const last = numberOf(row, 'last')
  const picked: Row[] = []
  let width = verdicts === undefined && search === undefined ? limit : firstWindow
  for (let from = query.afterSeq; from < last && picked.length < limit; from += width, width *= 2) {
    width = Math.min(width, Math.max(widestWindow, limit))
    picked.push(...(await pick(sql, { runId, from, to: from + width }, { ...query, limit: limit - picked.length })))
    // A store in a file answers without a pause.
    await othersTurn()
  }
  return withDetails(sql, runId, picked)
}

interface Window {
  readonly runId: string
  /** Number before the first one. */
  readonly from: number
  readonly to: number
}

async function pick(sql: Sql, { runId, from, to }: Window, { verdicts, search, limit }: TaskQuery) {
  const range = [runId, from, to]
  const part = search === undefined ? undefined : holding(search, 't.task_id')
  const among = verdicts === undefined ? '' : `and t.seq in (${candidates(verdicts)})`
  return sql.all(
    `select t.seq, ${verdict} as verdict, r.reason from main.task as t join main.run as r on r.id = t.run_id
      left join main.attempt as f on f.run_id = t.run_id and f.seq = t.seq and f.final = 1 and f.seq > ? and f.seq <= ?
    where r.id = ? and r.removed = 0 and t.run_id = ? and t.seq > ? and t.seq <= ? ${among}
      ${part === undefined ? '' : `and ${part.sql}`}
      ${verdicts === undefined ? '' : `and ${oneOf(`(${verdict})`, verdicts)}`} order by t.seq limit ?`,
    [
      from,
      to,
      runId,
      ...range,
      ...(verdicts === undefined ? [] : range),
      ...(part?.values ?? []),
      ...(verdicts ?? []),
      limit,
    ],
  )
}

/** The tasks of these rows with all attempts; both sides are narrowed, so that no planner reads the whole run. */
async function withDetails(sql: Sql, runId: string, picked: readonly Row[]): Promise<readonly JudgedTask[]> {
  const numbers = picked.map((row) => numberOf(row, 'seq'))
  if (numbers.length === 0) return []
  const rows = await sql.all(
    `select ${taskColumns} from main.task as t
    left join main.attempt as a on a.run_id = ? and a.seq = t.seq and ${oneOf('a.seq', numbers)}
    where t.run_id = ? and ${oneOf('t.seq', numbers)} order by t.seq, a.number`,
    [runId, ...numbers, runId, ...numbers],
  )
  const bySeq = new Map(picked.map((row) => [row.seq, row]))
  return groupRows(rows).flatMap((group) => {
    const head = bySeq.get(group[0].seq ?? null)
    return head === undefined ? [] : [judgedTaskOf(group, head)]
  })
}

function judgedTaskOf(rows: readonly [Row, ...Row[]], head: Row): JudgedTask {
  const attempts = rows.filter((row) => row.number !== null && row.number !== 0).map(attemptOf)
  const verdict = textOf(head, 'verdict') as TaskVerdict
  const end = rows.find((row) => row.final === 1)
  return { ...taskOf(rows[0]), seq: numberOf(rows[0], 'seq'), verdict, attempts, ...errorOf(verdict, head, end) }
}

function errorOf(verdict: TaskVerdict, head: Row, end: Row | undefined): { readonly error?: TaskError } {
  if (end !== undefined) return end.error === null ? {} : { error: parse(textOf(end, 'error')) as TaskError }
  if (verdict !== 'cancelled') return {}
  const message = typeof head.reason === 'string' ? head.reason : 'the run ended before this task did'
  return { error: { class: 'cancelled', message } }
}

/** Tasks are numbered without gaps, so that the greatest number tells how many there are. */
const countsSql = `select r.state as run_state, s.*,
    coalesce(r.task_count, (select max(seq) + 1 from main.task where run_id = r.id), 0) as tasks,
    (select count(*) from main.attempt where run_id = r.id and final = 1) as ended,
    (select count(distinct e.seq) from main.attempt as e where e.run_id = r.id and (e.state <> 'succeeded' or e.mark is not null)
      and e.final = 0 and e.state in ('failed', 'timeout', 'error')
      and (select 1 from main.attempt as f where f.run_id = e.run_id and f.seq = e.seq and f.final = 1
        and f.state = 'succeeded' and f.mark is null) is not null) as flaky,
    (select count(*) from main.attempt as t where t.run_id = r.id and (state <> 'succeeded' or mark is not null)
      and t.final = 1 and t.mark = 'skipped' and ${hasAttempt(early)}) as taken_back
  from main.run as r, (select
      count(case when state in ('failed', 'timeout') or mark = 'failed' then 1 end) as failed,
      count(case when state = 'error' then 1 end) as errored,
      count(case when state = 'cancelled' then 1 end) as cancelled,
      count(case when mark = 'skipped' then 1 end) as skipped
    from main.attempt where run_id = ? and ${odd} and final = 1) as s
  where r.id = ? and r.removed = 0`
const runningSql = `select t.task_id from (select distinct a.seq, a.run_id from main.attempt as a, main.run as r
    where r.id = ? and a.run_id = r.id and a.state is null and a.epoch = r.epoch and r.state = 'running'
      and (select 1 from main.attempt as d where d.run_id = a.run_id and d.seq = a.seq and d.final = 1) is null) as o
  join main.task as t on t.run_id = o.run_id and t.seq = o.seq order by t.seq`
const runningShown = 16

async function countVerdicts(sql: Sql, runId: string): Promise<VerdictCounts> {
  const [row] = await sql.all(countsSql, [runId, runId])
  if (row === undefined) throw unknownRun(runId)
  const isEnded = endStates.some((state) => state === row.run_state)
  const total = numberOf(row, 'tasks')
  const ended = numberOf(row, 'ended')
  const left = Math.max(0, total - ended)
  const open = isEnded || left === 0 ? [] : await sql.all(runningSql, [runId])
  const running = Math.min(left, open.length)
  const takenBack = numberOf(row, 'taken_back')
  const failed = numberOf(row, 'failed') + takenBack
  const skipped = numberOf(row, 'skipped') - takenBack
  const [errored, flaky, cancelled] = [numberOf(row, 'errored'), numberOf(row, 'flaky'), numberOf(row, 'cancelled')]
  return {
    total,
    passed: ended - failed - skipped - errored - flaky - cancelled,
    failed,
    flaky,
    skipped,
    errored,
    cancelled: cancelled + (isEnded ? left : 0),
    pending: isEnded ? 0 : left - running,
    running,
    runningIds: open.slice(0, runningShown).map((each) => textOf(each, 'task_id')),
  }
}

async function readOutcomes(sql: Sql, query: OutcomeQuery): Promise<readonly TaskOutcome[]> {
  const { runIds, ids, afterSeq = -1, limit } = query
  const rows = await sql.all(
    `select t.run_id, t.seq, t.task_id, ${verdict} as verdict, (select sum(s.service_ms) from main.attempt as s
        where s.run_id = t.run_id and s.seq = t.seq and s.state is not null and s.number > 0) as duration
    from main.run as r join main.task as t on t.run_id = r.id
    left join main.attempt as f on f.run_id = t.run_id and f.seq = t.seq and f.final = 1 where r.removed = 0 and ${oneOf('r.id', runIds)} and ${oneOf('t.run_id', runIds)}
      and ${ids === undefined ? '' : `${oneOf('t.task_id', ids)} and +`}t.seq > ? order by t.run_id, t.seq limit ?`,
    [...runIds, ...runIds, ...(ids ?? []), afterSeq, limit],
  )
  return rows.map((row) => ({
    runId: textOf(row, 'run_id'),
    seq: numberOf(row, 'seq'),
    id: textOf(row, 'task_id'),
    verdict: textOf(row, 'verdict') as TaskVerdict,
    ...(row.duration === null ? {} : { durationMs: Number(row.duration) }),
  }))
}
