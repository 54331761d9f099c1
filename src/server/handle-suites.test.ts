import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceContext } from '../app/service-context.ts'
import { openRunStore } from '../app/store.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { combinationHandlers } from './handle-combinations.ts'
import { planHandlers } from './handle-plans.ts'
import { suiteHandlers } from './handle-suites.ts'
import type { Call } from './handler.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')
let folder = ''
let root = ''
let store: RunStore
let service: ServiceContext

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'greenloop-suites-')))
  root = join(folder, 'root')
  await cp(join(examples, 'suites'), join(root, 'examples', 'suites'), { recursive: true })
  await cp(join(examples, 'experiments'), join(root, 'examples', 'experiments'), { recursive: true })
  const suite = await readFile(join(examples, 'suites', 'calculator.json'), 'utf8')
  for (const hidden of ['node_modules/x', '.hidden', 'artifacts']) {
    await mkdir(join(root, hidden), { recursive: true })
    await writeFile(join(root, hidden, 'suite.json'), suite)
  }
  await writeFile(join(root, 'package.json'), '{"name":"x","targets":[],"scripts":{"tests":"x"}}')
  await writeFile(join(root, 'broken.json'), '{\n  "target": {"kind": "python"},\n  "cases": [,]\n}\n')
  await writeFile(join(folder, 'outside.json'), suite)
  await symlink('../outside.json', join(root, 'linked.json'))
  await symlink('..', join(root, 'up'))
  store = await openRunStore(join(folder, 'store.db'))
  const signal = new AbortController().signal
  const where = { cwd: root, env: {}, signal }
  const artifacts = join(root, 'artifacts')
  // Suites, plans and combinations start no runs.
  service = { store, root, artifacts, where, storeAt: '', key: Buffer.alloc(32) } as unknown as ServiceContext
})

afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

function call(headers: Record<string, string> = {}): Call {
  return {
    caller: undefined,
    request: new Request('http://localhost/', { headers }),
    requestId: 'r',
    address: '127.0.0.1',
    signal: new AbortController().signal,
  }
}

const none = { params: undefined, query: undefined, body: undefined }

/** The answer of an operation, whether it has headers of its own or not. */
async function answerOf<T>(result: Promise<T>): Promise<T extends { answer: infer A } ? A : Exclude<T, Response>> {
  const given = await result
  return (
    typeof given === 'object' && given !== null && 'headers' in given && 'answer' in given ? given.answer : given
  ) as never
}

async function suites() {
  return (await answerOf(suiteHandlers(service).listSuites(none, call()))) as {
    items: { id: string; path: string; name: string; cases: number; lastRun?: unknown }[]
  }
}

async function idOf(path: string): Promise<string> {
  return (await suites()).items.find((item) => item.path === path)?.id ?? 'none'
}

async function read(path: string) {
  const params = { id: await idOf(path) }
  return (await answerOf(suiteHandlers(service).getSuite({ ...none, params }, call()))) as {
    text: string
    etag: string
    problems: { message: string; place?: { line?: number } }[]
  }
}

