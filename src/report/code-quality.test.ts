import { describe, expect, it } from 'vitest'
import { attempt, execution, failure, nastyExecution, testResult } from '../../tests/fixtures/executions.ts'
import { toBench } from './bench.ts'
import { toCodeQuality } from './code-quality.ts'

describe('toCodeQuality', () => {
  it('has an issue for each failed and each flaky test', () => {
    expect(toCodeQuality(execution()).map((issue) => [issue.check_name, issue.severity])).toEqual([
      ['greenloop/failed', 'major'],
      ['greenloop/errored', 'critical'],
      ['greenloop/timed_out', 'critical'],
      ['greenloop/crashed', 'critical'],
      ['greenloop/flaky', 'minor'],
    ])
  })

  it('points at the line that failed', () => {
    expect(toCodeQuality(execution())[0]).toMatchObject({
      description: 'test_divide_rounds failed: assert 3.5 == 3',
      location: { path: 'tests/test_calc_api.py', lines: { begin: 41 } },
    })
  })

  it('keeps a fingerprint while the same test fails the same way', () => {
    const issue = (message: string) => {
      const attempts = [attempt('failed', { failure: failure({ message }) })]
      return toCodeQuality(execution({ tests: [testResult('test_a', 'failed', { attempts })] }))[0]?.fingerprint
    }
    expect(issue('row 1 is wrong')).toBe(issue('row 22 is wrong'))
    expect(issue('row 1 is wrong')).not.toBe(issue('no such table'))
  })

  it('reports files that could not be collected', () => {
    expect(toCodeQuality(nastyExecution())[0]).toMatchObject({
      check_name: 'greenloop/collection_error',
      location: { path: 'tests/test_x.py' },
    })
  })

  it('is empty for a green run', () => {
    expect(toCodeQuality(execution({ tests: [testResult('test_a', 'passed')] }))).toEqual([])
  })
})

describe('toBench', () => {
  it('is a document with an empty list where nothing was measured', () => {
    expect(toBench(execution())).toMatchObject({ schema: 'greenloop.bench/v1', benchmarks: [] })
  })
})
