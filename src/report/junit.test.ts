import { describe, expect, it } from 'vitest'
import { attempt, execution, failure, manyTests, nastyExecution, testResult } from '../../tests/fixtures/executions.ts'
import { type XmlElement, allOf, canParseXml, parseXml } from '../../tests/fixtures/xml.ts'
import { toJunit } from './junit.ts'

const cases = (run = execution()) => allOf(parseXml(toJunit(run)), 'testcase')
const named = (name: string, run = execution()) => cases(run).find((each) => each.attributes['name'] === name)
const children = (element: XmlElement | undefined) => element?.children.map((child) => child.tag)

describe.skipIf(!canParseXml)('toJunit', () => {
  it('counts what its elements say', () => {
    const root = parseXml(toJunit(execution()))
    const expected = { tests: '8', failures: '1', errors: '3', skipped: '2' }
    expect(root.attributes).toMatchObject(expected)
    expect(allOf(root, 'testsuite')[0]?.attributes).toMatchObject({ ...expected, name: 'tests/test_calc_api.py' })
    for (const [tag, count] of [
      ['failure', 1],
      ['error', 3],
      ['skipped', 2],
    ] as const) {
      expect(allOf(root, tag)).toHaveLength(count)
    }
  })

  it('tells a lasting failure by its first attempt and a rerun for each later one', () => {
    const test = named('test_divide_rounds')
    expect(children(test)).toEqual(['properties', 'failure', 'rerunFailure', 'system-out'])
    expect(test?.children[1]).toMatchObject({ attributes: { type: 'AssertionError' } })
    expect(test?.children[1]?.text).toContain('assert 3.5 == 3')
    expect(children(test?.children[2])).toEqual(['stackTrace'])
    expect(test?.children[3]?.text).toBe('first try\n')
  })

  it('counts a flaky test as passed and keeps its failure', () => {
    const test = named('test_fetches_rates')
    expect(children(test)).toEqual(['flakyFailure'])
    expect(children(test?.children[0])).toEqual(['stackTrace', 'system-out'])
  })

  it('calls set-up, time and process failures errors', () => {
    const first = (name: string) => children(named(name))?.[0]
    expect(['test_needs_database', 'test_sleeps_for_ever', 'test_exits'].map(first)).toEqual([
      'error',
      'error',
      'error',
    ])
  })

  it('names class, file, line, time and case', () => {
    expect(named('test_needs_database')?.attributes).toEqual({
      classname: 'tests.test_calc_api.TestStore',
      name: 'test_needs_database',
      file: 'tests/test_calc_api.py',
      line: '12',
      time: '0.012',
    })
    expect(named('test_add[1-2]')?.children[0]?.children[0]?.attributes).toEqual({
      name: 'greenloop_case_id',
      value: 'CALC-1',
    })
  })

  it('stays well-formed and keeps readable text whatever the tests print', () => {
    const root = parseXml(toJunit(nastyExecution()))
    expect(allOf(root, 'failure')[0]?.text).toContain('red')
    expect(allOf(root, 'failure')[0]?.text).toContain('中文 привет')
    expect(allOf(root, 'failure')[0]?.text).not.toContain('\u001b')
  })

  it('makes class and name unique', () => {
    const keys = cases(nastyExecution()).map(({ attributes }) => `${attributes['classname']} ${attributes['name']}`)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('reports files that could not be collected as errors', () => {
    expect(named('collection_error tests/test_x.py', nastyExecution())?.children[0]?.tag).toBe('error')
  })

  it('never looks green when results are missing', () => {
    const run = execution({ verdict: 'incomplete', tests: [testResult('test_a', 'passed')] })
    expect(parseXml(toJunit(run)).attributes).toMatchObject({ tests: '2', errors: '1' })
  })

  it('does not turn a green run red for what a retry cured', () => {
    const problems = [{ kind: 'process_crashed', message: 'process 1 ended with 139' }] as const
    const run = execution({ verdict: 'passed', tests: [testResult('test_a', 'passed')], problems })
    expect(parseXml(toJunit(run)).attributes).toMatchObject({ tests: '1', errors: '0' })
  })

  it('caps long output in the middle', () => {
    const long = attempt('failed', { failure: failure({ trace: `start${'x'.repeat(1e6)}end` }) })
    const text =
      named('test_a', execution({ tests: [testResult('test_a', 'failed', { attempts: [long] })] }))?.children[0]
        ?.text ?? ''
    expect(text.length).toBeLessThan(17_000)
    expect(text).toMatch(/^assert[^]*characters left out[^]*end$/)
  })

  it('stays under the limit of readers when thousands of tests fail at length', () => {
    const attempts = [attempt('failed', { failure: failure({ trace: 'é'.repeat(15_000) }) })]
    const tests = Array.from({ length: 3000 }, (_, index) => testResult(`test_${index}`, 'failed', { attempts }))
    const document = toJunit(execution({ tests }))
    expect(document.length).toBeLessThan(25_000_000)
    expect(document.match(/<testcase/g)).toHaveLength(3000)
  })

  it('holds every test of a large run', () => {
    expect(cases(execution({ tests: manyTests(1000) }))).toHaveLength(1000)
  })
})
