import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { routes } from '../client/routes.ts'
import type { Attempt, CollectedTest, Outcome } from '../domain/run.ts'
import type { RunKind, RunStore } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { compareRuns, failureHistory, flakyTests } from './history.ts'
import type { ServiceContext } from './service-context.ts'
import { getTask, listAttempts, listTasks, taskCounts } from './tasks.ts'
import { resultOf, taskAttempt } from './test-records.ts'

let folder = ''
let store: RunStore
let service: ServiceContext
let clock = 1_000_000
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'greenloop-tasks-')))
  clock = 1_000_000
  store = await openSqliteStore({
    path: join(folder, 'store.db'),
    clock: { now: () => (clock += 1_000) },
    ballastBytes: 0,
  })
  const root = join(folder, 'project')
  await mkdir(join(root, 'tests'), { recursive: true })
  // What is not asked for is not there: the use cases take the store and the served folder alone.
  service = { store, root } as ServiceContext
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const collected = (name: string): CollectedTest => ({
  id: `tests/test_calc.py::${name}`,
  name,
  file: 'tests/test_calc.py',
  line: 3,
  suite: ['TestCalc'],
  tags: ['smoke'],
  labels: { owner: 'me' },
  caseId: `case-${name}`,
})

const attempt = (number: number, outcome: Outcome, message = 'assert 2 == 3'): Attempt => ({
  number,
  outcome,
  startedAt: 1_700_000_000_000,
  durationMs: 12.5,
  phasesMs: { setup: 0.5, call: 12 },
  stdout: `out of ${number}\n`,
  stderr: '',
  process: 1,
  ...(outcome === 'skipped' ? { skipReason: 'not today' } : {}),
  ...(outcome === 'passed' || outcome === 'skipped'
    ? {}
    : {
        failure: {
          phase: 'call',
          type: 'AssertionError',
          message,
          trace: `tests/test_calc.py:12: AssertionError\n${message}`,
          file: 'tests/test_calc.py',
          line: 12,
          expected: '3',
          actual: '2',
        },
      }),
})

type Tests = Readonly<Record<string, readonly Attempt[]>>

interface Begun {
  readonly kind?: RunKind
  readonly title?: string
  readonly runFolder?: string
  readonly isOpen?: boolean
}

/** A run whose tests went as told; over unless it is left open. */
async function ran(id: string, tests: Tests, { kind = 'execute', title = 'calc', runFolder, isOpen }: Begun = {}) {
  const input = { cwd: service.root, flags: {}, input: {} }
  await store.create({ id, kind, title, input, folder: runFolder })
  const names = Object.keys(tests)
  await store.addTasks(
    id,
    0,
    names.map((name) => ({ id: collected(name).id, payload: collected(name) })),
  )
  const run = await store.claim(id, { host: 'h', pid: 1, token: 't' }, 1e9)
  const journal = store.journal(id, run?.epoch ?? 0)
  for (const [seq, name] of names.entries()) {
    const attempts = tests[name] ?? []
    for (const [at, each] of attempts.entries()) {
      if (at < attempts.length - 1)
        await journal.append({ kind: 'attempt', seq, attempt: taskAttempt(each), output: each })
      else await journal.append({ kind: 'result', seq, result: resultOf(collected(name), each) })
    }
  }
  await journal.close()
  if (isOpen !== true) await store.end(id, { state: 'finished', verdict: 'failed' })
}

const all = { limit: 50 }
const script = Array.from({ length: 30 }, (_, at) => `line ${at + 1}`).join('\n')

