// What tests of the workers of one process share: a store and a queue on PostgreSQL, emptied after each test.
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { PolicyInput } from '../../src/domain/policy.ts'
import type { Lease, LeaseQueue } from '../../src/domain/queue.ts'
import type { StoredRun, StoredTask } from '../../src/domain/stored-run.ts'
import type { FinalState, Handler, Task } from '../../src/domain/task.ts'
import { Coordinator } from '../../src/engine/coordinator.ts'
import { runWorker } from '../../src/engine/worker.ts'
import type { WorkerParts } from '../../src/engine/worker.ts'
import { submitRun } from '../../src/engine/worker-submit.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { random } from '../../src/lib/random.ts'
import { openPgBossQueue } from '../../src/queue/pg-boss.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import type { TestPostgres } from './postgres.ts'
import { handlersOf } from './worker-program.ts'

/** Time for what has to happen sooner or later. */
export const patience = { timeout: 30_000, interval: 10 }

/** A chunk that is held, with what the store knows of it. */
export interface Held {
  readonly lease: Lease
  readonly run: StoredRun
  readonly tasks: readonly StoredTask[]
}

/** A database with everything that workers need. */
export interface Deployment {
  readonly store: PostgresStore
  readonly queue: LeaseQueue
  /** What was logged in this test. */
  readonly lines: string[]
  readonly log: (line: string) => void
  /** Starts a worker that looks often; gives what stops it and waits for its end. It is stopped after the test anyway. */
  start(handler: Handler, over?: Partial<WorkerParts>): () => Promise<void>
  submit(id: string, tasks: readonly Task[], policy?: PolicyInput): Promise<StoredRun>
  /** Watches as a coordinator does until the run has ended, and gives it. */
  ended(id: string): Promise<StoredRun>
  readonly coordinator: (over?: Partial<Pick<WorkerParts, 'store' | 'queue'>>) => Coordinator
  /** Claims chunks as a worker does. */
  hold(max?: number): Promise<readonly Held[]>
  /** Every chunk that is held waits again, as after the silence of its holder. */
  lapse(): Promise<void>
  /** What is held is another worker's from now on: this chunk, or every one. */
  takeOver(lease?: Lease): Promise<void>
  /** Gives these tasks of a run a result, whoever holds them. */
  settle(id: string, seqs: readonly number[], state?: FinalState): Promise<void>
  sql(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>
  readonly queueSchema: string
  readonly storeSchema: string
}

/** Tasks `t0`, `t1` and so on. */
export function tasksOf(count: number): Task[] {
  return Array.from({ length: count }, (_, index) => ({ id: `t${index}`, payload: null }))
}

/** Opens a deployment for the tests of the `describe` that calls it. */
export function deploymentOn(postgres: TestPostgres | undefined): Deployment {
  const [storeSchema, queueSchema] = [postgres?.schema() ?? '', postgres?.schema() ?? '']
  const lines: string[] = []
  const stops: (() => Promise<void>)[] = []
  let store: PostgresStore
  let queue: LeaseQueue

  beforeAll(async () => {
    store = await openPostgresStore({ url: postgres?.url ?? '', schema: storeSchema })
    queue = await openPgBossQueue({ url: postgres?.url ?? '', schema: queueSchema, heartbeatSeconds: 600 })
    await queue.start()
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    lines.length = 0
    await sql(`delete from ${queueSchema}.job`)
    for (const table of ['run', 'task', 'attempt', 'rate_bucket']) await sql(`delete from ${storeSchema}.${table}`)
  })
  afterAll(async () => {
    await queue.stop()
    await store.close()
    await postgres?.drop()
  })

  const sql: Deployment['sql'] = async (text, values) =>
    store.transaction(async (tx) => (await tx.executeSql(text, values)).rows as Record<string, unknown>[])
  const log = (line: string): void => void lines.push(line)
  const coordinator: Deployment['coordinator'] = (over = {}) =>
    new Coordinator({ store, queue, clock: systemClock, random, log, ...over })
  return {
    get store() {
      return store
    },
    get queue() {
      return queue
    },
    lines,
    log,
    coordinator,
    sql,
    queueSchema,
    storeSchema,
    start(handler, over = {}) {
      const stop = new AbortController()
      const waits = { pollMs: 20, aloneMs: 20, flushMs: 5, graceMs: 5000 }
      const parts = { store, queue, slots: 4, clock: systemClock, random, log, handlers: handlersOf(() => handler) }
      const ended = runWorker({ ...parts, ...waits, ...over }, stop.signal)
      const end = (): Promise<void> => {
        stop.abort()
        return ended
      }
      stops.push(end)
      return end
    },
    submit: (id, tasks, policy = {}) =>
      submitRun(
        { store, queue, clock: systemClock },
        { id, kind: 'trial', title: id, input: null, policy: parsePolicy(policy) },
        tasks,
      ),
    async ended(id) {
      let run: StoredRun | undefined
      const isOver = async (): Promise<boolean> => {
        await coordinator().pass()
        run = await store.find(id)
        return run?.finishedAt !== undefined
      }
      await expect.poll(isOver, patience).toBe(true)
      return run as StoredRun
    },
    async hold(max = 100) {
      const leases = await queue.claim(max, false)
      const [heads, open] = await Promise.all([store.heads(leases.map(({ runId }) => runId)), store.open(leases)])
      return leases.map((lease) => {
        const within = (open.get(lease.runId) ?? []).filter(({ seq }) => seq >= lease.from && seq < lease.to)
        return { lease, run: heads.get(lease.runId) as StoredRun, tasks: within }
      })
    },
    async lapse() {
      await sql(`update ${queueSchema}.job set state = 'retry' where state = 'active'`)
    },
    async takeOver(lease) {
      const text = `update ${queueSchema}.job set retry_count = retry_count + 1
        where state = 'active' and id = coalesce($1::uuid, id)`
      await sql(text, [lease?.jobId ?? null])
    },
    async settle(id, seqs, state = 'succeeded') {
      const open = (await store.unfinished(id, -1, 10_000)).filter(({ seq }) => seqs.includes(seq))
      const result = { state, attempts: [], usage: { tokens: 0, costUsd: 0 } }
      const records = open.map((task) => ({ runId: id, seq: task.seq, result: { ...result, task } }))
      await store.transaction((tx) => store.record(records, tx))
    },
  }
}
