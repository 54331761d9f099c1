import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { parsePolicy } from '../domain/policy.ts'
import type { PolicyInput } from '../domain/policy.ts'
import type { RunConclusion, RunEnding, RunStore } from '../domain/stored-run.ts'
import { failed } from '../domain/task.ts'
import type { Handler, Task, TaskResult } from '../domain/task.ts'
import { systemClock } from '../lib/clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { carryOut, endingOf, submitTasks } from './recorded.ts'
import type { Note } from './recorded.ts'
import type { Scheduler } from './scheduler.ts'

const owner = { host: 'here', pid: process.pid, token: 'me' }
const leaseMs = 10_000
let folder = ''
let store: RunStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-recorded-'))
  store = await openSqliteStore({ path: join(folder, 'runs.db'), clock: systemClock, ballastBytes: 0 })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const tasks = (count: number): Task[] =>
  Array.from({ length: count }, (_, index) => ({ id: `t${index}`, payload: index }))

async function submit(count: number, policy: PolicyInput = {}) {
  return submitTasks(
    store,
    { id: 'r', kind: 'trial', title: 'test', input: {}, policy: parsePolicy(policy) },
    tasks(count),
  )
}

interface More {
  readonly signal?: AbortSignal
  readonly within?: RunStore
  readonly onResult?: (result: TaskResult) => void
  readonly onScheduler?: (scheduler: Scheduler) => void
  readonly onNotes?: (note: Note, settled: () => Promise<void>) => void
  readonly ending?: (conclusion: RunConclusion) => Promise<RunEnding>
  readonly leaseMs?: number
}

async function work(handler: Handler, more: More = {}) {
  const run = await store.claim('r', { ...owner, token: Math.random().toString() }, leaseMs)
  if (run === undefined) throw new Error('the run is taken')
  const { signal = new AbortController().signal, within = store, ...rest } = more
  const parts = { store: within, clock: systemClock, leaseMs: more.leaseMs ?? leaseMs }
  return carryOut(run, handler, { parts, options: { signal, ...rest } })
}

/** Lets go of a run as a process does that dies. */
async function abandon(): Promise<void> {
  const run = await store.find('r')
  await store.renew('r', run?.epoch ?? 0, 0)
}

describe('handing in tasks', () => {
  it('keeps all of them, page by page, and adds nothing the second time', async () => {
    expect((await submit(2500)).taskCount).toBe(2500)
    expect((await submit(2500)).taskCount).toBe(2500)
    expect((await store.counts('r')).pending).toBe(2500)
  })

  it('takes a run without any task', async () => {
    await submit(0)
    expect(endingOf(await work(() => 1))).toMatchObject({ verdict: 'empty', exitCode: 4 })
    expect(await store.find('r')).toMatchObject({ state: 'finished', verdict: 'empty' })
  })
})

