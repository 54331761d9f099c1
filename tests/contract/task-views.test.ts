import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunStore } from '../../src/domain/stored-run.ts'
import type { FinalState } from '../../src/domain/task.ts'
import type { TaskVerdict } from '../../src/domain/task-verdict.ts'
import { findPostgres } from '../support/postgres.ts'
import type { Place } from './stores.ts'
import { ended, newRun, owner, postgresPlace, result, sqlitePlace } from './stores.ts'

const postgres = await findPostgres()
const places: readonly (readonly [string, (() => Promise<Place>) | undefined])[] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', postgres && (() => postgresPlace(postgres))],
]
afterAll(() => postgres?.drop())

const hour = 3_600_000

/** Attempts at a task: how each ended, with what it gave; `open` is one that has no end. */
type Story = readonly (FinalState | 'open' | readonly [FinalState, unknown])[]

const stories: Readonly<Record<string, readonly [Story, TaskVerdict]>> = {
  plain: [['succeeded'], 'passed'],
  'Again/plain': [[['succeeded', { outcome: 'passed', passed: true }]], 'passed'],
  late: [['failed', 'succeeded'], 'flaky'],
  latest: [['error', 'timeout', 'succeeded'], 'flaky'],
  'cut off and again': [['cancelled', 'succeeded'], 'passed'],
  red: [['failed'], 'failed'],
  'red twice': [['failed', 'failed'], 'failed'],
  slow: [['timeout'], 'failed'],
  broken: [['error'], 'errored'],
  left_out: [[['succeeded', { outcome: 'skipped' }]], 'skipped'],
  'left out after red': [['failed', ['succeeded', { outcome: 'skipped' }]], 'failed'],
  refused: [[['succeeded', { passed: false }]], 'failed'],
  stopped: [['cancelled'], 'cancelled'],
  'ЖдЁт 100%': [[], 'pending'],
  begun: [['open'], 'running'],
  'begun again': [['failed', 'open'], 'running'],
  'to be begun again': [['failed'], 'pending'],
}
const undecided = new Set(['to be begun again'])
const ids = Object.keys(stories)

