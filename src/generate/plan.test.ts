import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { suiteSchema, type Suite } from '../domain/suite.ts'
import { planSuite } from './plan.ts'

const suiteOf = (parts: Record<string, unknown>): Suite =>
  suiteSchema.parse({ name: 'Shop', target: { kind: 'python', module: 'shop' }, ...parts })
const limit = { maxTestsPerEndpoint: 8 }

describe('planSuite', () => {
  it.each([
    ['python', undefined, 'pytest', 'python', 'tests/test_shop.py'],
    ['node', undefined, 'vitest', 'typescript', 'shop.test.ts'],
    ['http', undefined, 'pytest', 'python', 'tests/test_shop.py'],
    ['python', 'node', 'node', 'javascript', 'shop.test.mjs'],
  ] as const)('writes for a %s target, asked for %s, with %s', (kind, framework, chosen, language, scriptName) => {
    const plan = planSuite(suiteOf({ target: { kind, module: 'shop' } }), { ...limit, framework })
    expect(plan).toMatchObject({ framework: chosen, language, scriptName })
  })

  it('sorts cases by priority and keeps their order otherwise', () => {
    const cases = ['low', 'critical', 'medium', 'critical'].map((priority, index) => ({
      id: `${index}`,
      title: 't',
      priority,
    }))
    expect(planSuite(suiteOf({ cases }), limit).cases.map(({ id }) => id)).toEqual(['1', '3', '2', '0'])
  })

  it('fills owner, tags and feature from the suite', () => {
    const suite = suiteOf({
      owner: 'team',
      defaults: { tags: ['all'] },
      cases: [{ id: 'A', title: 'a', tags: ['one', 'all'] }],
    })
    const plan = planSuite(suite, limit)
    expect(plan.feature).toBe('Shop')
    expect(plan.cases[0]).toMatchObject({ owner: 'team', tags: ['all', 'one'] })
  })

  it('leaves out what tags and priorities do not ask for, and says so', () => {
    const cases = [
      { id: 'A', title: 'a', tags: ['x'], call: 'f', expected: { returns: 1 } },
      { id: 'B', title: 'b', tags: ['y'], call: 'f', expected: { returns: 1 } },
      { id: 'C', title: 'c', tags: ['x'], priority: 'low', call: 'f', expected: { returns: 1 } },
    ]
    const plan = planSuite(suiteOf({ cases }), { ...limit, tags: ['x'], priorities: ['medium'] })
    expect(plan.cases.map(({ id }) => id)).toEqual(['A'])
    expect(plan.warnings).toEqual(['2 of 3 cases left out by tags or priorities'])
  })

  it('adds endpoints that cases imply, once, and not those that a template covers', () => {
    const suite = suiteOf({
      target: { kind: 'http' },
      endpoints: [{ method: 'GET', path: '/users/{id}' }],
      cases: [
        { id: 'A', title: 'a', request: { path: '/users/7' } },
        { id: 'B', title: 'b', request: { method: 'POST', path: '/users' } },
        { id: 'C', title: 'c', request: { method: 'POST', path: '/users?dry=1' } },
      ],
    })
    const { endpoints } = planSuite(suite, limit)
    expect(endpoints.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /users/{id}', 'POST /users'])
  })

  it('makes samples from schemas, and takes examples where the suite has them', () => {
    const request = { type: 'object', properties: { n: { const: 1 } } }
    const suite = suiteOf({
      target: { kind: 'http' },
      endpoints: [
        { method: 'POST', path: '/a', request },
        { method: 'POST', path: '/b', request, exampleRequest: { n: 2 } },
      ],
    })
    expect(planSuite(suite, limit).endpoints.map(({ sampleRequest }) => sampleRequest)).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('finds the JavaScript file of a module that a suite names in the Python way', () => {
    const suite = suiteOf({ target: { kind: 'python', module: 'lib.shop' } })
    const plan = planSuite(suite, { ...limit, framework: 'vitest', exists: (path) => path === 'lib/shop.ts' })
    expect(plan.target.module).toBe('lib/shop.ts')
  })

  it.each(['../out.py', '/etc/x.py', 'C:/x.py', 'a/../../x.py', 'a\u0000.py', '..\\x.py', 'tests/'])(
    'refuses the script name %j',
    (script) => {
      expect(() => planSuite(suiteOf({ script }), limit)).toThrow(GreenloopError)
    },
  )

  it('keeps a script name that fits, and makes one where the ending is of another framework', () => {
    const suite = suiteOf({ script: './tests/test_calc_api.py' })
    expect(planSuite(suite, limit).scriptName).toBe('tests/test_calc_api.py')
    const other = planSuite(suite, { ...limit, framework: 'vitest' })
    expect(other.scriptName).toBe('shop.test.ts')
    expect(other.warnings).toEqual([
      'the script name ./tests/test_calc_api.py does not fit vitest; a name was made from the suite',
    ])
  })

  it('warns of cases that no rule can write', () => {
    const cases = [{ id: 'A', title: 'a', expected: { text: 'looks nice' } }]
    expect(planSuite(suiteOf({ cases }), limit).warnings).toEqual([
      'case A names neither a call nor a request: only a model can write it',
      'case A states no expectation that can be checked by rule',
    ])
  })

  it('names a script after a suite whose title has no Latin letters', () => {
    expect(planSuite(suiteOf({ name: '计算器' }), limit).scriptName).toBe('tests/test_suite.py')
  })
})
