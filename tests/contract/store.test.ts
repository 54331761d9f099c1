import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Journal, RunStore, StoredRun } from '../../src/domain/stored-run.ts'
import { findPostgres } from '../support/postgres.ts'
import type { Place } from './stores.ts'
import { ended, host, makeTasks, newRun, owner, postgresPlace, result, sqlitePlace } from './stores.ts'

const postgres = await findPostgres()
const places: readonly (readonly [string, (() => Promise<Place>) | undefined])[] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', postgres && (() => postgresPlace(postgres))],
]
afterAll(() => postgres?.drop())

const hour = 3_600_000

describe.each(places)('a store of runs in %s', (_, makePlace) => {
  if (makePlace === undefined) {
    it.skip('has no database here')
    return
  }
  let place: Place
  let store: RunStore
  const opened: RunStore[] = []
  const open = async (options?: Parameters<Place['open']>[0]): Promise<RunStore> => {
    const another = await place.open(options)
    opened.push(another)
    return another
  }
  beforeEach(async () => {
    place = await makePlace()
    store = await open()
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
    await place.remove()
  })

  /** A run that this test works on, with so many tasks. */
  const running = async (id: string, count: number, leaseMs = hour): Promise<{ run: StoredRun; journal: Journal }> => {
    await store.create(newRun(id))
    await store.addTasks(id, 0, makeTasks(count))
    await store.seal(id, count)
    const run = await store.claim(id, owner('me'), leaseMs)
    if (run === undefined) throw new Error('the run could not be claimed')
    return { run, journal: store.journal(id, run.epoch) }
  }

  describe('keeping runs', () => {
    it('gives a run back as it was handed in', async () => {
      const input = { text: 'zero \0, half \ud800, ‮ and 😀', list: [1, null, { deep: true }] }
      const created = await store.create(newRun('a', { input, folder: '/tmp/x', kind: 'experiment' }))
      expect(created).toMatchObject({ id: 'a', kind: 'experiment', title: 'run a', input, folder: '/tmp/x' })
      expect(created).toMatchObject({ state: 'queued', epoch: 0 })
      expect(created.createdAt).toBeGreaterThan(1e12)
      expect(await store.find('a')).toEqual(created)
      expect(await (await open()).find('a')).toEqual(created)
    })

    it('knows a run that is handed in twice, and refuses another one of its name', async () => {
      const first = await store.create(newRun('a', { input: { x: 1, y: undefined, z: [2] } }))
      expect(await store.create(newRun('a', { input: { z: [2], x: 1 }, title: 'again' }))).toEqual(first)
      const other = store.create(newRun('a', { input: { x: 2 } }))
      await expect(other).rejects.toMatchObject({ code: 'run_conflict' })
      await expect(store.create(newRun('a', { kind: 'repair' }))).rejects.toMatchObject({ code: 'run_conflict' })
    })

    it('gives one of two that create the same run at once the same as the other', async () => {
      const second = await open()
      const [one, two] = await Promise.all([store.create(newRun('a')), second.create(newRun('a'))])
      expect(one).toEqual(two)
    })

    it('refuses an id that a database would change', async () => {
      await expect(store.create(newRun('a\0b'))).rejects.toMatchObject({ code: 'usage_invalid' })
      await expect(store.create(newRun(''))).rejects.toMatchObject({ code: 'usage_invalid' })
    })

    it('lists runs newest first, page by page, and by kind and state', async () => {
      for (const id of ['a', 'b', 'c', 'd', 'e']) await store.create(newRun(id, id === 'c' ? { kind: 'repair' } : {}))
      await store.end('b', { state: 'failed' })
      const all = await store.list({ limit: 10 })
      const order = all.map(({ id }) => id)
      expect(order.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
      const sorted = all.toSorted((x, y) => y.createdAt - x.createdAt || (y.id > x.id ? 1 : -1))
      expect(all).toEqual(sorted)
      const first = await store.list({ limit: 2 })
      const rest = await store.list({ limit: 10, before: first[1] ?? { createdAt: 0, id: '' } })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(order)
      expect((await store.list({ limit: 10, kinds: ['repair'] })).map(({ id }) => id)).toEqual(['c'])
      expect((await store.list({ limit: 10, states: ['failed', 'running'] })).map(({ id }) => id)).toEqual(['b'])
      expect(await store.list({ limit: 10, kinds: [] })).toEqual([])
    })

    it('knows nothing of a run that was never there', async () => {
      expect(await store.find('x')).toBeUndefined()
      expect(await store.claim('x', owner('me'), hour)).toBeUndefined()
      expect(await store.end('x', { state: 'failed' })).toBe(false)
      await expect(store.requestCancel('x', 'why')).rejects.toMatchObject({ code: 'run_unknown' })
      await expect(store.addTasks('x', 0, makeTasks(1))).rejects.toMatchObject({ code: 'run_unknown' })
      await expect(store.seal('x', 0)).rejects.toMatchObject({ code: 'run_unknown' })
      await expect(store.counts('x')).rejects.toMatchObject({ code: 'run_unknown' })
      expect(await store.results('x', { afterSeq: -1, limit: 5 })).toEqual([])
      expect(await store.events('x', 0, 5)).toEqual([])
    })
  })

  describe('keeping tasks', () => {
    it('gives tasks back with all they carry, in pages', async () => {
      await store.create(newRun('a'))
      const tasks = [
        { id: 'plain', payload: null },
        { id: 'full', payload: { text: 'half \udfff, zero \0' }, timeoutMs: 1_500.5, weight: 3, metadata: { k: [1] } },
        { id: 'none', payload: undefined },
        { id: 'ünïcode 😀', payload: 'text' },
      ]
      await store.addTasks('a', 0, tasks.slice(0, 3))
      await store.addTasks('a', 3, tasks.slice(3))
      const first = await store.unfinished('a', -1, 3)
      const second = await store.unfinished('a', 2, 3)
      expect([...first, ...second]).toEqual(tasks.map((task, seq) => ({ ...task, seq, attempts: [] })))
    })

    it('counts a page that is handed in twice once, also by two at a time', async () => {
      await store.create(newRun('a'))
      const second = await open()
      await Promise.all([store, second].map((each) => each.addTasks('a', 0, makeTasks(200))))
      await store.addTasks('a', 0, makeTasks(200))
      await store.addTasks('a', 100, makeTasks(200, 100))
      expect(await store.counts('a')).toMatchObject({ pending: 300, total: 0 })
    })

    it('names a task whose id is there already, and keeps nothing of its page', async () => {
      await store.create(newRun('a'))
      await store.addTasks('a', 0, makeTasks(3))
      const again = store.addTasks('a', 3, [...makeTasks(2, 3), { id: 't1', payload: 0 }])
      await expect(again).rejects.toMatchObject({ code: 'run_conflict', message: expect.stringContaining('"t1"') })
      const within = store.addTasks('a', 3, [...makeTasks(2, 3), { id: 't3', payload: 0 }])
      await expect(within).rejects.toMatchObject({ code: 'run_conflict', message: expect.stringContaining('"t3"') })
      const shifted = store.addTasks('a', 1, makeTasks(2, 7))
      await expect(shifted).rejects.toMatchObject({ code: 'run_conflict', message: expect.stringContaining('"t1"') })
      expect(await store.unfinished('a', -1, 10)).toHaveLength(3)
    })

    it('refuses a gap, a wrong number of tasks, and tasks after the last', async () => {
      await store.create(newRun('a'))
      await expect(store.addTasks('a', 1, makeTasks(1))).rejects.toMatchObject({ code: 'run_conflict' })
      await store.addTasks('a', 0, makeTasks(3))
      await expect(store.seal('a', 4)).rejects.toMatchObject({ code: 'run_conflict' })
      expect((await store.find('a'))?.taskCount).toBeUndefined()
      await store.seal('a', 3)
      await store.seal('a', 3)
      expect((await store.find('a'))?.taskCount).toBe(3)
      await expect(store.addTasks('a', 3, makeTasks(1, 3))).rejects.toMatchObject({ code: 'run_conflict' })
      await store.addTasks('a', 0, makeTasks(3))
      expect(await store.check()).toEqual([])
    })

    it('gives only tasks without a result, with the attempts that were made', async () => {
      const { journal } = await running('a', 4)
      const [one, two] = makeTasks(4)
      if (one === undefined || two === undefined) throw new Error('no tasks')
      void journal.append({ kind: 'result', seq: 0, result: result(one, 'succeeded') })
      void journal.append({ kind: 'start', seq: 1, number: 1, startedAt: 5 })
      await journal.flush()
      void journal.append({ kind: 'attempt', seq: 1, attempt: ended(1, 'error'), output: { half: true } })
      void journal.append({ kind: 'start', seq: 1, number: 2, startedAt: 6 })
      await journal.flush()
      const left = await store.unfinished('a', -1, 2)
      expect(left.map(({ seq }) => seq)).toEqual([1, 2])
      expect(left[0]?.attempts).toEqual([
        { ...ended(1, 'error'), startedAt: 5, final: false, output: { half: true } },
        { number: 2, startedAt: 6, serviceMs: 0, queueMs: 0, rateMs: 0, final: false },
      ])
      expect(await store.counts('a')).toMatchObject({ total: 1, running: 1, pending: 2, attempts: 2, retries: 0 })
    })
  })

  describe('owning a run', () => {
    it('gives a run to one of many that claim it at once', async () => {
      await store.create(newRun('a'))
      const others = await Promise.all([open(), open()])
      const claims = [store, ...others].flatMap((each, at) =>
        [1, 2, 3].map((n) => each.claim('a', owner(`${at} ${n}`), hour)),
      )
      const got = (await Promise.all(claims)).filter((claim) => claim !== undefined)
      expect(got).toHaveLength(1)
      expect(got[0]).toMatchObject({ state: 'running', epoch: 1 })
      expect(await store.find('a')).toEqual(got[0])
    })

    it('gives it on when the lease has lapsed, with a higher epoch', async () => {
      const { run } = await running('a', 1, 0)
      const next = await store.claim('a', owner('other'), hour)
      expect(next).toMatchObject({ epoch: run.epoch + 1, owner: owner('other'), startedAt: run.startedAt })
      expect(await store.claim('a', owner('third'), hour)).toBeUndefined()
      await expect(store.renew('a', run.epoch, hour)).rejects.toMatchObject({ code: 'lease_lost' })
      expect(await store.renew('a', run.epoch + 1, hour)).toEqual({})
    })

    it('gives it on at once when the owner of this machine is gone, or its pid is now another process', async () => {
      const gone = await open({ isAlive: () => false })
      await gone.create(newRun('a'))
      await gone.claim('a', owner('first', { host, pid: 77 }), hour)
      expect(await gone.claim('a', owner('second', { host, pid: 78 }), hour)).toMatchObject({ epoch: 2 })

      const alive = await open({ isAlive: () => true })
      await alive.create(newRun('b'))
      await alive.claim('b', owner('first', { host, pid: 77 }), hour)
      expect(await alive.claim('b', owner('first', { host, pid: 77 }), hour)).toBeUndefined()
      expect(await alive.claim('b', owner('second', { host, pid: 78 }), hour)).toBeUndefined()
      expect(await gone.claim('b', owner('far'), hour)).toBeUndefined()
      expect(await alive.claim('b', owner('reborn', { host, pid: 77 }), hour)).toMatchObject({ epoch: 2 })
    })

    it('lets whoever lost it write nothing more', async () => {
      const { run, journal: old } = await running('a', 2, 0)
      const taken = await store.claim('a', owner('other'), hour)
      const [one, two] = makeTasks(2)
      if (one === undefined || two === undefined || taken === undefined) throw new Error('not taken')
      const mine = store.journal('a', taken.epoch)
      void mine.append({ kind: 'result', seq: 0, result: result(one, 'succeeded') })
      await mine.flush()
      void old.append({ kind: 'result', seq: 0, result: result(one, 'failed') })
      void old.append({ kind: 'result', seq: 1, result: result(two, 'failed') })
      void old.append({ kind: 'event', event: { at: 1, kind: 'late', data: null } })
      await expect(old.flush()).rejects.toMatchObject({ code: 'lease_lost' })
      const late = old.append({ kind: 'start', seq: 1, number: 2, startedAt: 1 })
      await expect(late).rejects.toMatchObject({ code: 'lease_lost' })
      // Nobody hears this one, which must not end the process.
      void old.append({ kind: 'start', seq: 1, number: 3, startedAt: 1 })
      await expect(old.flush()).rejects.toMatchObject({ code: 'lease_lost' })
      await expect(old.close()).rejects.toMatchObject({ code: 'lease_lost' })
      expect(await store.end('a', { state: 'finished' }, run.epoch)).toBe(false)
      expect(await store.counts('a')).toMatchObject({ succeeded: 1, total: 1, pending: 1 })
      expect(await store.events('a', 0, 10)).toEqual([])
    })

    it('ends a run once, whoever tries, and lets nothing be written afterwards', async () => {
      const { run, journal } = await running('a', 1)
      const second = await open()
      const ends = [store, second, store, second].map((each) =>
        each.end('a', { state: 'finished', verdict: 'passed', exitCode: 0 }, run.epoch),
      )
      expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(1)
      expect(await store.end('a', { state: 'failed' })).toBe(false)
      const over = await store.find('a')
      expect(over).toMatchObject({ state: 'finished', verdict: 'passed', exitCode: 0 })
      expect(over?.finishedAt).toBeGreaterThanOrEqual(over?.startedAt ?? Infinity)
      void journal.append({ kind: 'event', event: { at: 1, kind: 'late', data: 1 } })
      await expect(journal.flush()).rejects.toMatchObject({ code: 'lease_lost' })
      expect(await store.claim('a', owner('other'), hour)).toBeUndefined()
    })
  })

  describe('cancelling', () => {
    it('ends a run at once that waits, or that nobody living works on', async () => {
      await store.create(newRun('waiting'))
      expect(await store.requestCancel('waiting', 'no need')).toMatchObject({ state: 'cancelled', reason: 'no need' })
      await running('lapsed', 1, 0)
      expect(await store.requestCancel('lapsed', 'no need')).toMatchObject({ state: 'cancelled', reason: 'no need' })
      const gone = await open({ isAlive: () => false })
      await gone.create(newRun('dead'))
      await gone.claim('dead', owner('me', { host }), hour)
      expect(await gone.requestCancel('dead', 'no need')).toMatchObject({ state: 'cancelled', reason: 'no need' })
    })

    it('asks the living owner, who learns it on renewing', async () => {
      const { run } = await running('a', 1)
      const asked = await store.requestCancel('a', 'by hand')
      expect(asked).toMatchObject({ state: 'running', cancelRequested: 'by hand' })
      await store.requestCancel('a', 'once more')
      expect(await store.renew('a', run.epoch, hour)).toEqual({ cancelRequested: 'by hand' })
    })

    it('leaves a run alone that is over', async () => {
      await store.create(newRun('a'))
      await store.end('a', { state: 'finished', verdict: 'passed' })
      const over = await store.find('a')
      expect(await store.requestCancel('a', 'late')).toEqual(over)
    })
  })

  describe('the journal', () => {
    it('keeps one end of an attempt and one result of a task: the first', async () => {
      const { journal } = await running('a', 3)
      const [one, two, three] = makeTasks(3)
      if (one === undefined || two === undefined || three === undefined) throw new Error('no tasks')
      for (const output of ['first', 'second']) {
        void journal.append({ kind: 'attempt', seq: 0, attempt: ended(1, 'error', { serviceMs: 7 }) })
        const attempts = [ended(1, 'error'), ended(2, 'succeeded')]
        void journal.append({ kind: 'result', seq: 0, result: result(one, 'succeeded', { attempts, output }) })
        if (output === 'first') await journal.flush()
        void journal.append({ kind: 'result', seq: 1, result: result(two, 'succeeded', { output }) })
      }
      void journal.append({ kind: 'result', seq: 0, result: result(one, 'failed', { attempts: [ended(3, 'failed')] }) })
      void journal.append({ kind: 'result', seq: 2, result: result(three, 'failed') })
      void journal.append({ kind: 'result', seq: 2, result: result(three, 'succeeded') })
      await journal.flush()
      const stored = await store.results('a', { afterSeq: -1, limit: 10 })
      expect(stored).toEqual([
        {
          ...result(one, 'succeeded', { output: 'first' }),
          seq: 0,
          attempts: [ended(1, 'error', { serviceMs: 7 }), ended(2, 'succeeded')],
        },
        { ...result(two, 'succeeded', { output: 'first' }), seq: 1 },
        { ...result(three, 'failed'), seq: 2 },
      ])
      expect(await store.counts('a')).toMatchObject({ total: 3, attempts: 4, retries: 1, serviceMs: 7 + 3 * 10.5 })
    })

    it('makes an attempt that is on record the deciding one', async () => {
      const { journal } = await running('a', 2)
      const [one, two] = makeTasks(2)
      if (one === undefined || two === undefined) throw new Error('no tasks')
      for (const seq of [0, 1]) void journal.append({ kind: 'attempt', seq, attempt: ended(1, 'error'), output: 'o' })
      void journal.append({ kind: 'result', seq: 0, result: result(one, 'error') })
      await journal.flush()
      void journal.append({ kind: 'result', seq: 1, result: result(two, 'error') })
      await journal.flush()
      const stored = await store.results('a', { afterSeq: -1, limit: 10 })
      expect(stored.map(({ state, output, attempts }) => [state, output, attempts.length])).toEqual([
        ['error', 'o', 1],
        ['error', 'o', 1],
      ])
    })

    it('leaves a result as it is when its attempt is told once more', async () => {
      const { journal } = await running('a', 1)
      const [task] = makeTasks(1)
      if (task === undefined) throw new Error('no task')
      void journal.append({ kind: 'result', seq: 0, result: result(task, 'succeeded', { output: 1 }) })
      await journal.flush()
      void journal.append({ kind: 'attempt', seq: 0, attempt: ended(1, 'error'), output: 2 })
      void journal.append({ kind: 'start', seq: 0, number: 1, startedAt: 9 })
      await journal.flush()
      const stored = await store.results('a', { afterSeq: -1, limit: 10 })
      expect(stored).toEqual([{ ...result(task, 'succeeded', { output: 1 }), seq: 0 }])
    })

    it('keeps a result that differs from its last attempt, and one without any', async () => {
      const { journal } = await running('a', 2)
      const [one, two] = makeTasks(2)
      if (one === undefined || two === undefined) throw new Error('no tasks')
      const error = { class: 'cancelled', message: 'the run was cancelled', code: 'x' } as const
      const usage = { tokens: 3, costUsd: 0.25 }
      const results = [
        { ...result(one, 'cancelled', { attempts: [ended(1, 'error', { usage })], error }), usage },
        result(two, 'cancelled', { attempts: [], error }),
      ]
      results.forEach((each, seq) => void journal.append({ kind: 'result', seq, result: each }))
      await journal.flush()
      const stored = await store.results('a', { afterSeq: -1, limit: 10 })
      expect(stored).toEqual(results.map((each, seq) => ({ ...each, seq })))
      expect(await store.counts('a')).toMatchObject({ cancelled: 2, attempts: 1, tokens: 3, costUsd: 0.25 })
    })

    it('numbers events from 1 in their order, over owners too', async () => {
      const { run, journal } = await running('a', 0, 0)
      for (let n = 1; n <= 1_200; n++)
        void journal.append({ kind: 'event', event: { at: n, kind: 'tick', data: { n } } })
      await journal.close()
      const next = await store.claim('a', owner('other'), hour)
      const other = store.journal('a', next?.epoch ?? run.epoch)
      void other.append({ kind: 'event', event: { at: 1_201, kind: 'tick\0', data: undefined } })
      await other.close()
      const first = await store.events('a', 0, 1_000)
      const rest = await store.events('a', 1_000, 1_000)
      expect([...first, ...rest].map(({ seq }) => seq)).toEqual(Array.from({ length: 1_201 }, (__, at) => at + 1))
      expect(first[41]).toEqual({ seq: 42, at: 42, kind: 'tick', data: { n: 42 } })
      expect(rest.at(-1)).toEqual({ seq: 1_201, at: 1_201, kind: 'tick\ufffd', data: undefined })
    })

    it('gives events of some kinds alone, with the number of the last of all', async () => {
      const { journal } = await running('a', 0)
      for (const kind of ['step', 'problem', 'tests', 'problem', 'problem', 'progress']) {
        void journal.append({ kind: 'event', event: { at: 1, kind, data: { kind } } })
      }
      await journal.flush()
      const page = { kinds: ['problem', 'step'], afterSeq: 1, limit: 2 }
      const { lastSeq, events } = await store.eventsOfKinds('a', page)
      expect([lastSeq, ...events.map(({ seq, kind }) => `${seq} ${kind}`)]).toEqual([6, '2 problem', '4 problem'])
      expect(await store.eventsOfKinds('x', page)).toEqual({ lastSeq: 0, events: [] })
    })

    it('makes whoever appends wait when it is far behind, and loses nothing', async () => {
      const count = 5_000
      const { journal } = await running('a', count)
      const tasks = makeTasks(count)
      let waits = 0
      for (const [seq, task] of tasks.entries()) {
        void journal.append({ kind: 'start', seq, number: 1, startedAt: 1 })
        const wait = journal.append({ kind: 'result', seq, result: result(task, 'succeeded', { output: seq }) })
        if (wait !== undefined) waits++
        await wait
      }
      await journal.close()
      expect(waits).toBeGreaterThan(0)
      expect(await store.counts('a')).toMatchObject({ succeeded: count, attempts: count, pending: 0, running: 0 })
      expect(await store.unfinished('a', -1, 1)).toEqual([])
    })

    it('refuses an output that has no JSON, and goes on with the others', async () => {
      const { journal } = await running('a', 1)
      const [task] = makeTasks(1)
      if (task === undefined) throw new Error('no task')
      const bad = journal.append({ kind: 'result', seq: 0, result: result(task, 'succeeded', { output: 1n }) })
      await expect(bad).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('t0') })
      void journal.append({ kind: 'result', seq: 0, result: result(task, 'error') })
      await journal.flush()
      expect(await store.counts('a')).toMatchObject({ error: 1 })
    })
  })

  describe('results', () => {
    it('come in the order of the tasks, in pages, by state', async () => {
      const { journal } = await running('a', 30)
      const states = ['succeeded', 'failed', 'timeout', 'cancelled', 'error'] as const
      for (const [seq, task] of makeTasks(30).entries()) {
        const state = states[seq % 5] ?? 'error'
        if (seq < 25) void journal.append({ kind: 'result', seq: 24 - seq, result: result(task, state) })
      }
      await journal.flush()
      const first = await store.results('a', { afterSeq: -1, limit: 10 })
      const second = await store.results('a', { afterSeq: 9, limit: 100 })
      expect([...first, ...second].map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (__, seq) => seq))
      const bad = await store.results('a', { afterSeq: 4, limit: 3, states: ['failed', 'timeout'] })
      expect(bad.map(({ seq, state }) => [seq, state])).toEqual([
        [7, 'timeout'],
        [8, 'failed'],
        [12, 'timeout'],
      ])
      expect(await store.counts('a')).toMatchObject({ total: 25, failed: 5, timeout: 5, pending: 5 })
    })

    it('count tasks without one as cancelled when the run is over, with its reason', async () => {
      const { run, journal } = await running('a', 3)
      const [task] = makeTasks(1)
      if (task === undefined) throw new Error('no task')
      void journal.append({ kind: 'result', seq: 0, result: result(task, 'succeeded') })
      void journal.append({ kind: 'start', seq: 1, number: 1, startedAt: 1 })
      await journal.close()
      expect(await store.results('a', { afterSeq: -1, limit: 9, states: ['cancelled'] })).toEqual([])
      await store.end('a', { state: 'cancelled', reason: 'by hand' }, run.epoch)
      const cancelled = await store.results('a', { afterSeq: -1, limit: 9, states: ['cancelled'] })
      expect(cancelled.map(({ seq, state, error }) => [seq, state, error])).toEqual(
        [1, 2].map((seq) => [seq, 'cancelled', { class: 'cancelled', message: 'by hand' }]),
      )
      expect(await store.results('a', { afterSeq: -1, limit: 9 })).toHaveLength(3)
      expect(await store.results('a', { afterSeq: -1, limit: 9, states: ['succeeded'] })).toHaveLength(1)
      expect(await store.counts('a')).toMatchObject({ total: 3, succeeded: 1, cancelled: 2, pending: 0, running: 0 })
    })
  })

  describe('pruning', () => {
    const endedRuns = async (): Promise<void> => {
      for (const id of ['a', 'b', 'c', 'd']) {
        const { run, journal } = await running(id, 2)
        void journal.append({ kind: 'event', event: { at: 1, kind: 'x', data: 1 } })
        await journal.close()
        await store.end(id, { state: 'finished' }, run.epoch)
      }
      await running('busy', 1)
      await store.create(newRun('waiting'))
    }
    const left = async (): Promise<string[]> => (await store.list({ limit: 99 })).map(({ id }) => id).toSorted()

    it('keeps the newest of the ended, and whatever is not over', async () => {
      await endedRuns()
      const rule = { keep: 1, dryRun: true }
      const shown = await store.prune(rule)
      expect(shown).toHaveLength(3)
      expect(await left()).toHaveLength(6)
      expect(await store.prune({ ...rule, dryRun: false })).toEqual(shown)
      expect(await left()).toHaveLength(3)
      const [gone] = shown
      expect(await store.unfinished(gone?.id ?? '', -1, 9)).toEqual([])
      expect(await store.events(gone?.id ?? '', 0, 9)).toEqual([])
      expect(await store.check()).toEqual([])
      await store.create(newRun(gone?.id ?? '', { input: 'another' }))
    })

    it('removes by age, and nothing where nothing is said', async () => {
      await endedRuns()
      expect(await store.prune({ dryRun: false })).toEqual([])
      expect(await store.prune({ endedBefore: 1, dryRun: false })).toEqual([])
      const far = Date.now() + hour
      expect(await store.prune({ endedBefore: far, keep: 3, dryRun: false })).toHaveLength(1)
      expect(await store.prune({ endedBefore: far, dryRun: false })).toHaveLength(3)
      expect(await left()).toEqual(['busy', 'waiting'])
    })
  })
})