describe.each(places)('views of tasks in %s', (_, makePlace) => {
  if (makePlace === undefined) {
    it.skip('has no database here')
    return
  }
  let place: Place
  let store: RunStore
  beforeEach(async () => {
    place = await makePlace()
    store = await place.open()
  })
  afterEach(async () => {
    await store.close()
    await place.remove()
  })

  /** A run in which each task has its story. */
  const told = async (runId: string, title = 'tests'): Promise<void> => {
    await store.create(newRun(runId, { kind: 'execute', title }))
    const tasks = ids.map((id) => ({ id, payload: { id } }))
    await store.addTasks(runId, 0, tasks)
    const run = await store.claim(runId, owner('me'), hour)
    const journal = store.journal(runId, run?.epoch ?? 0)
    for (const [seq, task] of tasks.entries()) {
      const [story] = stories[task.id] ?? [[]]
      for (const [at, step] of story.entries()) {
        const number = at + 1
        if (step === 'open') {
          await journal.append({ kind: 'start', seq, number, startedAt: 1 })
          continue
        }
        const [state, output] = typeof step === 'string' ? [step, undefined] : step
        const attempt = ended(number, state)
        const isLast = number === story.length && !undecided.has(task.id)
        if (isLast) {
          await journal.append({ kind: 'result', seq, result: result(task, state, { attempts: [attempt], output }) })
        } else await journal.append({ kind: 'attempt', seq, attempt, output })
        if (at === 0) await journal.flush()
      }
    }
    await journal.close()
  }
  const withVerdict = (...wanted: readonly TaskVerdict[]): readonly string[] =>
    ids.filter((id) => wanted.includes(stories[id]?.[1] ?? 'pending'))
  const idsOf = async (runId: string, query: Partial<Parameters<RunStore['views']['tasks']>[1]>) =>
    (await store.views.tasks(runId, { afterSeq: -1, limit: 99, ...query })).map(({ id }) => id)

  it('says where each task stands, and counts them alike', async () => {
    await told('a')
    const all = await store.views.tasks('a', { afterSeq: -1, limit: 99 })
    expect(all.map(({ id, verdict }) => [id, verdict])).toEqual(ids.map((id) => [id, stories[id]?.[1]]))
    const { total, runningIds, ...counts } = await store.views.verdicts('a')
    expect(total).toBe(ids.length)
    expect(runningIds).toEqual(['begun', 'begun again'])
    for (const [verdict, count] of Object.entries(counts)) {
      expect([verdict, count]).toEqual([verdict, withVerdict(verdict as TaskVerdict).length])
      expect(await idsOf('a', { verdicts: [verdict as TaskVerdict] })).toEqual(withVerdict(verdict as TaskVerdict))
    }
    expect(await idsOf('a', { verdicts: ['failed', 'errored', 'flaky'] })).toEqual(
      withVerdict('failed', 'errored', 'flaky'),
    )
    expect(await idsOf('a', { verdicts: ['passed', 'failed'] })).toEqual(withVerdict('passed', 'failed'))
    expect(await idsOf('a', { verdicts: ['pending', 'running'] })).toEqual(withVerdict('pending', 'running'))
  })

  it('counts what has no result as cancelled once the run is over', async () => {
    await told('a')
    await store.end('a', { state: 'cancelled', reason: 'enough' })
    const left = withVerdict('pending', 'running', 'cancelled')
    expect(await idsOf('a', { verdicts: ['cancelled'] })).toEqual(left)
    expect(await store.views.verdicts('a')).toMatchObject({ cancelled: left.length, pending: 0, running: 0 })
    const [begun] = await store.views.tasks('a', { afterSeq: ids.indexOf('begun') - 1, limit: 1 })
    expect(begun).toMatchObject({ id: 'begun', verdict: 'cancelled', error: { class: 'cancelled', message: 'enough' } })
  })

  it('gives a task with every attempt at it', async () => {
    await told('a')
    const [late] = await store.views.tasks('a', { afterSeq: ids.indexOf('left out after red') - 1, limit: 1 })
    expect(late).toMatchObject({ id: 'left out after red', payload: { id: 'left out after red' }, verdict: 'failed' })
    expect(late?.attempts.map(({ number, state, final, output }) => [number, state, final, output])).toEqual([
      [1, 'failed', false, undefined],
      [2, 'succeeded', true, { outcome: 'skipped' }],
    ])
  })

  it('pages by number, and finds parts of ids as they are written', async () => {
    await told('a')
    const walked: string[] = []
    for (let afterSeq = -1; ;) {
      const page = await store.views.tasks('a', { afterSeq, limit: 2, verdicts: ['failed', 'passed'] })
      walked.push(...page.map(({ id }) => id))
      const last = page.at(-1)
      if (last === undefined) break
      afterSeq = last.seq
    }
    expect(walked).toEqual(withVerdict('failed', 'passed'))
    expect(await idsOf('a', { search: 'AGAIN/' })).toEqual(['Again/plain'])
    expect(await idsOf('a', { search: 'again', verdicts: ['running'] })).toEqual(['begun again'])
    expect(await idsOf('a', { search: 't_o' })).toEqual(['left_out'])
    expect(await idsOf('a', { search: 'ЖдЁт 100%' })).toEqual(['ЖдЁт 100%'])
    expect(await idsOf('a', { search: "'" })).toEqual([])
    expect(await idsOf('none', {})).toEqual([])
    await expect(store.views.verdicts('none')).rejects.toMatchObject({ code: 'run_unknown' })
  })

  it('gives outcomes of tasks over runs, and pages through those of one', async () => {
    await told('a')
    await told('b')
    const found = await store.views.outcomes({ runIds: ['b', 'a', 'none'], ids: ['late', 'red', 'x'], limit: 9 })
    const [late, red] = [ids.indexOf('late'), ids.indexOf('red')]
    expect(found).toEqual(
      ['a', 'b'].flatMap((runId) => [
        { runId, seq: late, id: 'late', verdict: 'flaky', durationMs: 21 },
        { runId, seq: red, id: 'red', verdict: 'failed', durationMs: 10.5 },
      ]),
    )
    const rest = await store.views.outcomes({ runIds: ['a'], afterSeq: late, limit: 2 })
    expect(rest.map(({ seq }) => seq)).toEqual([late + 1, late + 2])
    expect(await store.views.outcomes({ runIds: [], ids: [], limit: 9 })).toEqual([])
  })

  it('finds runs by their title, and by a part of title or id', async () => {
    for (const [id, title] of [
      ['r1', 'tests/Login_suite.yaml'],
      ['r2', 'tests/loginXsuite.yaml'],
      ['LOGIN-3', 'other'],
    ] as const) {
      await store.create(newRun(id, { title }))
    }
    const found = async (filter: object) => (await store.list({ limit: 9, ...filter })).map(({ id }) => id).toSorted()
    expect(await found({ search: 'login' })).toEqual(['LOGIN-3', 'r1', 'r2'])
    expect(await found({ search: 'login_' })).toEqual(['r1'])
    expect(await found({ search: '%' })).toEqual([])
    expect(await found({ title: 'other' })).toEqual(['LOGIN-3'])
  })

  it('reads a run of many windows whole', async () => {
    const count = 5_000
    await store.create(newRun('big'))
    const tasks = Array.from({ length: count }, (_each, at) => ({ id: `t${at}`, payload: null }))
    await store.addTasks('big', 0, tasks)
    const run = await store.claim('big', owner('me'), hour)
    const journal = store.journal('big', run?.epoch ?? 0)
    for (const [seq, task] of tasks.entries()) {
      await journal.append({ kind: 'result', seq, result: result(task, seq % 1_250 === 7 ? 'failed' : 'succeeded') })
    }
    await journal.close()
    expect(await idsOf('big', { verdicts: ['failed'] })).toEqual(['t7', 't1257', 't2507', 't3757'])
    expect(await idsOf('big', { search: 't4999' })).toEqual(['t4999'])
    expect(await store.views.verdicts('big')).toMatchObject({ passed: count - 4, failed: 4, total: count })
  })
})
