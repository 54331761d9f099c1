import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreenloopError } from '../../src/domain/errors.ts'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { PolicyInput } from '../../src/domain/policy.ts'
import type { ChunkRecord, LeaseQueue, Tx } from '../../src/domain/queue.ts'
import type { StoredRun, StoredTask } from '../../src/domain/stored-run.ts'
import { succeeded } from '../../src/domain/task.ts'
import type { Task } from '../../src/domain/task.ts'
import { Coordinator } from '../../src/engine/coordinator.ts'
import { RunWatch } from '../../src/engine/coordinator-run.ts'
import { runWorker } from '../../src/engine/worker.ts'
import type { WorkerParts } from '../../src/engine/worker.ts'
import type { HandlerFactory } from '../../src/engine/worker-lane.ts'
import { sharedOwner, submitRun } from '../../src/engine/worker-submit.ts'
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
  const failing = (work: () => Promise<unknown>): HandlerFactory => {
    return () => async () => work()
  }

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

  it('goes on when claims and heartbeats fail for a while', async () => {
    let failures = 4
    const flaky: LeaseQueue = {
      ...queue,
      claim: (max, alone) => (failures-- > 0 ? Promise.reject(new Error('no claim')) : queue.claim(max, alone)),
      renew: (leases, tx) => (failures-- > -2 ? Promise.reject(new Error('no touch')) : queue.renew(leases, tx)),
    }
    start({ queue: flaky })
    await submit('flaky', tasksOf(40, { ms: 100 }))
    expect(await over('flaky')).toMatchObject({ verdict: 'passed' })
    expect(lines.join('\n')).toContain('no chunk could be claimed')
  })

  it('ends the tasks of a run whose handler cannot be made as errors', async () => {
    const broken: HandlerFactory = () => Promise.reject(new GreenloopError('usage_invalid', 'no such workflow'))
    start({ handlers: handlersOf(broken) })
    await submit('broken', tasksOf(5))
    expect(await over('broken')).toMatchObject({ verdict: 'failed' })
    const [first] = await store.results('broken', { afterSeq: -1, limit: 1 })
    expect(first).toMatchObject({ state: 'error', error: { message: 'no such workflow' } })
  })

  it('lets the chunks of a run go when its scheduler breaks down, and takes them again', async () => {
    let isBroken = true
    const open: PostgresStore['open'] = async (ranges) => {
      const found = await store.open(ranges)
      if (!isBroken) return found
      isBroken = false
      // What no store gives: the engine stumbles over it.
      const nonsense = (task: StoredTask): StoredTask => ({ ...task, attempts: null as never })
      return new Map([...found].map(([id, tasks]) => [id, tasks.map(nonsense)]))
    }
    start({ store: { ...store, open } })
    await submit('fault', tasksOf(4))
    expect(await over('fault')).toMatchObject({ verdict: 'passed' })
    expect(lines.join('\n')).toContain('broke down at this worker')
  })

  it('holds nothing else while it works on a task that may end its process', async () => {
    let together = 0
    let most = 0
    const counting = failing(async () => {
      together++
      most = Math.max(most, together)
      await systemClock.sleep(30, new AbortController().signal)
      together--
    })
    await submit('suspects', tasksOf(32))
    const lost = async (): Promise<void> => {
      const leases = await queue.claim(10, false)
      expect(leases).toHaveLength(2)
      await expect
        .poll(
          async () => {
            await queue.supervise()
            return (await queue.renew(leases)).size
          },
          { timeout: 20_000, interval: 1500 },
        )
        .toBe(0)
    }
    await lost()
    await lost()
    start({ handlers: handlersOf(counting) })
    expect(await over('suspects')).toMatchObject({ verdict: 'passed' })
    expect(most).toBe(1)
    expect(lines.join('\n')).toContain('was lost 2 times: each is tried alone')
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

  describe('its coordinator', () => {
    const coordinator = (): Coordinator => new Coordinator({ store, queue, clock: systemClock, random, log })

    it('cuts a chunk that was lost for good, and ends a single task that was', async () => {
      await submit('lost', tasksOf(3))
      const leases = await queue.claim(1, false)
      const lose = (over: { alone: boolean }): Promise<void> =>
        store.transaction(async (tx) => {
          await tx.executeSql(
            `update ${queueSchema}.job set state = 'failed', completed_on = now()
             where state = 'active' and name = $1`,
            [over.alone ? 'alone' : 'chunks'],
          )
        })
      expect(leases).toHaveLength(1)
      await lose({ alone: false })
      await coordinator().pass()
      const singles = await queue.claim(10, true)
      expect(singles.map(({ from, to }) => `${from}-${to}`).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        '0-1',
        '1-2',
        '2-3',
      ])
      await lose({ alone: true })
      await coordinator().pass()
      expect(await store.counts('lost')).toMatchObject({ error: 3, attempts: 0 })
      const [first] = await store.results('lost', { afterSeq: -1, limit: 1 })
      expect(first).toMatchObject({ error: { code: 'crashed', class: 'system_error' } })
      expect(await queue.exhausted(10)).toEqual([])
      await coordinator().pass()
      expect(await store.find('lost')).toMatchObject({ state: 'finished', verdict: 'failed' })
    })

    it('puts chunks in again for a run that stands still without any', async () => {
      await submit('bare', tasksOf(20), { batchSize: 5 })
      await store.transaction(async (tx) => {
        await tx.executeSql(`delete from ${queueSchema}.job where name = 'chunks'`)
      })
      let at = 0
      const watch = new RunWatch({ store, queue, clock: { monotonic: () => at }, log })
      const look = async (): Promise<void> => watch.look((await store.find('bare')) as StoredRun, Date.now())
      await look()
      expect(await queue.pending('bare')).toBe(0)
      for (; at < 36_000; at += 4000) await look()
      // Only those of the batch that is open: the others have their turn.
      expect(await queue.pending('bare')).toBe(5)
      for (; at < 80_000; at += 4000) await look()
      expect(await queue.pending('bare')).toBe(5)
      expect(lines.join('\n')).toContain('without a chunk')
    })

    it('keeps the pause between batches', async () => {
      await submit('paused', tasksOf(4), { batchSize: 2, batchPauseSeconds: 10 })
      let at = 0
      const watch = new RunWatch({ store, queue, clock: { monotonic: () => at }, log })
      const look = async (): Promise<void> => watch.look((await store.find('paused')) as StoredRun, Date.now())
      await look()
      const first = await queue.claim(10, false)
      expect(first.map(({ from, to }) => [from, to])).toEqual([[0, 2]])
      const open = (await store.open(first)).get('paused') ?? []
      const result = { state: 'succeeded', attempts: [], usage: { tokens: 0, costUsd: 0 } } as const
      await store.transaction(async (tx) => {
        await queue.settle(first, tx)
        await store.record(
          open.map((task) => ({ runId: 'paused', seq: task.seq, result: { ...result, task } })),
          tx,
        )
      })
      for (const [ms, count] of [
        [1000, 0],
        [9000, 0],
        [12_000, 1],
      ] as const) {
        at = ms
        await look()
        expect(await queue.claim(10, false)).toHaveLength(count)
      }
    })

    it('goes on with the rest when one look fails', async () => {
      await submit('seen', [])
      const broken: LeaseQueue = { ...queue, supervise: () => Promise.reject(new Error('no watch')) }
      await new Coordinator({ store, queue: broken, clock: systemClock, random, log }).pass()
      expect(lines.join('\n')).toContain('no watch')
      expect(await store.find('seen')).toMatchObject({ state: 'finished', verdict: 'empty' })
    })

    it('leaves a run alone that is not in the hands of workers', async () => {
      await store.create({ id: 'own', kind: 'trial', title: 'own', input: null })
      const own = await store.claim('own', { host: 'here', pid: 1, token: 'x' }, 60_000)
      await store.seal('own', 0)
      await coordinator().pass()
      expect(await store.find('own')).toMatchObject({ state: 'running', epoch: own?.epoch })
      expect(sharedOwner.host).not.toBe('here')
    })

    it('waits out a database that does not answer', async () => {
      const stop = new AbortController()
      const down = { ...store, take: () => Promise.reject(new Error('down')) }
      const ended = new Coordinator({ store: down, queue, clock: systemClock, random, log }).run(stop.signal)
      await expect.poll(() => lines.join('\n'), patience).toContain('nobody can be asked')
      stop.abort()
      await ended
    })
  })
})
