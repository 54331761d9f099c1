// The distributed form end to end on PostgreSQL, beside pg-boss used plainly and in batches, with the unit costs that
// docs/scaling.md calculates with. npm run bench:distributed [rounds] [tasks] [workers]
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { PgBoss } from 'pg-boss'
import { parsePolicy } from '../src/domain/policy.ts'
import type { LeaseQueue } from '../src/domain/queue.ts'
import type { Task } from '../src/domain/task.ts'
import { runWorker } from '../src/engine/worker.ts'
import { submitRun } from '../src/engine/worker-submit.ts'
import { systemClock } from '../src/lib/clock.ts'
import { random } from '../src/lib/random.ts'
import { openPgBossQueue } from '../src/queue/pg-boss.ts'
import { openPostgresStore } from '../src/store/postgres.ts'
import type { PostgresStore } from '../src/store/postgres.ts'
import { findPostgres } from '../tests/support/postgres.ts'
import { handlersOf } from '../tests/support/worker-program.ts'
import { median } from './side-by-side.ts'

const result = 'x'.repeat(1000)
const slots = 512
const inFlight = 64
const plainJobs = 3000
const target = 10_000

interface Place {
  readonly url: string
  readonly schema: string
  readonly queueSchema: string
}

async function open({ url, schema, queueSchema }: Place): Promise<{ store: PostgresStore; queue: LeaseQueue }> {
  const store = await openPostgresStore({ url, schema })
  const queue = await openPgBossQueue({ url, schema: queueSchema })
  await queue.start()
  return { store, queue }
}

/** Runs until its parent closes its input. */
async function work(place: Place): Promise<void> {
  const { store, queue } = await open(place)
  const stop = new AbortController()
  process.stdin.once('end', () => stop.abort()).resume()
  console.log('ready')
  const handlers = handlersOf(() => () => Promise.resolve(result))
  await runWorker({ store, queue, handlers, slots, clock: systemClock, random, log: () => {} }, stop.signal)
  await queue.stop()
  await store.close()
}