describe('carrying out a stored run', () => {
  it('records each attempt and ends the run', async () => {
    await submit(30, { retry: { maxAttempts: 2, backoffSeconds: 0 } })
    const seen: string[] = []
    const { statistics } = await work(
      ({ id, payload }, { attempt }) => {
        if (payload === 3 && attempt === 1) throw new Error('busy')
        return payload === 5 ? failed('no') : id
      },
      { onResult: ({ task }) => seen.push(task.id) },
    )
    expect(statistics).toMatchObject({ total: 30, succeeded: 29, failed: 1, attempts: 31, retries: 1 })
    expect(seen).toHaveLength(30)
    expect(await store.find('r')).toMatchObject({ state: 'finished', verdict: 'failed', exitCode: 1 })
    const [third] = await store.results('r', { afterSeq: 2, limit: 1 })
    expect(third?.attempts.map(({ state }) => state)).toEqual(['error', 'succeeded'])
    expect(third?.output).toBe('t3')
  })

  it('puts the notes of a handler on record as events, and concludes as it is told', async () => {
    await submit(1)
    let note: Note = () => {}
    const handler: Handler = ({ id }) => note('call', { task: id, ids: { run: 7 } })
    const ending = async ({ statistics }: RunConclusion): Promise<RunEnding> => ({
      state: 'finished',
      verdict: `judged ${statistics.total}`,
      exitCode: 5,
    })
    await work(handler, { onNotes: (given) => (note = given), ending })
    expect(await store.events('r', 0, 10)).toMatchObject([{ kind: 'call', data: { task: 't0', ids: { run: 7 } } }])
    expect(await store.find('r')).toMatchObject({ state: 'finished', verdict: 'judged 1', exitCode: 5 })
  })

  it('tells a handler when its beginning and its notes are on record', async () => {
    await submit(20)
    let [note, settled]: [Note, () => Promise<void>] = [() => {}, () => Promise.resolve()]
    const onNotes = (...given: [Note, () => Promise<void>]): void => void ([note, settled] = given)
    const handler: Handler = async ({ id }) => {
      note('call', { task: id })
      await settled()
      const [begun, notes] = [await store.unfinished('r', -1, 100), await store.events('r', 0, 100)]
      expect(begun.find((task) => task.id === id)?.attempts).toHaveLength(1)
      expect(notes.map(({ data }) => (data as { readonly task: string }).task)).toContain(id)
    }
    expect((await work(handler, { onNotes })).statistics).toMatchObject({ succeeded: 20 })
  })

  it('ends as failed where the conclusion cannot be drawn', async () => {
    await submit(1)
    const ending = async (): Promise<RunEnding> => Promise.reject(new GreenloopError('artifact_failed', 'disk full'))
    await expect(work(() => 1, { ending })).rejects.toMatchObject({ code: 'artifact_failed' })
    expect(await store.find('r')).toMatchObject({ state: 'failed', reason: 'disk full' })
  })

  it('leaves a run that was lost while it was concluded', async () => {
    await submit(1)
    const ending = async (): Promise<RunEnding> => {
      await abandon()
      await store.claim('r', { ...owner, token: 'another' }, leaseMs)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return { state: 'finished' }
    }
    await expect(work(() => 1, { ending, leaseMs: 300 })).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await store.find('r')).toMatchObject({ state: 'running' })
  })

  it('does nothing twice when it goes on with a run', async () => {
    await submit(10)
    const first: string[] = []
    const stop = new AbortController()
    const broken = { ...store, end: async () => Promise.reject(new GreenloopError('store_unavailable', 'gone')) }
    await expect(
      work(
        ({ id }) => {
          first.push(id)
          if (first.length === 5) throw new Error('once')
          return id
        },
        { within: broken, signal: stop.signal },
      ),
    ).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await store.find('r')).toMatchObject({ state: 'running' })
    await abandon()
    const second: string[] = []
    const { statistics } = await work(({ id }) => void second.push(id))
    expect(second).toEqual([])
    expect(statistics.total).toBe(10)
    expect(await store.find('r')).toMatchObject({ state: 'finished', verdict: 'failed' })
  })

  it('ends a task as crashed that took its process with it three times', async () => {
    await submit(3)
    for (let round = 1; round <= 3; round++) {
      const run = await store.claim('r', { ...owner, token: String(round) }, leaseMs)
      const journal = store.journal('r', run?.epoch ?? 0)
      await journal.append({ kind: 'start', seq: 1, number: round, startedAt: round })
      await journal.close()
      await abandon()
    }
    const begun: string[] = []
    const { statistics } = await work(({ id }) => void begun.push(id))
    expect(begun).toEqual(['t0', 't2'])
    expect(statistics).toMatchObject({ total: 3, succeeded: 2, error: 1 })
    const [, crashed] = await store.results('r', { afterSeq: -1, limit: 3 })
    expect(crashed).toMatchObject({ state: 'error', error: { code: 'crashed' } })
  })

  it('numbers on behind an attempt that broke off, and does not count it', async () => {
    await submit(1, { retry: { maxAttempts: 1 } })
    const run = await store.claim('r', owner, leaseMs)
    const journal = store.journal('r', run?.epoch ?? 0)
    await journal.append({ kind: 'start', seq: 0, number: 1, startedAt: 1 })
    await journal.close()
    await abandon()
    const attempts: number[] = []
    await work((_, { attempt }) => void attempts.push(attempt))
    expect(attempts).toEqual([2])
  })

  it('is cancelled from outside, and by its signal', async () => {
    await submit(50, { concurrency: 1 })
    const { stopped } = await work(() => 1, { onScheduler: (scheduler) => scheduler.cancel('enough') })
    expect(stopped).toMatchObject({ kind: 'cancelled', message: 'enough' })
    expect(await store.find('r')).toMatchObject({ state: 'cancelled', exitCode: 130, reason: 'enough' })
    expect(await store.counts('r')).toMatchObject({ total: 50, cancelled: 50, pending: 0 })
  })

  it('hears of a wish to end the run at the next renewal', async () => {
    await submit(2, { concurrency: 1 })
    const { stopped } = await work(
      async ({ payload }, { signal }) => {
        if (payload === 0) await store.requestCancel('r', 'not needed any more')
        await systemClock.sleep(5000, signal)
      },
      { leaseMs: 80 },
    )
    expect(stopped?.message).toContain('not needed any more')
    expect((await store.find('r'))?.state).toBe('cancelled')
  })

  it('stops when another process has the run, and leaves it to that one', async () => {
    await submit(2)
    const over = work(
      async (_, { signal }) => {
        await abandon()
        await store.claim('r', { ...owner, host: 'elsewhere', token: 'other' }, leaseMs)
        await systemClock.sleep(5000, signal)
      },
      { leaseMs: 80 },
    )
    await expect(over).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await store.find('r')).toMatchObject({ state: 'running', owner: { host: 'elsewhere' } })
  })

  it('leaves everything open that ends because the store could not be reached', async () => {
    await submit(3, { concurrency: 1 })
    const renew = async () => Promise.reject(new GreenloopError('store_unavailable', 'no answer'))
    const over = work(async (_, { signal }) => systemClock.sleep(5000, signal), {
      within: { ...store, renew },
      leaseMs: 80,
    })
    await expect(over).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await store.find('r')).toMatchObject({ state: 'running' })
    expect(await store.counts('r')).toMatchObject({ total: 0, cancelled: 0 })
  })

  it('runs under the usual policy where the run has none', async () => {
    await submitTasks(store, { id: 'r', kind: 'trial', title: 'test', input: {} }, tasks(2))
    expect((await work(({ id }) => id)).statistics).toMatchObject({ succeeded: 2 })
  })

  it('does not begin with a run of which a part was handed in, for that would pass for the whole', async () => {
    await store.create({ id: 'r', kind: 'trial', title: 'test', input: {} })
    await store.addTasks('r', 0, tasks(3))
    await expect(work(() => 1)).rejects.toMatchObject({ code: 'run_conflict' })
    expect((await store.find('r'))?.state).toBe('running')
  })

  it('tells of tasks that did not succeed', async () => {
    await submit(2)
    await work(({ payload }) => (payload === 0 ? failed('no') : 1))
    const told = (await store.events('r', 0, 10)).map(({ data }) => data)
    expect(told).toEqual([{ text: 'failed t0', error: { class: 'business_failure', message: 'no' } }])
  })

  it('ends the run as failed when something breaks that no resumption can mend', async () => {
    await submit(2)
    const broken = { ...store, unfinished: async () => Promise.reject(new TypeError('a defect')) }
    await expect(work(() => 1, { within: broken })).rejects.toThrow('a defect')
    expect(await store.find('r')).toMatchObject({ state: 'failed', reason: 'a defect' })
  })

  it('says what a thrown value is that is no error', async () => {
    await submit(1)
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    const broken = { ...store, unfinished: async () => Promise.reject('just text') }
    await expect(work(() => 1, { within: broken })).rejects.toBe('just text')
    expect(await store.find('r')).toMatchObject({ state: 'failed', reason: 'just text' })
  })
})

describe('the ending of a run', () => {
  const statistics = {
    total: 2,
    succeeded: 2,
    failed: 0,
    timeout: 0,
    cancelled: 0,
    error: 0,
    attempts: 2,
    retries: 0,
    serviceMs: 0,
    queueMs: 0,
    rateMs: 0,
    tokens: 0,
    costUsd: 0,
  }

  it('is green when every task succeeded, red otherwise, and neither when a budget was used up', () => {
    expect(endingOf({ statistics })).toEqual({ state: 'finished', verdict: 'passed', exitCode: 0 })
    expect(endingOf({ statistics: { ...statistics, succeeded: 1, error: 1 } })).toMatchObject({ verdict: 'failed' })
    for (const kind of ['token_budget', 'cost_budget', 'timeout'] as const) {
      const ending = endingOf({ statistics, stopped: { kind, message: 'used up' } })
      expect(ending).toEqual({ state: 'finished', verdict: 'incomplete', exitCode: 6, reason: 'used up' })
    }
  })
})
