import { describe, expect, test } from 'vitest'
import type { ForgeJob, ReportedTest } from '../domain/forge.ts'
import { createRedactor } from '../lib/redact.ts'
import { diagnose } from './diagnosis.ts'
import type { DiagnosisInput, JobFailure } from './diagnosis.ts'
import { buried, recorded } from './trace.fixture.ts'

const job = (name: string, change: Partial<ForgeJob> = {}): ForgeJob => ({
  id: 1,
  projectId: 1,
  pipelineId: 1,
  name,
  stage: 'test',
  status: 'failed',
  allowFailure: false,
  failureReason: 'script_failure',
  webUrl: 'https://gitlab.example.com/tools/calculator/-/jobs/1',
  isRetried: false,
  kind: 'job',
  ...change,
})
const failure = (name: string, trace: string): JobFailure => ({ job: job(name), trace })
const failed = (name: string, output: string, change: Partial<ReportedTest> = {}): ReportedTest => ({
  suite: 'unit',
  classname: 'tests.test_core',
  name,
  status: 'failed',
  output,
  ...change,
})
const tracked = [
  'calc/core.py',
  'calc/__init__.py',
  'tests/test_core.py',
  'web/src/price.ts',
  'web/tests/price.test.ts',
  'README.md',
]
const diagnosis = (change: Partial<DiagnosisInput>) =>
  diagnose({ failures: [], report: { tests: [] }, tracked, redact: (text) => text, ...change })

describe('mentions', () => {
  test('are tracked paths, whichever folder the runner worked in', () => {
    const { mentions } = diagnosis({ failures: [failure('unit', recorded('unittest'))] })
    expect(mentions).toEqual([{ path: 'calc/core.py', line: 6 }])
  })
  test('are found where the trace names them from a folder inside', () => {
    const { mentions } = diagnosis({ failures: [failure('web', recorded('vitest'))] })
    expect(mentions.map(({ path }) => path).sort()).toEqual(['web/src/price.ts', 'web/tests/price.test.ts'])
    expect(mentions).toContainEqual({ path: 'web/src/price.ts', line: 11 })
  })
  test('of the report come first', () => {
    const report = { tests: [failed('test_add', 'E assert\n/builds/x/y/calc/core.py:2: AssertionError')] }
    const { mentions } = diagnosis({ failures: [failure('web', recorded('vitest'))], report })
    expect(mentions[0]).toEqual({ path: 'calc/core.py', line: 2 })
  })
  test('leave out libraries, and names that fit many files', () => {
    const trace =
      'TypeError: x\n  at f (/app/node_modules/y/index.js:3:1)\n  at g (/usr/lib/z/core.py:1)\nsee index.js:9\n'
    const given = ['a/index.js', 'b/index.js', 'c/index.js', 'd/index.js', 'calc/core.py']
    const { mentions } = diagnosis({ failures: [failure('a', trace)], tracked: given })
    expect(mentions.length).toBeLessThanOrEqual(3)
    expect(mentions.map(({ path }) => path)).not.toContain('calc/core.py')
  })
})

describe('the log', () => {
  test('shows jobs of a matrix that fail alike once', () => {
    const names = ['unit: [3.11]', 'unit: [3.12]', 'unit: [3.13]']
    const { log, failing } = diagnosis({ failures: names.map((name) => failure(name, recorded('pytest'))) })
    expect(log.split('test_add_gives_the_sum ___')).toHaveLength(2)
    for (const name of names) expect(log).toContain(name)
    expect(failing.map(({ name }) => name)).toEqual(names)
  })
  test('stays within its room and has something of each job', () => {
    const kinds = ['pytest', 'vitest', 'go-test', 'tsc', 'maven-test', 'jest']
    const { log } = diagnosis({ failures: kinds.map((kind) => failure(kind, buried(recorded(kind), 300_000))) })
    expect(log.length).toBeLessThanOrEqual(24_000)
    const words = [
      'E       assert -1 == 5',
      'expected 401 to be 400',
      'Total = 401, want 400',
      'error TS2322',
      'expected:<400>',
      'Received: 401',
    ]
    for (const each of words) expect(log).toContain(each)
  })
  test('names jobs that there is no room for', () => {
    const failures = Array.from({ length: 40 }, (_, at) =>
      failure(`job-${'abcdefgh'[at % 8]}-${'xyzvw'[at % 5]}`, `error: ${'q'.repeat(at + 1)}\n`),
    )
    const { log } = diagnosis({ failures, maxChars: 8_000 })
    expect(log).toContain('Also failed: ')
    expect(log.length).toBeLessThanOrEqual(8_000)
  })
})