async function startWorker(place: Place): Promise<ChildProcess> {
  const child = spawn(process.execPath, [import.meta.filename, 'work', JSON.stringify(place)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function stopWorker(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  await once(child, 'exit')
}

function* tasksOf(count: number): Generator<Task> {
  for (let index = 0; index < count; index++) yield { id: `task-${index}`, payload: { index } }
}

/** Seconds from the first task handed in until all results are stored and the run is over. */
async function ours(place: Place, count: number): Promise<{ seconds: number; stored: number }> {
  const { store, queue } = await open(place)
  const id = `bench-${process.hrtime.bigint()}`
  const policy = parsePolicy({ concurrency: slots, timeoutSeconds: 60, retry: { maxAttempts: 3 } })
  const start = performance.now()
  const run = { id, kind: 'trial', title: 'benchmark', input: null, policy } as const
  await submitRun({ store, queue, clock: systemClock }, run, tasksOf(count))
  let done = 0
  for (let looks = 0; looks < 10_000 && done < count; looks++) {
    const [next] = await store.unfinished(id, done - 1, 1)
    done = next?.seq ?? count
    await systemClock.sleep(20, new AbortController().signal)
  }
  const seconds = (performance.now() - start) / 1000
  const stored = (await store.counts(id)).succeeded
  await queue.stop()
  await store.close()
  return { seconds, stored }
}

/** pg-boss as its manual shows it: a job for each task, fetched and completed one by one with the result as output. */
async function plain(boss: PgBoss, count: number): Promise<number> {
  const start = performance.now()
  await insert(boss, count)
  await loops(async () => {
    const [job] = await boss.fetch('bench')
    if (job === undefined) return false
    await boss.complete('bench', job.id, { result })
    return true
  })
  return (performance.now() - start) / 1000
}

/** pg-boss in batches; the results are stored nowhere. */
async function batched(boss: PgBoss, count: number): Promise<number> {
  const start = performance.now()
  await insert(boss, count)
  await loops(async () => {
    const jobs = await boss.fetch('bench', { batchSize: 256 })
    if (jobs.length === 0) return false
    await boss.complete(
      'bench',
      jobs.map(({ id }) => id),
    )
    return true
  }, 2)
  return (performance.now() - start) / 1000
}

async function insert(boss: PgBoss, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const jobs = Array.from({ length: Math.min(1000, count - from) }, (_, index) => ({ data: { index: from + index } }))
    await boss.insert('bench', jobs)
  }
}

async function loops(step: () => Promise<boolean>, width = inFlight): Promise<void> {
  const loop = async (): Promise<void> => {
    while (await step());
  }
  await Promise.all(Array.from({ length: width }, loop))
}

/** How often `step` can be done in a second, so many at a time. */
async function rate(width: number, step: (mine: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  let count = 0
  const loop = async (mine: number): Promise<void> => {
    while (performance.now() - start < 3000) {
      await step(mine)
      count++
    }
  }
  await Promise.all(Array.from({ length: width }, (_, mine) => loop(mine)))
  return count / ((performance.now() - start) / 1000)
}

async function unitCosts(place: Place): Promise<void> {
  const { store, queue } = await open(place)
  const chunks = Array.from({ length: 20_000 }, (_, index) => ({
    runId: 'unit',
    from: index * 16,
    to: index * 16 + 16,
  }))
  await store.transaction((tx) => queue.put(chunks, tx))
  const empty = await rate(8, () => queue.claim(8, true))
  const claims = await rate(4, () => queue.claim(2, false))
  // Each has its own, as workers do: two touches of the same rows in another order would wait for each other.
  const held = await Promise.all(Array.from({ length: 4 }, () => queue.claim(16, false)))
  const touch = await rate(4, (mine) => queue.renew(held[mine] ?? []))
  const bucket = { key: 'unit', perMinute: 60_000_000, burst: 1_000_000 }
  const takes = await rate(8, () => store.take(bucket, 1))
  await store.transaction((tx) => tx.executeSql('create table bench_commit (n integer)'))
  const commits = await rate(8, () => store.transaction((tx) => tx.executeSql('insert into bench_commit values (1)')))
  const supervise = await rate(1, () => queue.supervise())
  const print = (name: string, perSecond: number): void => console.log(`  ${name.padEnd(44)}${perSecond.toFixed(0)}/s`)
  console.log('unit costs, each alone on this machine:')
  print('empty polls', empty)
  print('claims of 2 chunks, 20,000 waiting', claims)
  print('touches of 16 chunks', touch)
  print('takes from one token bucket', takes)
  print('commits of one row, 8 at a time', commits)
  print('looks of the coordinator at the queue', supervise)
  await queue.stop()
  await store.close()
}

async function main(rounds: number, count: number, workerCount: number): Promise<void> {
  const postgres = await findPostgres()
  if (postgres === undefined) return
  const place = { url: postgres.url, schema: postgres.schema(), queueSchema: postgres.schema() }
  const boss = new PgBoss({ connectionString: postgres.url, schema: postgres.schema(), max: 16, schedule: false })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('bench')
  const first = await open(place)
  await first.queue.stop()
  await first.store.close()
  const workers = await Promise.all(Array.from({ length: workerCount }, () => startWorker(place)))
  const speeds = { ours: [] as number[], plain: [] as number[], batched: [] as number[] }
  for (let round = -1; round < rounds; round++) {
    const { seconds, stored } = await ours(place, round < 0 ? Math.ceil(count / 5) : count)
    if (round >= 0 && stored !== count) throw new Error(`${stored} of ${count} results are there`)
    const single = plainJobs / (await plain(boss, plainJobs))
    const many = count / 2 / (await batched(boss, count / 2))
    if (round < 0) continue
    speeds.ours.push(count / seconds)
    speeds.plain.push(single)
    speeds.batched.push(many)
    console.log(
      `round ${round + 1}: ${(count / seconds).toFixed(0)} / ${single.toFixed(0)} / ${many.toFixed(0)} tasks/s`,
    )
  }
  await Promise.all(workers.map(stopWorker))
  await boss.stop({ graceful: false })
  const base = median(speeds.plain)
  const row = (name: string, values: readonly number[]): void =>
    console.log(
      `  ${name.padEnd(64)}${median(values).toFixed(0).padStart(7)} tasks/s  ${(median(values) / base).toFixed(1)}x`,
    )
  console.log(`medians of ${rounds} rounds, ${count} tasks, ${workerCount} worker processes, submission included:`)
  row('greenloop, results of 1 KB in the transaction of the completion', speeds.ours)
  row('pg-boss, fetch and complete for each job, 64 at a time', speeds.plain)
  row('pg-boss, fetch(256) and batched complete, no results stored', speeds.batched)
  const mine = median(speeds.ours)
  console.log(mine >= target ? `within the target of ${target} tasks/s` : `BELOW the target of ${target} tasks/s`)
  await unitCosts(place)
  await postgres.drop()
}

const [mode, ...rest] = process.argv.slice(2)
if (mode === 'work') await work(JSON.parse(rest[0] ?? '{}') as Place)
else await main(Number(mode ?? 3), Number(rest[0] ?? 60_000), Number(rest[1] ?? 2))