describe('suites of the served folder', () => {
  it('lists what looks like a suite, and only that', async () => {
    await store.create({ id: 'run-1', kind: 'pipeline', title: 'examples/suites/calculator.json', input: {} })
    const { items } = await suites()
    expect(items.map(({ path }) => path)).toEqual([
      'broken.json',
      'examples/suites/authentication.json',
      'examples/suites/calculator.json',
      'examples/suites/calculator.yaml',
    ])
    expect(items[2]).toMatchObject({ name: expect.stringMatching(/calc/i), cases: expect.any(Number) })
    expect(items[2]?.lastRun).toMatchObject({ id: 'run-1', status: 'queued' })
  })

  it('gives a broken one with the place of what is wrong', async () => {
    expect((await read('broken.json')).problems[0]?.place?.line).toBe(3)
  })

  it('saves only over what was read, also when two save at once', async () => {
    const handlers = suiteHandlers(service)
    const path = 'examples/suites/calculator.json'
    const { text, etag } = await read(path)
    const save = async (body: string, headers: Record<string, string>) =>
      handlers.writeSuite({ ...none, params: { id: await idOf(path) }, body: { text: body } }, call(headers))
    await expect(save(text, {})).rejects.toMatchObject({ code: 'version_conflict' })
    await expect(save(text, { 'if-match': '"0"' })).rejects.toMatchObject({ code: 'version_conflict' })
    const both = await Promise.allSettled([
      save(`${text}\n`, { 'if-match': etag }),
      save(`${text}\n\n`, { 'if-match': etag }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await read(path)).etag).not.toBe(etag)
    await expect(save('{"scripts": {}}', { 'if-match': '*' })).rejects.toMatchObject({ code: 'suite_invalid' })
  })

  it('writes new ones into new folders, never over another and never outside', async () => {
    const { createSuite } = suiteHandlers(service)
    const text = await readFile(join(examples, 'suites', 'calculator.yaml'), 'utf8')
    const create = (path: string) => createSuite({ ...none, body: { path, text } }, call())
    const made = (await answerOf(create('tests/new/calc.yaml'))) as { path: string; problems: unknown[] }
    expect(made).toMatchObject({ path: 'tests/new/calc.yaml', problems: [] })
    expect(await readFile(join(root, 'tests/new/calc.yaml'), 'utf8')).toBe(text)
    const refusals = [
      ['tests/new/calc.yaml', 'version_conflict'],
      ['linked.json', 'path_refused'],
      ['up/evil.yaml', 'path_refused'],
      ['node_modules/a.yaml', 'path_refused'],
    ]
    for (const [path, code] of refusals) await expect(create(path ?? '')).rejects.toMatchObject({ code })
  })
})

describe('checking', () => {
  const check = (text: string, name = 'suite.json') =>
    answerOf(suiteHandlers(service).checkSuite({ ...none, body: { text, name } }, call())) as Promise<{
      ok: boolean
      problems: { message: string; place?: { line?: number; column?: number } }[]
      cases?: number
    }>

  it('tells problems with line and column, and counts', async () => {
    const bad = await check('name: x\ntarget: {kind: python, module: m}\ncases:\n  - id: a\n    titel: b\n', 'x.yaml')
    expect(bad).toMatchObject({ ok: false, cases: 1, name: 'x' })
    expect(bad.problems[0]?.place).toMatchObject({ line: 5, column: 5 })
    const good = await check(await readFile(join(examples, 'suites', 'calculator.json'), 'utf8'))
    expect(good).toMatchObject({ ok: true, problems: [] })
  })

  it('stays quick with bombs, and the server goes on meanwhile', async () => {
    const laughs = Array.from({ length: 12 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(10)}]`)
    const bombs = ['['.repeat(1_000_000), `a: ${'{a: '.repeat(100_000)}`, ['x: &a-1 [1]', ...laughs].join('\n')]
    let longest = 0
    let last = performance.now()
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    for (const bomb of bombs) expect((await check(bomb, 'x.yaml')).ok).toBe(false)
    clearInterval(beat)
    expect(longest).toBeLessThan(500)
  })

  it('previews plan and prompt of a suite that was sent or named', async () => {
    const { previewPlan } = suiteHandlers(service)
    const suite: unknown = JSON.parse(await readFile(join(examples, 'suites', 'calculator.json'), 'utf8'))
    const preview = (body: object) => answerOf(previewPlan({ ...none, body }, call()))
    const sent = (await preview({ suite, framework: 'vitest' })) as { cases: unknown[]; prompt: { user: string } }
    expect(sent).toMatchObject({
      framework: 'vitest',
      warnings: expect.not.arrayContaining([expect.stringContaining('/tmp')]),
    })
    expect(sent.prompt.user).toContain('divide')
    expect(await preview({ suiteId: await idOf('examples/suites/calculator.yaml') })).toMatchObject({
      framework: 'pytest',
    })
    await expect(preview({ suite: 'name: x\n' })).rejects.toMatchObject({ code: 'suite_invalid' })
    await expect(preview({})).rejects.toMatchObject({ code: 'body_invalid' })
    await expect(preview({ suiteId: 'none' })).rejects.toMatchObject({ code: 'entry_unknown' })
  })

  it('knows the schema', async () => {
    const schema = await answerOf(suiteHandlers(service).getSuiteSchema(none, call()))
    expect(schema).toHaveProperty('properties.cases')
  })
})

describe('plans', () => {
  it('are found with what they would do', async () => {
    const { listPlans, getPlan } = planHandlers(service)
    const { items } = (await answerOf(listPlans(none, call()))) as { items: { id: string; path: string }[] }
    expect(items.map(({ path }) => path)).toEqual(['examples/experiments/test_plan.yaml'])
    const params = { id: items[0]?.id ?? '' }
    const plan = await answerOf(getPlan({ ...none, params }, call()))
    expect(plan).toMatchObject({ name: 'order-reply', problems: [], estimate: { trials: expect.any(Number) } })
    await writeFile(join(root, 'examples/experiments/test_plan.yaml'), 'name: x\nworkflows: [none]\n')
    const broken = (await answerOf(getPlan({ ...none, params }, call()))) as { problems: unknown[] }
    expect(broken.problems.length).toBeGreaterThan(0)
    expect(broken).not.toHaveProperty('estimate')
  })
})

describe('combinations', () => {
  const combine = (body: object) =>
    answerOf(
      combinationHandlers(service).combine({ ...none, body: { timeLimitSeconds: 5, ...body } as never }, call()),
    ) as Promise<{ rows: string[][]; growth: number[]; csv: string; rowCount: number; lowerBound: number }>

  it('gives rows, their growth and CSV', async () => {
    const made = await combine({ model: 'a: 1, 2\nb: x, y\nc: p, q\n' })
    expect(made).toMatchObject({ rowCount: 4, lowerBound: 4, strength: 2, tuples: 12 })
    expect(made.growth.at(-1)).toBe(1)
    expect(made.csv.split('\n')[0]).toBe('a,b,c')
    expect(made.rows[0]).toHaveLength(3)
  })

  it('names the place of a mistake, and ends what takes too long', async () => {
    await expect(combine({ model: 'a: 1, 2\nIF [a] = 1 THEN [z] = 2;\n' })).rejects.toMatchObject({
      code: 'model_invalid',
      problems: [{ place: { line: 2 } }],
    })
    const huge = Array.from({ length: 60 }, (_, at) => `p${at}: ${Array.from({ length: 12 }, (_, v) => v).join(', ')}`)
    const began = performance.now()
    await expect(combine({ model: huge.join('\n'), strength: 6, timeLimitSeconds: 0.2 })).rejects.toMatchObject({
      code: expect.stringMatching(/budget_reached|usage_invalid|model_invalid/),
    })
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await combine({ model: 'a: 1, 2\nb: x, y\n' })).toMatchObject({ rowCount: 4 })
  })
})
