import type { EventPage, ResultPage, RunEvent, StoredResult, TaskCounts } from '../domain/stored-run.ts'
import type { FinalState, TaskAttempt, TaskError } from '../domain/task.ts'
import { attemptOf } from './attempt-row.ts'
import { numberOf, parse, textOf } from './cells.ts'
import type { Row, Sql } from './database.ts'
import { endStates, oneOf, unknownRun } from './runs.ts'
import { groupRows, taskColumns, taskOf } from './tasks.ts'

const over = endStates.map((state) => `'${state}'`).join(', ')
const ends = ['succeeded', 'failed', 'timeout', 'cancelled', 'error'] as const satisfies readonly FinalState[]

const decided = ends.map((state) => `count(case when final = 1 and state = '${state}' then 1 end) as ${state}`)
/** An attempt that was broken off is none that ended; whatever is on record behind the first is a retry. */
const ended = 'case when state is not null and number > 0 then 1 end'
const again = 'case when state is not null and number > 1 then 1 end'
const countsSql = `select s.*, r.state as run_state,
    coalesce(r.task_count, (select count(*) from main.task as t where t.run_id = r.id)) as tasks,
    (select count(distinct a.seq) from main.attempt as a
      where a.run_id = r.id and a.state is null and a.epoch = r.epoch and not exists (select 1 from main.attempt as d
        where d.run_id = a.run_id and d.seq = a.seq and d.final = 1)) as running
  from main.run as r, (select ${decided.join(', ')}, count(${ended}) as attempts, count(${again}) as retries,
    sum(service_ms) as service_ms, sum(queue_ms) as queue_ms, sum(rate_ms) as rate_ms,
    sum(tokens) as tokens, sum(cost_usd) as cost_usd from main.attempt where run_id = ?) as s
  where r.id = ? and r.removed = 0`

/** Tasks of a run by where they are; see {@link TaskCounts}. Throws `run_unknown`. */
export async function countTasks(sql: Sql, runId: string): Promise<TaskCounts> {
  const [row] = await sql.all(countsSql, [runId, runId])
  if (row === undefined) throw unknownRun(runId)
  const sum = ends.reduce((total, state) => total + numberOf(row, state), 0)
  const left = Math.max(0, numberOf(row, 'tasks') - sum)
  const isEnded = endStates.some((state) => state === row.run_state)
  const running = isEnded ? 0 : Math.min(left, numberOf(row, 'running'))
  return {
    total: isEnded ? sum + left : sum,
    succeeded: numberOf(row, 'succeeded'),
    failed: numberOf(row, 'failed'),
    timeout: numberOf(row, 'timeout'),
    cancelled: numberOf(row, 'cancelled') + (isEnded ? left : 0),
    error: numberOf(row, 'error'),
    attempts: numberOf(row, 'attempts'),
    retries: numberOf(row, 'retries'),
    serviceMs: numberOf(row, 'service_ms'),
    queueMs: numberOf(row, 'queue_ms'),
    rateMs: numberOf(row, 'rate_ms'),
    tokens: numberOf(row, 'tokens'),
    costUsd: numberOf(row, 'cost_usd'),
    pending: isEnded ? 0 : left - running,
    running,
  }
}

/** A page of results in the order of the tasks; see `RunStore.results`. */
export async function resultPage(sql: Sql, runId: string, page: ResultPage): Promise<readonly StoredResult[]> {
  const states = page.states ?? ends
  const withoutResult = states.includes('cancelled') ? `or (f.state is null and r.state in (${over}))` : ''
  const rows = await sql.all(
    `with t as (select given.*, f.state, r.reason from main.run as r join main.task as given on given.run_id = r.id
        left join main.attempt as f on f.run_id = given.run_id and f.seq = given.seq and f.final = 1
      where r.id = ? and r.removed = 0 and given.run_id = ? and given.seq > ?
        and (${oneOf('f.state', states)} ${withoutResult})
      order by given.seq limit ?)
    select ${taskColumns}, t.state as task_state, t.reason from t
    left join main.attempt as a on a.run_id = t.run_id and a.seq = t.seq order by t.seq, a.number`,
    [runId, runId, page.afterSeq, ...states, page.limit],
  )
  return groupRows(rows).map(resultOf)
}

function resultOf(rows: readonly [Row, ...Row[]]): StoredResult {
  const [first] = rows
  const attempts = rows.filter(isEndedAttempt).map(endedAttemptOf)
  const decision = rows.find((row) => row.final === 1)
  const sum = (read: (attempt: TaskAttempt) => number | undefined): number =>
    attempts.reduce((total, attempt) => total + (read(attempt) ?? 0), 0)
  const base = {
    seq: numberOf(first, 'seq'),
    task: taskOf(first),
    attempts,
    usage: { tokens: sum(({ usage }) => usage?.tokens), costUsd: sum(({ usage }) => usage?.costUsd) },
  }
  if (decision === undefined) {
    const message = typeof first.reason === 'string' ? first.reason : 'the run ended before this task did'
    return { ...base, state: 'cancelled', error: { class: 'cancelled', message } }
  }
  return {
    ...base,
    state: textOf(decision, 'attempt_state') as FinalState,
    ...(decision.error === null ? {} : { error: parse(textOf(decision, 'error')) as TaskError }),
    ...(decision.output === null ? {} : { output: parse(textOf(decision, 'output')) }),
  }
}

function isEndedAttempt(row: Row): boolean {
  return typeof row.number === 'number' && row.number > 0 && row.attempt_state !== null
}

function endedAttemptOf(row: Row): StoredResult['attempts'][number] {
  const { final, output, ...attempt } = attemptOf(row)
  const ended = { ...attempt, state: textOf(row, 'attempt_state') as FinalState, endedAt: numberOf(row, 'ended_at') }
  // That of the attempt that decided the task is the output of the result.
  return final || output === undefined ? ended : { ...ended, output }
}

/** Events behind a number, in their order. */
export async function eventsAfter(
  sql: Sql,
  { runId, afterSeq, limit }: { readonly runId: string; readonly afterSeq: number; readonly limit: number },
): Promise<readonly RunEvent[]> {
  const rows = await sql.all('select * from main.event where run_id = ? and seq > ? order by seq limit ?', [
    runId,
    afterSeq,
    limit,
  ])
  return rows.map(eventOf)
}

/** Events of some kinds behind a number; the others are not read, and they are many. */
export async function eventsOfKinds(
  sql: Sql,
  runId: string,
  { kinds, afterSeq, limit }: EventPage,
): Promise<{ readonly lastSeq: number; readonly events: readonly RunEvent[] }> {
  const [newest] = await sql.all('select coalesce(max(seq), 0) as last_seq from main.event where run_id = ?', [runId])
  const rows = await sql.all(
    `select * from main.event where run_id = ? and seq > ? and ${oneOf('kind', kinds)} order by seq limit ?`,
    [runId, afterSeq, ...kinds, limit],
  )
  return { lastSeq: newest === undefined ? 0 : numberOf(newest, 'last_seq'), events: rows.map(eventOf) }
}

function eventOf(row: Row): RunEvent {
  return {
    seq: numberOf(row, 'seq'),
    at: numberOf(row, 'at'),
    kind: textOf(row, 'kind'),
    data: row.data === null ? undefined : parse(textOf(row, 'data')),
  }
}
