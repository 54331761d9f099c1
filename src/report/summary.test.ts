import { describe, expect, it } from 'vitest'
import {
  attempt,
  coverage,
  execution,
  failure,
  manyTests,
  nastyExecution,
  testResult,
} from '../../tests/fixtures/executions.ts'
import { toSummary } from './summary.ts'

const many = (count: number, message: (index: number) => string) =>
  execution({
    tests: Array.from({ length: count }, (_, index) => {
      const broken = failure({ message: message(index), trace: 'x'.repeat(9000) })
      return testResult(`test_${index}`, 'failed', {
        attempts: [attempt('failed', { failure: broken, stdout: 'y'.repeat(9000) })],
      })
    }),
  })

describe('toSummary', () => {
  it('states verdict, exit code and counts', () => {
    expect(toSummary(execution({ coverage: coverage() }), { 'report.json': 'a/report.json' })).toMatchObject({
      schema: 'greenloop.summary/v1',
      status: 'finished',
      verdict: 'failed',
      exitCode: 1,
      framework: { name: 'pytest', version: '9.0.3' },
      summary: { total: 8, passed: 1, failed: 4, flaky: 1, skipped: 1, notRun: 1, retries: 2, durationMs: 1835 },
      coverage: { linePercent: 83.33, branchPercent: 50 },
      notRun: ['tests/test_calc_api.py::test_never_reached'],
      artifacts: { 'report.json': 'a/report.json' },
      sandbox: { tier: 'standard' },
    })
  })

  it('tells each failure with what is needed to mend it', () => {
    expect(toSummary(execution(), {}).failures[0]).toEqual({
      id: 'tests/test_calc_api.py::test_divide_rounds',
      caseId: 'CALC-7',
      name: 'test_divide_rounds',
      outcome: 'failed',
      file: 'tests/test_calc_api.py',
      line: 41,
      type: 'AssertionError',
      message: 'assert 3.5 == 3\n +  where 3.5 = divide(7, 2)',
      expected: '3',
      actual: '3.5',
      trace: expect.stringContaining('tests/test_calc_api.py:41: AssertionError'),
      attempts: ['failed', 'failed'],
      stdout: 'first try\n',
      fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      rerun: 'cd /home/ada/calculator && python3 -m pytest tests/test_calc_api.py::test_divide_rounds',
    })
  })

  it('lists flaky tests apart from failures', () => {
    const summary = toSummary(execution(), {})
    expect(summary.flaky).toMatchObject([{ name: 'test_fetches_rates', attempts: ['failed', 'passed'] }])
    expect(summary.failures.map((each) => each.name)).not.toContain('test_fetches_rates')
  })

  it('tells fifty failures in full and counts the rest by group', () => {
    const summary = toSummary(
      many(120, (index) => (index % 2 === 0 ? `row ${index}` : 'no table')),
      {},
    )
    expect(summary.failures).toHaveLength(50)
    expect(summary.moreFailures).toMatchObject({ count: 70, ungrouped: 0, groups: [{ count: 35 }, { count: 35 }] })
  })

  it('stays small however many tests fail, each in its own way', () => {
    const words = (index: number) =>
      `problem ${String.fromCodePoint(97 + (index % 26), 97 + (Math.floor(index / 26) % 26))}`
    const summary = toSummary(many(3000, words), {})
    expect(JSON.stringify(summary).length).toBeLessThan(250_000)
    expect(summary.failures.every((each) => each.trace.length <= 2000)).toBe(true)
  })

  it('says nothing about coverage that was not measured', () => {
    expect(toSummary(execution(), {})).not.toHaveProperty('coverage')
  })

  it('survives JSON with nasty texts', () => {
    const summary = toSummary(nastyExecution(), {})
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
    expect(JSON.stringify(summary.failures[0]?.message)).not.toMatch(/\\u001b|\\ud800/)
  })

  it('adds up over a large run', () => {
    const { summary } = toSummary(execution({ tests: manyTests(1000) }), {})
    expect(summary).toMatchObject({ total: 1000, failed: 10, flaky: 5, passed: 985 })
  })
})