describe('tests of a run', () => {
  it('are listed with what became of them, in pages and by verdict, in the shape of the API', async () => {
    await ran('a', {
      good: [attempt(1, 'passed')],
      bad: [attempt(1, 'failed'), attempt(2, 'failed')],
      shaky: [attempt(1, 'timed_out', 'too slow'), attempt(2, 'passed')],
      out: [attempt(1, 'skipped')],
      gone: [attempt(1, 'crashed')],
      never: [],
    })
    const page = await listTasks(service, 'a', all)
    expect(routes.listTasks.answer.parse(page)).toEqual(page)
    expect(page.items.map(({ name, verdict, outcome, attempts }) => [name, verdict, outcome, attempts])).toEqual([
      ['good', 'passed', 'passed', 1],
      ['bad', 'failed', 'failed', 2],
      ['shaky', 'flaky', 'passed', 2],
      ['out', 'skipped', 'skipped', 1],
      ['gone', 'errored', 'crashed', 1],
      ['never', 'cancelled', undefined, 0],
    ])
    expect(page.items[1]).toMatchObject({
      file: 'tests/test_calc.py',
      durationMs: 25,
      message: 'assert 2 == 3',
      fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      caseId: 'case-bad',
    })
    expect(page.items[3]?.message).toBe('not today')
    const first = await listTasks(service, 'a', { limit: 4 })
    const rest = await listTasks(service, 'a', { limit: 4, cursor: first.nextCursor })
    expect([...first.items, ...rest.items]).toEqual(page.items)
    expect(rest.nextCursor).toBeUndefined()
    expect((await listTasks(service, 'a', { ...all, search: 'SHAK' })).items.map(({ seq }) => seq)).toEqual([2])
    expect((await listTasks(service, 'a', { ...all, verdict: 'flaky' })).items.map(({ seq }) => seq)).toEqual([2])
    const red = await listTasks(service, 'a', { ...all, verdict: 'failed' })
    expect(red.items.map(({ verdict }) => verdict)).toEqual(['failed', 'errored'])
    expect(await taskCounts(service, 'a')).toEqual({
      total: 6,
      done: 5,
      passed: 1,
      failed: 2,
      flaky: 1,
      skipped: 1,
      running: [],
    })
    await expect(listTasks(service, 'none', all)).rejects.toMatchObject({ code: 'run_unknown' })
    await expect(listTasks(service, 'a', { ...all, cursor: 'x' })).rejects.toMatchObject({ code: 'body_invalid' })
  })

  it('are shown one by one: attempts, frame, prompt, history', async () => {
    await writeFile(join(service.root, 'tests/test_calc.py'), script)
    await ran('old', { bad: [attempt(1, 'passed')] })
    await ran('other title', { bad: [attempt(1, 'failed')] }, { title: 'other' })
    const loud = { ...attempt(2, 'failed'), stdout: 'x'.repeat(200_000), stderr: '\u001b[31mred\u001b[0m' }
    await ran('new', { first: [attempt(1, 'passed')], bad: [attempt(1, 'failed'), loud] })
    const task = await getTask(service, 'new', 1)
    expect(routes.getTask.answer.parse(task)).toEqual(task)
    expect(task).toMatchObject({
      runId: 'new',
      verdict: 'failed',
      previousSeq: 0,
      tags: ['smoke'],
      labels: { owner: 'me' },
    })
    expect(task.nextSeq).toBeUndefined()
    expect((await getTask(service, 'new', 0)).nextSeq).toBe(1)
    expect(task.history).toEqual([
      { runId: 'old', at: expect.any(String), verdict: 'passed', seq: 0, durationMs: 12.5 },
    ])
    expect(task.frame).toMatchObject({ file: 'tests/test_calc.py', line: 12, firstLine: 4 })
    expect(task.frame?.lines[8]).toBe('line 12')
    expect(task.attemptList.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
    expect(task.attemptList[1]?.stdout).toContain('characters left out')
    expect(task.attemptList[1]?.stdout?.length).toBeLessThan(66_000)
    expect(task.attemptList[1]?.stderr).toBe('red')
    for (const part of ['tests/test_calc.py::bad', 'AssertionError', '> 12 | line 12', 'expected: `3`', 'passed.']) {
      expect(task.prompt).toContain(part)
    }
    expect(task.rerun).toBe(`cd ${service.root} && python3 -m pytest tests/test_calc.py::bad`)
    expect((await getTask(service, 'new', 0)).prompt).toBe('')
    expect(await listAttempts(service, 'new', 1)).toEqual(task.attemptList)
    await expect(getTask(service, 'new', 2)).rejects.toMatchObject({ code: 'entry_unknown' })
  })

  it('show the script of the run before that of the project, and never a file that a link leads to', async () => {
    const runFolder = join(folder, 'runs', 'a')
    await mkdir(join(runFolder, 'tests'), { recursive: true })
    await writeFile(join(runFolder, 'tests/test_calc.py'), script.replaceAll('line', 'generated'))
    await writeFile(join(service.root, 'tests/test_calc.py'), script)
    await ran('a', { bad: [attempt(1, 'failed')] }, { kind: 'pipeline', runFolder })
    const task = await getTask(service, 'a', 0)
    expect(task.frame?.lines[0]).toBe('generated 4')
    expect(task.rerun).toContain(`install -D ${runFolder}/tests/test_calc.py`)
    await writeFile(join(folder, 'secret.py'), script)
    await rm(join(runFolder, 'tests/test_calc.py'))
    await rm(join(service.root, 'tests/test_calc.py'))
    await symlink(join(folder, 'secret.py'), join(service.root, 'tests/test_calc.py'))
    const without = await getTask(service, 'a', 0)
    expect(without.frame).toBeUndefined()
    expect(without.rerun).toBeUndefined()
    expect(without.prompt).toContain('AssertionError')
  })

  it('that still go on are pending, also behind an attempt that failed', async () => {
    await ran('a', { good: [attempt(1, 'passed')], later: [] }, { isOpen: true })
    expect((await listTasks(service, 'a', all)).items.map(({ verdict }) => verdict)).toEqual(['passed', 'pending'])
    expect(await taskCounts(service, 'a')).toMatchObject({ total: 2, done: 1 })
    expect((await getTask(service, 'a', 1)).attemptList).toEqual([])
  })
})

describe('trials of an experiment', () => {
  it('stand by their checks, with their output, which is cut where it is huge', async () => {
    const spec = (id: string) => ({ manifest: 0, repeat: 1, block: 0, case: { id, name: `Case ${id}` } })
    const input = { title: 'x', manifests: [{ workflowId: 'flow', variantId: 'polite' }], casesByWorkflow: {}, seed: 1 }
    await store.create({ id: 'e', kind: 'experiment', title: 'x', input })
    const tasks: Task[] = ['one', 'two'].map((id) => ({ id: `flow/polite/${id}/1`, payload: spec(id) }))
    await store.addTasks('e', 0, tasks)
    const run = await store.claim('e', { host: 'h', pid: 1, token: 't' }, 1e9)
    const journal = store.journal('e', run?.epoch ?? 0)
    const outputs = [
      { status: 'succeeded', text: 'hello', passed: true, scores: [] },
      {
        status: 'succeeded',
        text: 'y'.repeat(400_000),
        passed: false,
        scores: [{ name: 'polite', weight: 1, passed: false, reason: 'no please' }],
      },
    ]
    for (const [seq, task] of tasks.entries()) {
      const done = { ...taskAttempt(attempt(1, 'passed')), usage: { tokens: 5 } }
      const result = {
        task,
        state: 'succeeded',
        output: outputs[seq],
        attempts: [done],
        usage: { tokens: 5, costUsd: 0 },
      } as const
      await journal.append({ kind: 'result', seq, result })
    }
    await journal.close()
    await store.end('e', { state: 'finished' })
    const page = await listTasks(service, 'e', all)
    expect(routes.listTasks.answer.parse(page)).toEqual(page)
    expect(page.items).toMatchObject([
      { name: 'Case one', verdict: 'passed', suite: ['flow', 'polite'], caseId: 'one', outcome: 'succeeded' },
      { name: 'Case two', verdict: 'failed', message: 'polite: no please' },
    ])
    expect(await taskCounts(service, 'e')).toMatchObject({ passed: 1, failed: 1, done: 2 })
    const [one, two] = [await getTask(service, 'e', 0), await getTask(service, 'e', 1)]
    expect(one.attemptList).toMatchObject([{ outcome: 'succeeded', output: outputs[0], tokens: 5 }])
    expect(one.payload).toEqual(spec('one'))
    expect(two.attemptList[0]?.output).toMatch(/characters left out/)
    expect(JSON.stringify(two).length).toBeLessThan(280_000)
  })
})

describe('history', () => {
  const red = (message: string): readonly Attempt[] => [attempt(1, 'failed', message)]
  const green = [attempt(1, 'passed')]
  const shaky = [attempt(1, 'failed', 'the wind blew'), attempt(2, 'passed')]

  it('tells new failures from known, mended and flaky ones, each title for itself', async () => {
    await ran('1', { a: red('old trouble'), b: red('mended since'), c: green, d: green })
    await ran('2', { a: red('old trouble'), b: green, c: red('fresh trouble'), d: shaky })
    await ran('other', { z: red('elsewhere') }, { title: 'other' })
    await ran('going on', { a: green }, { isOpen: true })
    const history = await failureHistory(service, { runs: 20, title: undefined })
    expect(routes.listFailures.answer.parse(history)).toEqual(history)
    expect(Object.fromEntries(history.groups.map(({ message, standing }) => [message, standing]))).toEqual({
      'fresh trouble': 'new',
      elsewhere: 'new',
      'old trouble': 'known',
      'the wind blew': 'flaky',
      'mended since': 'fixed',
    })
    expect(history.groups.find(({ message }) => message === 'old trouble')).toMatchObject({
      count: 1,
      runs: 2,
      tests: [{ runId: '2', seq: 0, id: 'tests/test_calc.py::a' }],
    })
    expect(history.runs.map(({ id, failed, flaky, total }) => [id, failed, flaky, total])).toEqual([
      ['other', 1, 0, 1],
      ['2', 2, 1, 4],
      ['1', 2, 0, 4],
    ])
    expect(history.titles).toEqual(['calc', 'other'])
    const one = await failureHistory(service, { runs: 20, title: 'other' })
    expect(one.groups.map(({ message }) => message)).toEqual(['elsewhere'])
    await ran('3', { a: green, b: green, c: green, d: green })
    const later = await failureHistory(service, { runs: 20, title: 'calc' })
    expect(new Set(later.groups.map(({ standing }) => standing))).toEqual(new Set(['fixed']))
  })

  it('finds flaky tests, and no test that is always red', async () => {
    await ran('1', { a: green, b: shaky, always: red('x'), steady: green })
    await ran('2', { a: red('x'), b: green, always: red('x'), steady: green })
    await ran('3', { a: green, always: red('x'), steady: green })
    const page = await flakyTests(service, { runs: 50, limit: 50 })
    expect(routes.listFlaky.answer.parse(page)).toEqual(page)
    expect(page.items.map(({ outcomes, ...test }) => [test, outcomes.map(({ verdict }) => verdict)])).toEqual([
      [
        { id: 'tests/test_calc.py::b', title: 'calc', passed: 1, failed: 0, flaky: 1, runs: 2, rate: 0.5 },
        ['passed', 'flaky'],
      ],
      [
        { id: 'tests/test_calc.py::a', title: 'calc', passed: 2, failed: 1, flaky: 0, runs: 3, rate: 1 / 3 },
        ['passed', 'failed', 'passed'],
      ],
    ])
    const first = await flakyTests(service, { runs: 50, limit: 1 })
    const second = await flakyTests(service, { runs: 50, limit: 1, cursor: first.nextCursor })
    expect([...first.items, ...second.items]).toEqual(page.items)
    expect(second.nextCursor).toBeUndefined()
    expect((await flakyTests(service, { runs: 50, limit: 9, title: 'none' })).items).toEqual([])
  })

  it('compares two runs test by test', async () => {
    await ran('1', { stays: green, mends: red('x'), breaks: green, goes: green, shakes: green })
    await ran('2', { breaks: red('x'), mends: green, stays: green, comes: green, shakes: shaky })
    const compared = await compareRuns(service, '1', '2')
    expect(routes.compareRuns.answer.parse(compared)).toEqual(compared)
    expect(compared.counts).toEqual({ added: 1, removed: 1, fixed: 1, broken: 1, same: 2 })
    expect(compared.changes).toEqual([
      { id: 'tests/test_calc.py::breaks', change: 'broken', before: 'passed', after: 'failed', seq: 0 },
      { id: 'tests/test_calc.py::mends', change: 'fixed', before: 'failed', after: 'passed', seq: 1 },
      { id: 'tests/test_calc.py::comes', change: 'added', after: 'passed', seq: 3 },
      { id: 'tests/test_calc.py::goes', change: 'removed', before: 'passed' },
    ])
    await expect(compareRuns(service, '1', 'none')).rejects.toMatchObject({ code: 'run_unknown' })
    await store.create({ id: 'r', kind: 'repair', title: 'r', input: null })
    await expect(compareRuns(service, '1', 'r')).rejects.toMatchObject({ code: 'run_conflict' })
  })
})
