import { validate } from 'ctrf'
import { describe, expect, it } from 'vitest'
import { coverage, execution, manyTests, nastyExecution } from '../../tests/fixtures/executions.ts'
import { toCtrf } from './ctrf.ts'

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const tests = toCtrf(execution()).results.tests
const named = (name: string) => tests.find((test) => test.name === name)

describe('toCtrf', () => {
  it.each([
    ['every outcome', execution({ coverage: coverage() })],
    ['nasty texts', nastyExecution()],
    ['no test at all', execution({ tests: [], verdict: 'empty' })],
    ['a thousand tests', execution({ tests: manyTests(1000) })],
  ])('follows the published schema with %s', (_, run) => {
    expect(validate(asJson(toCtrf(run)))).toMatchObject({ valid: true })
  })

  it('counts a flaky test as passed and as flaky, and an unfinished one as other', () => {
    expect(toCtrf(execution()).results.summary).toMatchObject({
      tests: 8,
      passed: 2,
      failed: 4,
      skipped: 1,
      pending: 0,
      other: 1,
      flaky: 1,
      suites: 1,
      extra: { 'greenloop.errored': 1, 'greenloop.timedOut': 1, 'greenloop.crashed': 1, 'greenloop.retries': 2 },
    })
  })

  it('maps our outcomes to its statuses and keeps ours as raw status', () => {
    expect(tests.map((test) => [test.status, test.rawStatus])).toEqual([
      ['passed', 'passed'],
      ['failed', 'failed'],
      ['failed', 'errored'],
      ['failed', 'timed_out'],
      ['failed', 'crashed'],
      ['skipped', 'skipped'],
      ['passed', 'passed'],
      ['other', 'not_run'],
    ])
  })

  it('lists all attempts of a retried test and one retry less', () => {
    expect(named('test_fetches_rates')).toMatchObject({
      flaky: true,
      retries: 1,
      retryAttempts: [
        { attempt: 1, status: 'failed', message: 'connection reset by 127.0.0.1:45123', stdout: ['try one'] },
        { attempt: 2, status: 'passed' },
      ],
    })
    expect(named('test_add[1-2]')).not.toHaveProperty('retryAttempts')
  })

  it('names the case, the place and the suite of a test', () => {
    expect(named('test_needs_database')).toMatchObject({
      testId: 'tests/test_calc_api.py::test_needs_database',
      suite: ['tests/test_calc_api.py', 'TestStore'],
      filePath: 'tests/test_calc_api.py',
      line: 12,
    })
    expect(named('test_add[1-2]')?.extra).toMatchObject({ 'greenloop.caseId': 'CALC-1' })
  })

  it('is the same for the same run', () => {
    expect(toCtrf(execution())).toEqual(toCtrf(execution()))
  })
})
