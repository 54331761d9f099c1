import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/domain/policy.ts'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { LeaseQueue } from '../../src/domain/queue.ts'
import type { NewRun, StoredResult, StoredRun } from '../../src/domain/stored-run.ts'
import type { Task } from '../../src/domain/task.ts'
import { submitRun } from '../../src/engine/worker-submit.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openPgBossQueue } from '../../src/queue/pg-boss.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import { findPostgres } from '../support/postgres.ts'
import type { Act, WorkerSetup } from '../support/worker-program.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe
const program = join(import.meta.dirname, '..', 'support', 'worker-program.ts')
const patience = { timeout: 50_000, interval: 50 }

interface Execution {
  readonly task: string
  readonly attempt: number
  readonly what: 'begin' | 'end' | 'abort'
  readonly pid: number
  readonly at: number
}

interface Worker {
  readonly process: ChildProcess
  readonly pid: number
  readonly stderr: () => string
  readonly ended: Promise<number | null>
}

whereItIs('runs on several workers', { timeout: 90_000 }, () => {
  let folder: string
  let setup: WorkerSetup
  let store: PostgresStore
  let queue: LeaseQueue
  const workers: Worker[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'greenloop-workers-'))
    const [schema = '', queueSchema = ''] = [postgres?.schema(), postgres?.schema()]
    setup = { url: postgres?.url ?? '', schema, queueSchema, slots: 8, sideFile: join(folder, 'executions') }
    store = await openPostgresStore(setup)
    queue = await openPgBossQueue({ url: setup.url, schema: queueSchema })
    await queue.start()
  })
  afterEach(async () => {
    for (const { process } of workers) process.kill('SIGKILL')
    await Promise.all(workers.splice(0).map(({ ended }) => ended))
    await queue.stop()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  afterAll(() => postgres?.drop())

  /** Another heartbeat than the usual one, for everybody. */
  const beatEvery = async (heartbeatSeconds: number): Promise<void> => {
    await queue.stop()
    setup = { ...setup, heartbeatSeconds }
    queue = await openPgBossQueue({ url: setup.url, schema: setup.queueSchema, heartbeatSeconds })
    await queue.start()
  }
  const start = async (over: Partial<WorkerSetup> = {}): Promise<Worker> => {
    const child = spawn(process.execPath, [program, JSON.stringify({ ...setup, ...over })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const worker: Worker = {
      process: child,
      pid: child.pid ?? 0,
      stderr: () => stderr,
      ended: once(child, 'exit').then(([code]) => code as number | null),
    }
    workers.push(worker)
    await Promise.race([once(child.stdout, 'data'), worker.ended.then(() => Promise.reject(new Error(stderr)))])
    return worker
  }
  const newRun = (id: string, policy: PolicyInput = {}): NewRun => ({
    id,
    kind: 'trial',
    title: 'tasks of a test',
    input: { of: id },
    policy: parsePolicy({ concurrency: 64, ...policy }),
  })
  const tasksOf = (count: number, act: Act | ((index: number) => Act)): Task[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `t${index}`,
      payload: typeof act === 'function' ? act(index) : act,
    }))
  const submit = (run: NewRun, tasks: readonly Task[]): Promise<StoredRun> =>
    submitRun({ store, queue, clock: systemClock }, run, tasks)
  const over = async (id: string): Promise<StoredRun> => {
    await expect.poll(async () => (await store.find(id))?.finishedAt, patience).toBeTypeOf('number')
    const run = await store.find(id)
    if (run === undefined) throw new TypeError('it was there a moment ago')
    return run
  }
  const executions = (): readonly Execution[] => {
    if (!existsSync(setup.sideFile)) return []
    const lines = readFileSync(setup.sideFile, 'utf8').split('\n')
    return lines.slice(0, -1).map((line) => {
      const [, task = '', attempt, what, pid, at] = line.split(' ')
      return { task, attempt: Number(attempt), what: what as Execution['what'], pid: Number(pid), at: Number(at) }
    })
  }
  const begun = (): readonly Execution[] => executions().filter(({ what }) => what === 'begin')
  const results = async (id: string): Promise<readonly StoredResult[]> => {
    const all: StoredResult[] = []
    for (;;) {
      const page = await store.results(id, { afterSeq: all.at(-1)?.seq ?? -1, limit: 1000 })
      if (page.length === 0) return all
      all.push(...page)
    }
  }
  const someResults = (id: string, atLeast: number): Promise<void> =>
    expect.poll(async () => (await store.counts(id)).total, patience).toBeGreaterThanOrEqual(atLeast)

  it('lose nothing and count nothing twice when a worker is killed in the middle of 2,000 tasks', async () => {
    const [doomed] = [await start({ slots: 32 }), await start({ slots: 32 })]
    await submit(newRun('killed'), tasksOf(2000, { ms: 60, bytes: 200 }))
    await someResults('killed', 300)
    doomed.process.kill('SIGKILL')
    const killedAt = Date.now()
    const run = await over('killed')
    expect(run).toMatchObject({ state: 'finished', verdict: 'passed', exitCode: 0 })
    const all = await results('killed')
    expect(all.map(({ task }) => task.id)).toEqual(tasksOf(2000, {}).map(({ id }) => id))
    expect(await store.counts('killed')).toMatchObject({ total: 2000, succeeded: 2000, attempts: 2000, retries: 0 })
    expect(new Set(begun().map(({ task }) => task)).size).toBe(2000)
    // What the dead worker had begun and not yet written ran again, and nothing else.
    const again = begun().length - 2000
    expect(again).toBeGreaterThan(0)
    expect(again).toBeLessThan(200)
    const lastAt = Math.max(...all.map(({ attempts }) => attempts.at(-1)?.endedAt ?? 0))
    expect(lastAt - killedAt).toBeGreaterThan(0)
    expect(lastAt - killedAt).toBeLessThan(15_000)
    expect((run.finishedAt ?? 0) - killedAt).toBeLessThan(17_000)
    await expect.poll(() => queue.pending('killed'), patience).toBe(0)
  })

  it('share the tasks of a run, each executed once', async () => {
    await Promise.all([start(), start(), start()])
    await submit(newRun('shared'), tasksOf(600, { ms: 20 }))
    expect(await over('shared')).toMatchObject({ verdict: 'passed' })
    expect(begun()).toHaveLength(600)
    expect(new Set(begun().map(({ pid }) => pid)).size).toBe(3)
  })

  it('give back what they have not begun, and finish what they have, when they are asked to stop', async () => {
    // A heartbeat so long that nothing could come back by lapsing.
    await beatEvery(600)
    const [leaving] = [await start(), await start()]
    await submit(newRun('drained'), tasksOf(200, { ms: 150 }))
    await someResults('drained', 20)
    leaving.process.kill('SIGTERM')
    expect(await leaving.ended).toBe(0)
    const left = begun().filter(({ pid }) => pid === leaving.pid)
    expect(left.length).toBeGreaterThan(0)
    expect(await over('drained')).toMatchObject({ verdict: 'passed' })
    expect(begun()).toHaveLength(200)
    expect(await store.counts('drained')).toMatchObject({ succeeded: 200, attempts: 200 })
  })

  it('abort what outlasts the grace, and it runs again elsewhere without a loss on its record', async () => {
    await beatEvery(600)
    const leaving = await start({ graceMs: 100, slots: 4 })
    await submit(newRun('aborted'), tasksOf(4, { ms: 4000 }))
    await expect.poll(() => begun().length, patience).toBe(4)
    leaving.process.kill('SIGTERM')
    expect(await leaving.ended).toBe(0)
    expect(executions().filter(({ what }) => what === 'abort')).toHaveLength(4)
    expect((await queue.claim(10, false)).map(({ from, to, retryCount }) => [from, to, retryCount])).toEqual([
      [0, 4, 0],
    ])
    expect(await store.counts('aborted')).toMatchObject({ total: 0, attempts: 0 })
  })

  it('write nothing for chunks that lapsed while they slept', async () => {
    await beatEvery(2)
    const sleeper = await start({ slots: 4 })
    await submit(newRun('slept'), tasksOf(20, { ms: 1000 }))
    await expect.poll(() => begun().length, patience).toBe(4)
    sleeper.process.kill('SIGSTOP')
    const stoppedAt = Date.now()
    const other = await start({ slots: 16 })
    const run = await over('slept')
    const before = await results('slept')
    sleeper.process.kill('SIGCONT')
    await expect.poll(() => sleeper.stderr(), patience).toContain('with another worker by now')
    sleeper.process.kill('SIGTERM')
    expect(await sleeper.ended).toBe(0)
    expect(await results('slept')).toEqual(before)
    expect(await store.counts('slept')).toMatchObject({ total: 20, succeeded: 20, attempts: 20 })
    expect(await store.find('slept')).toEqual(run)
    const bySleeper = begun().filter(({ pid }) => pid === sleeper.pid)
    for (const { task } of bySleeper)
      expect(
        begun()
          .filter((each) => each.task === task)
          .map(({ pid }) => pid),
      ).toEqual([sleeper.pid, other.pid])
    for (const { attempts } of before) expect(attempts[0]?.startedAt).toBeGreaterThan(stoppedAt)
  })

  it('abort their handlers when somebody cancels the run', async () => {
    const [one, two] = [await start(), await start()]
    await submit(newRun('cancelled'), tasksOf(400, { ms: 60_000 }))
    await expect.poll(() => begun().length, patience).toBe(16)
    await store.requestCancel('cancelled', 'changed my mind')
    expect(await over('cancelled')).toMatchObject({ state: 'cancelled', reason: 'changed my mind' })
    await expect.poll(() => executions().filter(({ what }) => what === 'abort').length, patience).toBe(16)
    expect(new Set(executions().map(({ pid }) => pid))).toEqual(new Set([one.pid, two.pid]))
    expect(await store.counts('cancelled')).toMatchObject({ total: 400, cancelled: 400, pending: 0 })
    // The chunks that are left drain as no-ops, and the workers go on with other runs.
    await expect.poll(() => queue.pending('cancelled'), patience).toBe(0)
    await submit(newRun('next'), tasksOf(10, {}))
    expect(await over('next')).toMatchObject({ verdict: 'passed' })
    expect(begun().filter(({ task }) => task !== 't0').length).toBeLessThan(400)
  })

  it('end a run with too many failures before its tasks are through', async () => {
    await Promise.all([start(), start()])
    await submit(newRun('failing', { stop: { maxFailures: 20 } }), tasksOf(1000, { ms: 100, ending: 'fail' }))
    const run = await over('failing')
    expect(run).toMatchObject({ state: 'finished', verdict: 'failed', exitCode: 1 })
    expect(run.reason).toMatch(/\d+ .*20/)
    const { failed, cancelled, total } = await store.counts('failing')
    expect(failed).toBeGreaterThanOrEqual(20)
    expect(cancelled).toBeGreaterThan(0)
    expect(total).toBe(1000)
    expect(begun().length).toBeLessThan(1000)
  })

  it('end a run that takes too long', async () => {
    await start()
    await submit(newRun('slow', { stop: { timeoutSeconds: 1 } }), tasksOf(50, { ms: 60_000 }))
    expect(await over('slow')).toMatchObject({ state: 'finished', verdict: 'incomplete' })
    await expect.poll(() => executions().filter(({ what }) => what === 'abort').length, patience).toBe(8)
  })

  it('take a run that is handed in twice, or again after a broken submission, for one', async () => {
    const tasks = tasksOf(3000, {})
    function* broken(): Generator<Task> {
      yield* tasks.slice(0, 2000)
      throw new TypeError('the manifest is gone')
    }
    const parts = { store, queue, clock: systemClock }
    await expect(submitRun(parts, newRun('twice'), broken())).rejects.toThrow('the manifest is gone')
    await start({ slots: 64 })
    await someResults('twice', 500)
    await Promise.all([submit(newRun('twice'), tasks), submit(newRun('twice'), tasks)])
    expect(await over('twice')).toMatchObject({ verdict: 'passed', taskCount: 3000 })
    expect(await submit(newRun('twice'), tasks)).toMatchObject({ state: 'finished' })
    expect(begun()).toHaveLength(3000)
    await expect(submit({ ...newRun('twice'), input: { of: 'another' } }, tasks)).rejects.toMatchObject({
      code: 'run_conflict',
    })
  })

  it('retry by the policy of the run, and count every attempt', async () => {
    await Promise.all([start(), start()])
    const retry = { maxAttempts: 3, backoffSeconds: 0.05 }
    const endings = ['succeed', 'flaky', 'throw', 'fail'] as const
    await submit(
      newRun('retried', { retry }),
      tasksOf(200, (index) => ({ ending: endings[index % 4] ?? 'fail' })),
    )
    expect(await over('retried')).toMatchObject({ state: 'finished', verdict: 'failed' })
    const counts = { succeeded: 100, error: 50, failed: 50, attempts: 50 + 100 + 150 + 50, retries: 50 + 100 }
    expect(await store.counts('retried')).toMatchObject(counts)
    expect(begun()).toHaveLength(counts.attempts)
  })

  it('begin a batch when the one before is over', async () => {
    await Promise.all([start(), start()])
    await submit(newRun('batches', { batchSize: 40 }), tasksOf(150, { ms: 30 }))
    expect(await over('batches')).toMatchObject({ verdict: 'passed' })
    expect(begun()).toHaveLength(150)
    const batchOf = ({ task }: Execution): number => Math.floor(Number(task.slice(1)) / 40)
    for (const { at, ...each } of begun()) {
      const batch = batchOf({ at, ...each })
      const ends = executions().filter((other) => other.what === 'end' && batchOf(other) === batch - 1)
      expect(Math.max(0, ...ends.map((end) => end.at))).toBeLessThanOrEqual(at)
    }
    expect(await queue.pending('batches')).toBe(0)
  })

  it('keep together to a rate limit', async () => {
    await Promise.all([start(), start(), start()])
    const rateLimit = { perMinute: 1200, burst: 10 }
    await submit(newRun('limited', { rateLimit }), tasksOf(120, {}))
    expect(await over('limited')).toMatchObject({ verdict: 'passed' })
    const at = begun()
      .map((each) => each.at)
      .toSorted((a, b) => a - b)
    expect(at).toHaveLength(120)
    // The way from the bucket to the handler is not always equally long: a fifth of a second is allowed for it.
    const slack = 0.2 * 20
    for (let from = 0; from < at.length; from++)
      for (let to = from; to < at.length; to++) {
        const seconds = ((at[to] ?? 0) - (at[from] ?? 0)) / 1000
        expect(to - from + 1).toBeLessThanOrEqual(10 + 20 * seconds + slack + 1e-9)
      }
    // And makes use of it: 110 tokens beyond the burst take 5.5 seconds.
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeLessThan(8000)
    expect(new Set(begun().map(({ pid }) => pid)).size).toBeGreaterThan(1)
  })

  it('end a task that kills its process as an error, and only that one', async () => {
    await beatEvery(2)
    const lossLimits = { chunk: 3, alone: 1 }
    const keep = new AbortController()
    // A supervisor, as every deployment has one: a worker that dies is started again.
    const kept = async (): Promise<void> => {
      while (!keep.signal.aborted) {
        const worker = await start({ lossLimits, slots: 40 })
        await worker.ended
      }
    }
    const supervised = kept()
    const poison = (index: number): Act => (index === 21 ? { ms: 50, ending: 'kill' } : { ms: 100 })
    await submit(newRun('poisoned'), tasksOf(64, poison))
    expect(await over('poisoned')).toMatchObject({ state: 'finished', verdict: 'failed' })
    keep.abort()
    workers.at(-1)?.process.kill('SIGTERM')
    await supervised
    expect(await store.counts('poisoned')).toMatchObject({ total: 64, succeeded: 63, error: 1 })
    const [bad] = (await results('poisoned')).filter(({ state }) => state === 'error')
    expect(bad).toMatchObject({ task: { id: 't21' }, error: { class: 'system_error', code: 'crashed' } })
    expect(bad?.error?.message).toContain('2 times')
  })
})
