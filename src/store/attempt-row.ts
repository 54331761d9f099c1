import type { FinalState, TaskAttempt, TaskError, TaskResult } from '../domain/task.ts'
import type { StoredAttempt } from '../domain/stored-run.ts'
import { cell, finite, json, numberOf, parse, textOf, whole } from './cells.ts'
import type { Batch, ColumnType, Row, Sql, Value } from './database.ts'

const columns = {
  run_id: 'text',
  seq: 'integer',
  number: 'integer',
  state: 'text',
  final: 'integer',
  started_at: 'bigint',
  ended_at: 'bigint',
  service_ms: 'double precision',
  queue_ms: 'double precision',
  rate_ms: 'double precision',
  tokens: 'double precision',
  cost_usd: 'double precision',
  epoch: 'integer',
  error: 'text',
  output: 'text',
  mark: 'text',
} as const satisfies Record<string, ColumnType>
const names = Object.keys(columns).join(', ')

/** One row of the table of attempts, as it is about to be written. */
export interface AttemptRow {
  readonly runId: string
  readonly seq: number
  /** 0: the task ended without an attempt of its own to show for it. */
  readonly number: number
  /** Null while it runs. */
  readonly state: FinalState | null
  final: boolean
  /** It ended first and was found to decide afterwards, so it counts as an attempt even where another has decided. */
  promoted?: boolean
  readonly startedAt?: number | undefined
  readonly attempt?: TaskAttempt | undefined
  readonly error: string | null
  output: string | null
  /** What the output says of itself, so that lists need not read it; see {@link markOf}. */
  mark: Mark | null
}

/** A success that was none by its own words: the test was skipped, the answer did not pass its checks. */
type Mark = 'skipped' | 'failed'

/** The row of an attempt that begins. */
export function startRow(runId: string, start: { seq: number; number: number; startedAt: number }): AttemptRow {
  return { runId, ...start, state: null, final: false, error: null, output: null, mark: null }
}

/** An attempt that is over, at the task of this number. */
export interface EndedAttempt {
  readonly seq: number
  readonly attempt: TaskAttempt
  readonly output?: unknown
}

/** The row of an attempt that is over and that another one follows. Throws `internal` where the output has no JSON. */
export function attemptRow(runId: string, { seq, attempt, output }: EndedAttempt): AttemptRow {
  const { number, state, startedAt } = attempt
  const texts = { error: errorText(attempt.error), output: json(output, `the output of task number ${seq}`) }
  return { runId, seq, number, state, final: false, startedAt, attempt, ...texts, mark: markOf(state, output) }
}

/**
 * The row that decides a task: its last attempt, or number 0 where the task ended otherwise than its last attempt did.
 * Throws `internal` where the output has no JSON.
 */
export function finalRow(runId: string, seq: number, result: TaskResult): AttemptRow {
  const last = result.attempts.at(-1)
  const output = json(result.output, `the output of task ${result.task.id}`)
  const mark = markOf(result.state, result.output)
  if (last !== undefined && last.state === result.state) {
    return {
      ...attemptRow(runId, { seq, attempt: last }),
      final: true,
      error: errorText(result.error ?? last.error),
      output,
      mark,
    }
  }
  return { runId, seq, number: 0, state: result.state, final: true, error: errorText(result.error), output, mark }
}

function markOf(state: FinalState, output: unknown): Mark | null {
  if (state !== 'succeeded' || typeof output !== 'object' || output === null) return null
  if ('outcome' in output && output.outcome === 'skipped') return 'skipped'
  return 'passed' in output && output.passed === false ? 'failed' : null
}

function errorText(error: TaskError | undefined): string | null {
  return error === undefined ? null : JSON.stringify(error)
}

const insert = `insert into main.attempt (${names}) select ${names} from {rows} as given where true on conflict do nothing`
/** What an attempt is said to have taken counts once; it is unknown until it ended. */
const once = ['service_ms', 'queue_ms', 'rate_ms', 'epoch'].map(
  (name) => `${name} = case when attempt.state is null then given.${name} else attempt.${name} end`,
)
/** What was said first stays. */
const first = ['state', 'started_at', 'ended_at', 'tokens', 'cost_usd', 'error'].map(
  (name) => `${name} = coalesce(attempt.${name}, given.${name})`,
)
const update = `update main.attempt set final = given.final, output = coalesce(given.output, attempt.output),
    mark = coalesce(given.mark, attempt.mark),
    ${[...first, ...once].join(', ')}
  from {rows} as given
  where attempt.run_id = given.run_id and attempt.seq = given.seq and attempt.number = given.number
    and (attempt.state is null or (attempt.final = 0 and given.final = 1))
    and (given.final = 0 or not exists (select 1 from main.attempt as decided
      where decided.run_id = given.run_id and decided.seq = given.seq and decided.final = 1))`

/**
 * Writes rows of attempts, each as far as it says something new: what is there already stays, an attempt that began can
 * end, one that ended can become the deciding one, and of two that decide a task only the first does.
 */
export async function writeAttempts(sql: Sql, rows: readonly AttemptRow[], epoch: number): Promise<void> {
  const batch = (given: readonly AttemptRow[], text: string): Batch => ({
    columns,
    rows: given.map((row) => valuesOf(row, epoch)),
    sql: text,
  })
  const promoted = rows.filter((row) => row.promoted === true)
  const inserted = promoted.length === 0 ? rows : rows.map((row) => (row.promoted ? { ...row, final: false } : row))
  const added = await sql.many(batch(inserted, insert))
  if (added === rows.length && promoted.length === 0) return
  const ends = rows.filter((row) => row.state !== null)
  await sql.many(batch(added === rows.length ? promoted : ends, update))
}

function valuesOf(row: AttemptRow, epoch: number): readonly Value[] {
  const { attempt } = row
  return [
    row.runId,
    row.seq,
    row.number,
    row.state,
    row.final ? 1 : 0,
    whole(row.startedAt),
    whole(attempt?.endedAt),
    finite(attempt?.serviceMs),
    finite(attempt?.queueMs),
    finite(attempt?.rateMs),
    attempt?.usage?.tokens ?? null,
    attempt?.usage?.costUsd ?? null,
    epoch,
    row.error,
    row.output,
    row.mark,
  ]
}

/** An attempt as it stands in its row; one without a state was broken off or still runs. */
export function attemptOf(row: Row): StoredAttempt {
  const usage = {
    ...cell(row, 'tokens', { key: 'tokens', read: Number }),
    ...cell(row, 'cost_usd', { key: 'costUsd', read: Number }),
  }
  return {
    number: numberOf(row, 'number'),
    ...cell(row, 'attempt_state', { key: 'state', read: (state) => String(state) as FinalState }),
    startedAt: numberOf(row, 'started_at'),
    ...cell(row, 'ended_at', { key: 'endedAt', read: Number }),
    serviceMs: numberOf(row, 'service_ms'),
    queueMs: numberOf(row, 'queue_ms'),
    rateMs: numberOf(row, 'rate_ms'),
    ...cell(row, 'error', { key: 'error', read: (text) => parse(text) as TaskError }),
    ...(Object.keys(usage).length === 0 ? {} : { usage }),
    final: textOf(row, 'final') === '1',
    ...cell(row, 'output', { key: 'output', read: parse }),
  }
}
