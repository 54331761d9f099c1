import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, execution, failure, nastyExecution, testResult } from '../../tests/fixtures/executions.ts'
import { toDigest } from './digest.ts'

const failing = (name: string, message: string) =>
  testResult(name, 'failed', { attempts: [attempt('failed', { failure: failure({ message }) })] })

describe('toDigest', () => {
  it('puts the error that hits most tests first and shows one of them', () => {
    const tests = [
      failing('a', 'alone'),
      ...Array.from({ length: 9 }, (_, index) => failing(`b${index}`, `row ${index}`)),
    ]
    const digest = toDigest(execution({ tests }))
    expect(digest).toMatch(
      /## 1\. AssertionError: row 0 \(9 tests, [^]*and 3 more[^]*## 2\. AssertionError: alone \(1 test,/,
    )
  })

  it('names case, place, attempts, expectation and the command that runs it again', () => {
    const digest = toDigest(execution())
    expect(digest).toContain('(case `CALC-7`)')
    expect(digest).toContain('place: `tests/test_calc_api.py:41`, in call')
    expect(digest).toContain('attempts: failed, failed')
    expect(digest).toContain('expected: `3`')
    expect(digest).toContain(
      'run again: `cd /home/ada/calculator && python3 -m pytest tests/test_calc_api.py::test_divide_rounds`',
    )
    expect(digest).toContain('## Flaky: ConnectionError')
  })

  it('keeps within its budget and says what it left out', () => {
    const kinds = fc.array(fc.stringMatching(/^[a-z]{3,9}$/), { maxLength: 40 })
    const rule = fc.property(kinds, fc.integer({ min: 200, max: 3000 }), (messages, maxTokens) => {
      const digest = toDigest(execution({ tests: messages.map((message, index) => failing(`t${index}`, message)) }), {
        maxTokens,
      })
      expect(Buffer.byteLength(digest)).toBeLessThanOrEqual(maxTokens * 4)
      const shown = digest.match(/^## \d/gm)?.length ?? 0
      const groups = new Set(messages).size
      if (shown < groups) expect(digest).toContain(`${groups - shown} of ${groups} sections`)
    })
    fc.assert(rule, { numRuns: 50 })
  })

  it('says so when nothing failed', () => {
    expect(toDigest(execution({ tests: [testResult('a', 'passed')], verdict: 'passed' }))).toContain('Nothing failed.')
  })

  it('cannot be broken out of by what a test prints', () => {
    const digest = toDigest(nastyExecution())
    expect(digest).toContain('````')
    expect(digest).not.toContain('\u001b')
  })
})
