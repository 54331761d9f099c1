import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { suiteSchema, type Case } from '../domain/suite.ts'
import { loadSuite, parseSuite } from './suite-file.ts'

const target = { kind: 'python', module: 'calc' }

async function caseOf(fields: Record<string, unknown>): Promise<Case> {
  const text = JSON.stringify({ name: 's', target, cases: [{ id: 'a', title: 't', ...fields }] })
  const [only] = (await parseSuite(text, 's.json')).suite.cases
  if (only === undefined) throw new Error('the case is gone')
  return only
}

/** `line: message (help)` of every problem. */
async function problemsOf(suite: unknown): Promise<string[]> {
  const text = typeof suite === 'string' ? suite : JSON.stringify(suite, null, 1)
  const error: unknown = await parseSuite(text, 's.json').catch((reason: unknown) => reason)
  if (!(error instanceof GreenloopError)) throw new Error('a GreenloopError was expected', { cause: error })
  expect(error.code).toBe('suite_invalid')
  return error.problems.map(
    ({ message, place, help }) => `${place?.line}: ${message}${help === undefined ? '' : ` (${help})`}`,
  )
}

describe('loading a suite', () => {
  it('fills every default', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-suite-'))
    try {
      const path = join(folder, 's.yaml')
      await writeFile(
        path,
        'name: Calculator\ntarget: {kind: python, module: calc}\ncases:\n  - {id: a, title: adds}\n',
      )
      const suite = await loadSuite(path)
      expect(suite).toMatchObject({ schema: 'greenloop.suite/v1', priority: 'medium', endpoints: [] })
      expect(suite.cases[0]).toMatchObject({ id: 'a', priority: 'medium', tags: [], expected: {} })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('is stable: what it gives is read as itself', async () => {
    const source = {
      title: 'Calculator',
      target: { type: 'http', base_url: 'http://127.0.0.1:1', start: 'python app.py --port {port}' },
      test_cases: [
        {
          key: 'A-1',
          summary: 'adds',
          function: 'add',
          inputs: [1, 2],
          expectedResult: { return_value: 3 },
          priority: 'P0',
          labels: 'a, b',
          folder: '/x/y',
        },
        {
          key: 'A-2',
          name: 'logs in',
          request: { verb: 'post', url: '/login', json: { a: 1 } },
          expected: 201,
          steps: 'open\nlog in',
        },
      ],
    }
    const once = (await parseSuite(JSON.stringify(source), 's.json')).suite
    const twice = await parseSuite(JSON.stringify(once), 's.json')
    expect(twice.suite).toEqual(once)
    expect(twice.warnings).toEqual([])
  })
})

describe('names that other tools use', () => {
  it('are mapped in every object', async () => {
    const mapped = await caseOf({
      id: undefined,
      title: undefined,
      用例编号: 7,
      用例标题: '登录',
      前置条件: '1. has an account\n2. is logged out',
      优先级: '高',
      steps: ['open', { step: 'log in', testData: { user: 'a' }, expected_result: 'greets' }],
      预期结果: { statusCode: 200 },
      module: 'auth/login',
      tag: 'smoke',
    })
    expect(mapped).toMatchObject({
      id: '7',
      title: '登录',
      preconditions: ['has an account', 'is logged out'],
      priority: 'high',
      steps: [{ action: 'open' }, { action: 'log in', data: { user: 'a' }, expected: 'greets' }],
      expected: { status: 200 },
      suite: ['auth', 'login'],
      tags: ['smoke'],
    })
  })

  it('have twins in snake_case, camelCase and kebab-case', async () => {
    for (const key of ['base_url', 'baseUrl', 'base-url', 'BASE_URL']) {
      const text = JSON.stringify({
        name: 's',
        target: { kind: 'http', [key]: 'http://x' },
        'Test Cases': [{ id: 'a', title: 't' }],
      })
      expect((await parseSuite(text, 's.json')).suite.target.baseUrl).toBe('http://x')
    }
  })

  it('are refused where two of them say one thing', async () => {
    expect(await problemsOf({ name: 's', target, cases: [{ id: 'a', key: 'b', title: 't' }] })).toEqual([
      '10: `key` and `id` both mean `id` (keep one of them)',
    ])
  })

  it('cover priorities of many kinds', async () => {
    const names = {
      P0: 'critical',
      p3: 'low',
      High: 'high',
      Medium: 'medium',
      2: 'high',
      低: 'low',
      высокий: 'high',
      Blocker: 'critical',
    }
    for (const [name, priority] of Object.entries(names))
      expect((await caseOf({ priority: name })).priority).toBe(priority)
  })

  it('lead to a warning where a bare number may mean two things', async () => {
    const cases = [1, 2].map((priority) => ({ id: `c${priority}`, title: 't', priority }))
    const { warnings } = await parseSuite(JSON.stringify({ name: 's', target, cases }), 's.json')
    expect(warnings.map(({ message }) => message)).toEqual([
      'priority 1 is read as `critical`: 1 is taken to be the highest',
    ])
  })
})

describe('expectations', () => {
  it('that are bare values are what a call returns', async () => {
    for (const value of [3, false, [1, 2], null, { token: 'x' }]) {
      expect((await caseOf({ call: 'f', expected: value })).expected).toEqual({ returns: value })
    }
  })

  it('that are text are words', async () => {
    expect((await caseOf({ call: 'f', expected: 'greets' })).expected).toEqual({ text: 'greets' })
    const text = JSON.stringify({ name: 's', target, cases: [{ id: 'a', title: 't', call: 'f', expected: 'x' }] })
    expect((await parseSuite(text, 's.json')).warnings[0]?.message).toContain('taken as words')
  })

  it('of an HTTP case are a status or a body', async () => {
    const request = { path: '/x' }
    expect((await caseOf({ request, expected: 404 })).expected).toEqual({ status: 404 })
    expect((await caseOf({ request, expected: { token: 'x' } })).expected).toEqual({ body: { token: 'x' } })
  })

  it('with a key that is known, or nearly, are taken as they are', async () => {
    expect((await caseOf({ call: 'f', expected: { exception: 'ValueError' } })).expected).toEqual({
      raises: 'ValueError',
    })
    expect(
      await problemsOf({ name: 's', target, cases: [{ id: 'a', title: 't', call: 'f', expected: { retuns: 1 } }] }),
    ).toEqual(['13: unknown key `retuns` in `cases[0].expected` (did you mean `returns`?)'])
  })

  it('hold in the rows of a parametrised case too', async () => {
    const parameters = [{ id: 'one', inputs: [1], expected: 2 }]
    expect((await caseOf({ call: 'f', parameters })).parameters).toEqual([
      { name: 'one', inputs: {}, args: [1], expected: { returns: 2 } },
    ])
  })
})

describe('a suite with mistakes', () => {
  it('gets all of them listed in the order of the file', async () => {
    const suite = {
      name: 's',
      target: { kind: 'pyton' },
      cases: [
        { id: 'a', titel: 't', expcted: 3 },
        { id: 'a', title: 't', priority: 'hihg', expected: { status: 99 } },
      ],
      mine: 1,
    }
    expect(await problemsOf(suite)).toEqual([
      '4: `target.kind` must be `python`, `node` or `http`, not "pyton"; did you mean `python`?',
      '9: unknown key `titel` in `cases[0]` (did you mean `title`?)',
      '10: unknown key `expcted` in `cases[0]` (did you mean `expected`?)',
      '13: the id `a` is already that of the case on line 8 (every case needs an id of its own)',
      '15: `cases[1].priority` must be `critical`, `high`, `medium` or `low`, not "hihg"; did you mean `high`?',
      '17: `cases[1].expected.status` must be at least 100, not 99',
      expect.stringContaining('21: unknown key `mine` (known: `schema`, `name`'),
    ])
  })

  it('is told by the names that it uses itself', async () => {
    expect(await problemsOf({ name: 's', target, test_cases: [{ key: 'a', summary: 3 }] })).toEqual([
      '10: `test_cases[0].summary` must be text, not 3',
    ])
  })

  it('is told what a union takes', async () => {
    const cases = [{ id: 'a', title: 't', expected: { status: 'ok', contains: 3 } }]
    expect(await problemsOf({ name: 's', target, cases })).toEqual([
      '12: `cases[0].expected.status` must be a number or a list, not "ok"',
      '13: `cases[0].expected.contains` must be an object, text or a list, not 3',
    ])
  })

  it('must hold something to test', async () => {
    expect(await problemsOf({ name: 's', target, cases: [] })).toEqual([
      '7: the suite holds no cases and no endpoints, so there is nothing to test (add at least one entry to `cases` or `endpoints`)',
    ])
  })

  it('is refused when it is no object, or holds __proto__', async () => {
    expect(await problemsOf('[]')).toEqual(['1: the document must be an object, not an empty list'])
    expect(
      (await problemsOf('{"name": "s", "target": {"kind": "node"}, "cases": [], "__proto__": {}}')).join(),
    ).toContain('unknown key `__proto__`')
  })

  it('never breaks the reader, whatever it is', async () => {
    const keys = fc.constantFrom(
      'name',
      'target',
      'cases',
      'id',
      'title',
      'expected',
      'steps',
      'parameters',
      'priority',
      'inputs',
      'request',
    )
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async (value) => {
        const result = await parseSuite(JSON.stringify(value), 's.json').catch((reason: unknown) => reason)
        if (result instanceof GreenloopError) expect(result.problems.length).toBeGreaterThan(0)
        else expect(suiteSchema.safeParse((result as { suite?: unknown }).suite).success).toBe(true)
      }),
    )
  })
})

describe('whole numbers beyond 2^53', () => {
  it.each([
    [
      's.json',
      '{"name":"s","target":{"kind":"python","module":"m"},"cases":[{"id":"a","title":"t","call":"f","args":[NUMBER]}]}',
    ],
    ['s.yaml', 'name: s\ntarget: {kind: python, module: m}\ncases:\n  - {id: a, title: t, call: f, args: [NUMBER]}\n'],
  ])('are warned of where they were rounded, in %s', async (file, text) => {
    const warned = async (number: string): Promise<string[]> =>
      (await parseSuite(text.replace('NUMBER', number), file)).warnings.map(({ message }) => message)
    expect(await warned('12345678901234567891')).toEqual([
      '12345678901234567891 cannot be held exactly and is read as 12345678901234567168',
    ])
    expect(await warned('-9007199254740993')).toHaveLength(1)
    for (const exact of ['9007199254740991', '1180591620717411303424', '1e300', '0.1']) {
      expect(await warned(exact)).toEqual([])
    }
  })
})
