import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext, Script } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { caseSchema, suiteSchema, type Framework, type Suite } from '../domain/suite.ts'
import { writeOffline } from './offline.ts'
import { planSuite } from './plan.ts'
import { jsString } from './render-javascript.ts'
import { pyString } from './render-python.ts'

const python = ['.venv/bin/python', 'python3'].find((name) => spawnSync(name, ['--version']).status === 0)
if (python === undefined) console.log('skipped: no python3 here, so generated Python is not parsed')

const wild = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '"""',
    "'''",
    '\\',
    '{a}',
    '${a}',
    '`',
    '*/',
    '# x',
    'class',
    'None',
    '計算',
    'тест',
    '\u2028',
    '\ud800',
    '\u202e',
  ),
)
const worded = wild.filter((text) => text.trim() !== '')
const values = fc.jsonValue({ maxDepth: 3, noUnicodeString: false })
const inputs = fc.dictionary(
  fc.oneof(worded, fc.constantFrom('a', 'lambda', 'request', 'expected', 'list', 'calc')),
  values,
  { maxKeys: 3 },
)
const expectations = fc.record(
  {
    returns: values,
    approx: fc.constant(0.01),
    raises: fc.oneof(fc.constantFrom('ValueError', 'decimal.InvalidOperation', 'OwnError'), worded),
    match: worded,
    contains: fc.oneof(worded, fc.array(values), fc.dictionary(wild, values)),
    schema: fc.constantFrom({
      type: 'object',
      required: ['a"b'],
      properties: { 'a"b': { type: ['array', 'null'], items: { enum: ['"', null] } } },
    }),
    text: worded,
    body: values,
    status: fc.constantFrom(200, [200, 204]),
  },
  { requiredKeys: [] },
)
const cases = fc.array(
  fc
    .record(
      {
        id: worded,
        title: worded,
        objective: worded,
        preconditions: fc.array(worded, { maxLength: 2 }),
        call: fc.oneof(fc.constantFrom('add', 'Calc.add', 'snake_case', 'Calc.do_it', 'Calc'), worded),
        inputs,
        args: fc.array(values, { maxLength: 2 }),
        request: fc.record({
          method: fc.constantFrom('GET', 'POST', 'DELETE'),
          path: fc.constantFrom('/a', '/a/{a}', '/{token}/x'),
          headers: fc.constant({ authorization: 'Bearer {token}' }),
          body: values,
        }),
        steps: fc.array(
          fc.record({
            action: worded,
            data: fc.oneof(
              values,
              fc.constant({ request: { path: '/login' }, save: { token: 'a.0.b-c' }, repeat: 2 }),
              fc.constant({ call: 'Calc.add', args: [1] }),
            ),
          }),
          { maxLength: 2 },
        ),
        expected: expectations,
        parameters: fc.array(
          fc.record({ name: worded, inputs, expected: expectations }, { requiredKeys: ['inputs'] }),
          { maxLength: 3 },
        ),
        tags: fc.array(worded, { maxLength: 2 }),
      },
      { requiredKeys: ['id', 'title'] },
    )
    .filter((item) => caseSchema.safeParse(item).success),
  { maxLength: 4 },
)
const suites = fc
  .record({ name: worded, description: worded, cases, kind: fc.constantFrom('python', 'http') })
  .map(({ kind, ...rest }): Suite =>
    suiteSchema.parse({
      ...rest,
      target: { kind, module: 'calc', start: `run 'a b' {port}` },
      endpoints: [
        {
          method: 'POST',
          path: '/a',
          request: { type: 'object', required: ['n"'], properties: { 'n"': { type: 'string', maxLength: 3 } } },
        },
      ],
    }),
  )
const scripts = (framework: Framework, count: number): string[] =>
  fc
    .sample(suites, { numRuns: count, seed: 7 })
    .map((suite) => writeOffline(planSuite(suite, { framework, maxTestsPerEndpoint: 6 })).code)

const parseAll = `
import ast, json, sys
faults = []
for number, code in enumerate(json.load(sys.stdin)):
    try:
        source = code.encode("utf-8", "surrogatepass")
        ast.parse(source)
        compile(source, "generated", "exec")
    except Exception as error:
        faults.append(f"{number}: {error}: {code.splitlines()[(getattr(error, 'lineno', 1) or 1) - 1]!r}")
print(json.dumps(faults))
`

