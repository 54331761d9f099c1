/**
 * The journal: 1,000,000 tasks that do nothing, run by the engine and recorded one by one, without a result and with one of 1 KB, beside a plain `node:sqlite`
 * loop that writes as many rows, 500 in a transaction and one in each; and rows a second into PostgreSQL.
 * Run: npm run bench:journal [tasks] [rounds]
 */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { RunStore } from '../src/domain/stored-run.ts'
import type { Task, TaskResult } from '../src/domain/task.ts'
import { executeTasks } from '../src/engine/execute-tasks.ts'
import { openPostgresStore } from '../src/store/postgres.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { findPostgres } from '../tests/support/postgres.ts'

const tasks = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 3)
/** Results of 1 KB are about five times slower, so fewer of them tell as much. */
const tasksWithResults = Math.ceil(tasks / 5)
const pageSize = 5_000
const output = { text: 'r'.repeat(1_000) }
const targets = { bare: 30_000, results: 8_000 }

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const perSecond = (count: number, start: number): number => (count / (performance.now() - start)) * 1_000

const taskOf = (index: number): Task => ({ id: `task-${index}`, payload: null })
const resultOf = (task: Task, result: unknown): TaskResult => ({
  task,
  state: 'succeeded',
  output: result,
  attempts: [{ number: 1, state: 'succeeded', startedAt: 1, endedAt: 2, serviceMs: 0.5, queueMs: 0, rateMs: 0 }],
  usage: { tokens: 0, costUsd: 0 },
})

async function prepared(store: RunStore, id: string, count: number): Promise<number> {
  await store.create({ id, kind: 'trial', title: 'bench', input: null })
  for (let first = 0; first < count; first += pageSize) {
    const size = Math.min(pageSize, count - first)
    await store.addTasks(
      id,
      first,
      Array.from({ length: size }, (_, index) => taskOf(first + index)),
    )
  }
  await store.seal(id, count)
  const run = await store.claim(id, { host: 'bench', pid: process.pid, token: 'bench' }, 600_000)
  return run?.epoch ?? 0
}

/** Tasks that do nothing, 64 at a time with a time limit and retries, each attempt told to the journal. */
async function record(store: RunStore, count: number, result: unknown): Promise<number> {
  const id = `run-${count}`
  const journal = store.journal(id, await prepared(store, id, count))
  const numbered = function* (): Generator<Task<number>> {
    for (let seq = 0; seq < count; seq++) yield { id: `task-${seq}`, payload: seq }
  }
  const start = performance.now()
  const policy = { concurrency: 64, timeoutSeconds: 60, retry: { maxAttempts: 3 } }
  await executeTasks(numbered(), async () => result, policy, {
    onStart: (task, number, startedAt) => void journal.append({ kind: 'start', seq: task.payload, number, startedAt }),
    onResult: (ended) => journal.append({ kind: 'result', seq: ended.task.payload, result: ended }),
  })
  await journal.close()
  const speed = perSecond(count, start)
  const { succeeded } = await store.counts(id)
  if (succeeded !== count) throw new Error(`${succeeded} of ${count} tasks are on record`)
  return speed
}

async function ours(folder: string, count: number, result: unknown): Promise<number> {
  const path = join(folder, 'ours.db')
  const store = await openSqliteStore({ path, clock: Date, ballastBytes: 0 })
  const speed = await record(store, count, result)
  await store.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  return speed
}

/** The least that could be written: one row for each task, by one key, without a fence and without waiting for anyone. */
function plain(folder: string, count: number, { result, group }: { result: unknown; group: number }): number {
  const path = join(folder, 'plain.db')
  const database = new DatabaseSync(path)
  database.exec(`pragma journal_mode = wal; pragma synchronous = normal;
    create table attempt (run_id text, seq integer, number integer, state text, started_at integer, ended_at integer,
      service_ms real, output text, primary key (run_id, seq, number))`)
  const insert = database.prepare('insert into attempt values (?, ?, ?, ?, ?, ?, ?, ?)')
  const start = performance.now()
  for (let seq = 0; seq < count;) {
    database.exec('begin immediate')
    for (const end = Math.min(count, seq + group); seq < end; seq++) {
      insert.run('run', seq, 1, 'succeeded', 1, 2, 0.5, result === undefined ? null : JSON.stringify(result))
    }
    database.exec('commit')
  }
  const speed = perSecond(count, start)
  database.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  return speed
}

interface Speeds {
  readonly ours: number[]
  /** Plain rows, 500 in a transaction. */
  readonly grouped: number[]
  /** Plain rows, a transaction for each. */
  readonly single: number[]
}

function report(name: string, speeds: Speeds, target: number): void {
  const [own, grouped, single] = [median(speeds.ours), median(speeds.grouped), median(speeds.single)]
  const ratios = [grouped, single].map((peer) => `${peer.toFixed(0)} (ours is ${(own / peer).toFixed(2)} of it)`)
  const verdict = own >= target ? 'reached' : 'MISSED'
  console.log(`${name}: ${own.toFixed(0)} tasks/s; target ${target} ${verdict}`)
  console.log(`  plain loop, rows/s: 500 in a transaction ${ratios[0]}, one in each ${ratios[1]}`)
}

async function round(folder: string, { count, result }: { count: number; result: unknown }, speeds: Speeds) {
  speeds.ours.push(await ours(folder, count, result))
  speeds.grouped.push(plain(folder, count, { result, group: 500 }))
  // Many times slower, and as steady over fewer rows.
  speeds.single.push(plain(folder, Math.ceil(count / 20), { result, group: 1 }))
}

const folder = await mkdtemp(join(tmpdir(), 'greenloop-bench-'))
try {
  const bare: Speeds = { ours: [], grouped: [], single: [] }
  const full: Speeds = { ours: [], grouped: [], single: [] }
  for (let number = 0; number < rounds; number++) {
    await round(folder, { count: tasks, result: undefined }, bare)
    await round(folder, { count: tasksWithResults, result: output }, full)
  }
  console.log(`medians of ${rounds} rounds`)
  report(`${tasks} tasks without a result`, bare, targets.bare)
  report(`${tasksWithResults} tasks with a result of 1 KB`, full, targets.results)
} finally {
  await rm(folder, { recursive: true })
}

const postgres = await findPostgres()
if (postgres !== undefined) {
  const batch = 500
  const rows = 20_000
  const store = await openPostgresStore({ url: postgres.url, schema: postgres.schema() })
  try {
    const speeds: number[] = []
    for (let round = 0; round < rounds; round++) {
      const runId = `run-${round}`
      await prepared(store, runId, rows)
      const start = performance.now()
      for (let first = 0; first < rows; first += batch) {
        const records = Array.from({ length: batch }, (_, index) => {
          const seq = first + index
          return { runId, seq, result: resultOf(taskOf(seq), output) }
        })
        await store.transaction((tx) => store.record(records, tx))
      }
      speeds.push(perSecond(rows, start))
    }
    console.log(`PostgreSQL, results of 1 KB, ${batch} in a transaction: ${median(speeds).toFixed(0)} rows/s`)
    const speed = await record(store, rows * 2, output)
    console.log(`PostgreSQL, through the journal: ${speed.toFixed(0)} tasks/s`)
  } finally {
    await store.close()
    await postgres.drop()
  }
}