describe('the signature', () => {
  const signature = (change: Partial<DiagnosisInput>) => diagnosis(change).signature
  const broken = recorded('pytest')

  test('stays for the same failure with other numbers and times', () => {
    const other = broken
      .replaceAll('0.05s', '1.25s')
      .replaceAll('assert -1 == 5', 'assert -2 == 5')
      .replaceAll('1732180', '1732999')
    expect(signature({ failures: [failure('unit', other)] })).toBe(signature({ failures: [failure('unit', broken)] }))
  })
  test('does not depend on how many jobs of a matrix fail, or on their order', () => {
    const [one, two, three] = [
      failure('unit 1/2', broken),
      failure('unit 2/2', broken),
      failure('lint', recorded('tsc')),
    ]
    expect(signature({ failures: [two, three, one] })).toBe(signature({ failures: [three, one] }))
  })
  test.each(['jest', 'vitest', 'node-test-spec', 'node-test-tap', 'go-test', 'unittest'])(
    'of %s differs for another test',
    (kind) => {
      const trace = recorded(kind)
      const other = trace
        .replaceAll(/of nothing is nothing|total of two items|TestTotal|test_add|the total/g, 'another')
        .replaceAll('Total = ', 'Other = ')
      expect(signature({ failures: [failure('unit', other)] })).not.toBe(
        signature({ failures: [failure('unit', trace)] }),
      )
    },
  )
  test('goes by failed tests where there is a report', () => {
    const failures = [failure('unit', broken)]
    const report = (name: string, output: string) => ({ tests: [failed(name, output)] })
    const first = signature({ failures, report: report('test_add', 'assert 1 == 2\nat 12') })
    expect(signature({ failures, report: report('test_add', 'assert 3 == 2\nat 15') })).toBe(first)
    expect(signature({ failures, report: report('test_mean', 'assert 1 == 2') })).not.toBe(first)
    expect(
      signature({
        failures: [...failures, failure('lint', recorded('tsc'))],
        report: report('test_add', 'assert 1 == 2'),
      }),
    ).not.toBe(first)
  })
})

describe('tests of the report', () => {
  test('are the failed ones, each once, cut and without secrets', () => {
    const token = `glpat-${'a1B2c3D4e5'.repeat(2)}`
    const output = `assert ${token}\n${'x'.repeat(50_000)}`
    const report = {
      tests: [
        failed('test_add', output),
        failed('test_add', output, { suite: 'unit: [3.12]' }),
        failed('test_ok', '', { status: 'success' }),
        failed('test_mean', 'ZeroDivisionError', { status: 'error', file: 'tests/test_core.py' }),
      ],
    }
    const { tests, testsText } = diagnosis({ report, redact: createRedactor([]).text })
    expect(tests.map(({ name }) => name)).toEqual(['test_add', 'test_mean'])
    expect(testsText).toContain('FAILED tests.test_core › test_add\nassert [redacted gitlab token]')
    expect(testsText).toContain('BROKEN tests.test_core › test_mean (tests/test_core.py)\nZeroDivisionError')
    expect(testsText.length).toBeLessThan(5_000)
  })
  test('of jobs that may fail are left out', () => {
    const report = { tests: [failed('a', '', { suite: 'unit 1/2' }), failed('b', '', { suite: 'nightly' })] }
    const { tests } = diagnosis({ report, failures: [failure('unit 1/2', recorded('pytest'))] })
    expect(tests.map(({ name }) => name)).toEqual(['a'])
  })
  test('that do not fit are counted', () => {
    const tests = Array.from({ length: 90 }, (_, at) => failed(`test_${at}`, 'x'.repeat(1_000)))
    expect(diagnosis({ report: { tests } }).testsText).toMatch(/… and \d+ more failed tests$/)
  })
})