describe('writeOffline', () => {
  it.skipIf(python === undefined)('writes Python that Python parses, whatever the suite says', () => {
    const run = spawnSync(python ?? '', ['-W', 'ignore', '-c', parseAll], {
      input: JSON.stringify(scripts('pytest', 300)),
      encoding: 'utf8',
    })
    expect(`${run.stderr}${run.stdout}`.trim()).toBe('[]')
  })

  it.skipIf(python === undefined)('closes the docstring of a title that ends in quotes or backslashes', () => {
    const titles = ['"', '""', '"""', '""""', '\\"', '\\\\"', '\\', '"\\', 'a """ b']
    const codes = titles.map((title) => {
      const cases = [{ id: 'Q', title, call: 'add', expected: { returns: 1 } }]
      const suite = suiteSchema.parse({ name: title, target: { kind: 'python', module: 'calc' }, cases })
      return writeOffline(planSuite(suite, { maxTestsPerEndpoint: 1 })).code
    })
    const run = spawnSync(python ?? '', ['-W', 'error', '-c', parseAll], {
      input: JSON.stringify(codes),
      encoding: 'utf8',
    })
    expect(`${run.stderr}${run.stdout}`.trim()).toBe('[]')
  })

  it.each(['vitest', 'node'] as const)('writes for %s what Node parses, whatever the suite says', (framework) => {
    for (const code of scripts(framework, 300)) {
      const plain = stripTypeScriptTypes(code).replaceAll(/^import .*$/gmu, '')
      expect(() => new Script(`async () => {${plain}\n}`)).not.toThrow()
    }
  })

  it('writes the same bytes for the same plan', () => {
    expect(scripts('pytest', 20)).toEqual(scripts('pytest', 20))
  })

  it('leaves a gap with the words where an expectation is in words only', () => {
    const suite = suiteSchema.parse({
      name: 'Gap',
      target: { kind: 'python', module: 'calc' },
      cases: [{ id: 'G-1', title: 'Looks good', call: 'draw', expected: { text: 'the picture looks good' } }],
    })
    const { code, notes } = writeOffline(planSuite(suite, { maxTestsPerEndpoint: 5 }))
    expect(code).toContain('pytest.skip("GL: expectation in words only: the picture looks good")')
    expect(notes).toEqual(['G-1: expectation in words only: the picture looks good'])
  })

  it.each([0, 1, 3, 20])('writes at most %i tests for an endpoint', (maxTestsPerEndpoint) => {
    const properties = {
      a: { type: 'integer', minimum: 1, maximum: 5 },
      b: { type: 'string', minLength: 1, maxLength: 3 },
    }
    const suite = suiteSchema.parse({
      name: 'Limit',
      target: { kind: 'http', baseUrl: 'http://127.0.0.1:1' },
      endpoints: [{ method: 'POST', path: '/a', request: { type: 'object', required: ['a', 'b'], properties } }],
    })
    const { code } = writeOffline(planSuite(suite, { maxTestsPerEndpoint }))
    const rows = code.match(/pytest\.param\(/gu)?.length ?? 0
    const single = code.match(/^def test_\w+\(api\)/gmu)?.length ?? 0
    expect(rows + single).toBeLessThanOrEqual(maxTestsPerEndpoint)
    expect(rows + single).toBeGreaterThanOrEqual(Math.min(maxTestsPerEndpoint, 10))
  })

  it.skipIf(python === undefined)('writes text literals that mean the same text in Python and in JavaScript', () => {
    const texts = fc.sample(wild, { numRuns: 300, seed: 3 })
    const folder = mkdtempSync(join(tmpdir(), 'greenloop-literals-'))
    writeFileSync(join(folder, 'literals.py'), `import json\nprint(json.dumps([${texts.map(pyString).join(',\n')}]))\n`)
    const run = spawnSync(python ?? '', [join(folder, 'literals.py')], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    expect(JSON.parse(run.stdout)).toEqual(texts)
    const json: unknown = runInNewContext(`JSON.stringify([${texts.map(jsString).join(',')}])`)
    expect(JSON.parse(String(json))).toEqual(texts)
  })
})
