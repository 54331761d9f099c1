import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreenloopError } from '../../src/domain/errors.ts'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { PolicyInput } from '../../src/domain/policy.ts'
import type { ChunkRecord, LeaseQueue, Tx } from '../../src/domain/queue.ts'
import type { StoredRun } from '../../src/domain/stored-run.ts'
import { succeeded } from '../../src/domain/task.ts'
import type { Task } from '../../src/domain/task.ts'
import { runWorker } from '../../src/engine/worker.ts'
import type { WorkerParts } from '../../src/engine/worker.ts'
import type { HandlerFactory } from '../../src/engine/worker-lane.ts'
import { submitRun } from '../../src/engine/worker-submit.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { random } from '../../src/lib/random.ts'
import { openPgBossQueue } from '../../src/queue/pg-boss.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import { findPostgres } from '../support/postgres.ts'
import { actHandler, handlersOf } from '../support/worker-program.ts'
import type { Act } from '../support/worker-program.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe
const patience = { timeout: 30_000, interval: 50 }

whereItIs('a worker in this process', { timeout: 60_000 }, () => {
  let store: PostgresStore
  let queue: LeaseQueue
  let queueSchema: string
  let folder: string
  let sideFile: string
  let lines: string[]
  const stops: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'greenloop-worker-'))
    sideFile = join(folder, 'executions')
    lines = []
    const url = postgres?.url ?? ''
    queueSchema = postgres?.schema() ?? ''
    store = await openPostgresStore({ url, schema: postgres?.schema() ?? '' })
    queue = await openPgBossQueue({ url, schema: queueSchema, heartbeatSeconds: 1 })
    await queue.start()
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await queue.stop()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  afterAll(() => postgres?.drop())

  const log = (line: string): void => void lines.push(line)
  const parts = (over: Partial<WorkerParts> = {}): WorkerParts => ({
    store,
    queue,
    handlers: handlersOf(actHandler(sideFile)),
    slots: 8,
    clock: systemClock,
    random,
    log,
    pollMs: 50,
    aloneMs: 100,
    flushMs: 20,
    ...over,
  })
  /** Starts a worker; what it gives stops it and waits for its end. */
  const start = (over: Partial<WorkerParts> = {}): (() => Promise<void>) => {
    const stop = new AbortController()
    const ended = runWorker(parts(over), stop.signal)
    const end = (): Promise<void> => {
      stop.abort()
      return ended
    }
    stops.push(end)
    return end
  }
  const tasksOf = (count: number, act: Act = {}): Task[] =>
    Array.from({ length: count }, (_, index) => ({ id: `t${index}`, payload: act }))
  const submit = (id: string, tasks: readonly Task[], policy: PolicyInput = {}): Promise<StoredRun> =>
    submitRun(
      { store, queue, clock: systemClock },
      { id, kind: 'trial', title: id, input: null, policy: parsePolicy({ concurrency: 32, ...policy }) },
      tasks,
    )
  const over = async (id: string): Promise<StoredRun> => {
    await expect.poll(async () => (await store.find(id))?.finishedAt, patience).toBeTypeOf('number')
    return (await store.find(id)) as StoredRun
  }
  const begun = async (): Promise<number> =>
    (await readFile(sideFile, 'utf8')).split('\n').filter((line) => line.includes(' begin ')).length

  it('works through more tasks than fit into its groups, for several runs at once', async () => {
    start({ slots: 64 })
    await Promise.all([submit('one', tasksOf(3000, { bytes: 100 })), submit('two', tasksOf(1500))])
    expect(await over('one')).toMatchObject({ verdict: 'passed' })
    expect(await over('two')).toMatchObject({ verdict: 'passed' })
    expect(await begun()).toBe(4500)
  })

  it('writes results later when the database refuses for a while', async () => {
    let refusals = 3
    const refusing = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      if (refusals-- > 0) throw new GreenloopError('store_unavailable', 'not now')
      return store.transaction(work)
    }
    start({ store: { ...store, transaction: refusing } })
    await submit('refused', tasksOf(40))
    expect(await over('refused')).toMatchObject({ verdict: 'passed' })
    expect(await begun()).toBe(40)
    expect(lines.join('\n')).toContain('results could not be written yet')
  })

  it('gives up a chunk whose result cannot be written, and no other', async () => {
    const beginnings = async (task: string): Promise<number> =>
      (await readFile(sideFile, 'utf8')).split('\n').filter((line) => line.includes(` ${task} 1 begin `)).length
    // It has a place only when it was worked out a second time.
    const record = async (records: readonly ChunkRecord[], tx: Tx): Promise<void> => {
      const isBad = records.some(({ seq }) => seq === 20) && (await beginnings('t20')) < 2
      if (isBad) throw new TypeError('this result has no place')
      await store.record(records, tx)
    }
    start({ store: { ...store, record }, slots: 64 })
    await submit('unwritable', tasksOf(64))
    expect(await over('unwritable')).toMatchObject({ verdict: 'passed' })
    expect(await store.counts('unwritable')).toMatchObject({ succeeded: 64, attempts: 64 })
    // Its chunk lapsed and came again, and no other.
    expect(await begun()).toBe(64 + 16)
  })

  it('goes on when claims fail for a while', async () => {
    let failures = 4
    const claim: LeaseQueue['claim'] = (max, alone) =>
      failures-- > 0 ? Promise.reject(new Error('no claim')) : queue.claim(max, alone)
    start({ queue: { ...queue, claim } })
    await submit('flaky', tasksOf(40))
    expect(await over('flaky')).toMatchObject({ verdict: 'passed' })
    expect(lines.filter((line) => line === 'no chunk could be claimed: Error: no claim')).toHaveLength(4)
  })

  it('ends the tasks of a run whose handler cannot be made as errors', async () => {
    const broken: HandlerFactory = () => Promise.reject(new GreenloopError('usage_invalid', 'no such workflow'))
    start({ handlers: handlersOf(broken) })
    await submit('broken', tasksOf(5))
    expect(await over('broken')).toMatchObject({ verdict: 'failed' })
    const [first] = await store.results('broken', { afterSeq: -1, limit: 1 })
    expect(first).toMatchObject({ state: 'error', error: { message: 'no such workflow' } })
  })

  it('settles chunks of runs that it does not know, that are over or have nothing left', async () => {
    await submit('done', tasksOf(3))
    await store.end('done', { state: 'finished' })
    await store.transaction((tx) => queue.put([{ runId: 'unknown', from: 0, to: 5 }], tx))
    await submit('live', tasksOf(3))
    start()
    await over('live')
    await store.transaction((tx) => queue.put([{ runId: 'live', from: 0, to: 3 }], tx))
    for (const id of ['done', 'unknown', 'live']) await expect.poll(() => queue.pending(id), patience).toBe(0)
    expect(await begun()).toBe(3)
  })

  it('stops even where nothing can be written or given back', async () => {
    let isDown = false
    const down = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
      isDown ? Promise.reject(new GreenloopError('store_unavailable', 'gone')) : store.transaction(work)
    const stop = start({ store: { ...store, transaction: down }, graceMs: 50 })
    await submit('stuck', tasksOf(20, { ms: 300 }))
    await expect.poll(() => begun().catch(() => 0), patience).toBeGreaterThan(0)
    isDown = true
    await stop()
    expect(lines.join('\n')).toContain('chunks could not be given back, they lapse')
  })

  it('keeps to budgets of tokens and money', async () => {
    const costly: HandlerFactory = () => async () => {
      await systemClock.sleep(50, new AbortController().signal)
      return succeeded('answer', { tokens: 100, costUsd: 0.5 })
    }
    start({ handlers: handlersOf(costly) })
    await submit('tokens', tasksOf(600), { stop: { maxTokens: 2000 } })
    expect(await over('tokens')).toMatchObject({ verdict: 'incomplete', exitCode: 6 })
    expect((await store.counts('tokens')).cancelled).toBeGreaterThan(0)
    await submit('money', tasksOf(600), { stop: { maxCostUsd: 10 } })
    expect(await over('money')).toMatchObject({ verdict: 'incomplete', exitCode: 6 })
  })

  it('does not take a run that a process works on by itself', async () => {
    const run = { id: 'own', kind: 'trial', title: 'own', input: null } as const
    await store.create(run)
    await store.claim('own', { host: 'here', pid: 1, token: 'x' }, 60_000)
    const submission = submitRun({ store, queue, clock: systemClock }, run, tasksOf(2))
    await expect(submission).rejects.toMatchObject({ code: 'run_conflict' })
  })
})
