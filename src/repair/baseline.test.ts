import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReportedTest } from '../domain/forge.ts'
import { baselineOf, compareJobs, compareTests } from './baseline.ts'
import { recorded } from './trace.fixture.ts'

const ran = (name: string, status: ReportedTest['status'] = 'success'): ReportedTest => ({
  suite: 'unit',
  classname: 'tests.core',
  name,
  status,
})
const report = (...tests: readonly ReportedTest[]) => baselineOf({ tests }, [])
const traced = (...names: readonly string[]) =>
  baselineOf(
    { tests: [] },
    names.map((name) => ({ job: name, trace: recorded(name) })),
  )

describe('a file that could not be loaded', () => {
  const module = (name: string, status: ReportedTest['status'] = 'error'): ReportedTest => ({
    suite: 'unit',
    classname: '',
    name,
    status,
  })

  test('is not missed once its tests run', () => {
    const before = report(ran('a'), module('tests.test_largest'), module('test/sum.test.ts', 'failed'))
    const largest = { suite: 'unit', classname: 'tests.test_largest', name: 'picks', status: 'success' } as const
    const inClass = { ...largest, classname: 'tests.test_largest.TestMore' }
    expect(compareTests(before, report(ran('a'), largest, inClass))).toEqual([])
  })

  test('is missed where nothing runs in its place, and where it was a test that passed', () => {
    const before = report(ran('a'), module('tests.test_largest'))
    expect(compareTests(before, report(ran('a'), ran('b')))).toMatchObject([{ code: 'lost_test', blocks: true }])
    const passed = report(ran('a'), module('test/sum.test.ts', 'success'))
    expect(compareTests(passed, report(ran('a'), ran('b')))).toMatchObject([{ code: 'lost_test', blocks: true }])
  })
})

describe('a baseline', () => {
  test('goes by the report, where a test that is skipped did not run', () => {
    expect(report(ran('a'), ran('b', 'failed'), ran('c', 'skipped'), ran('d', 'error'))).toEqual({
      executed: 3,
      passed: ['unit › tests.core › a'],
      names: ['unit › tests.core › a', 'unit › tests.core › b', 'unit › tests.core › d'],
      source: 'report',
    })
  })
  test('of tests that share a name has passed only if each has', () => {
    expect(report(ran('a'), ran('a', 'failed'))).toMatchObject({ executed: 2, passed: [] })
  })
  test('adds up the counts of the traces where there is no report', () => {
    expect(traced('pytest', 'vitest', 'maven-test', 'tsc')).toEqual({
      executed: 12,
      passed: [],
      names: [],
      source: 'trace',
    })
  })
  test('is none where nothing tells of tests', () => {
    expect(traced('tsc', 'go-test').source).toBe('none')
  })
})

describe('a comparison of tests', () => {
  const before = report(ran('a'), ran('b', 'failed'))

  test('finds nothing where the failed test passes now and new ones came', () => {
    expect(compareTests(before, report(ran('a'), ran('b'), ran('c')))).toEqual([])
  })
  test.each([
    ['is gone', [ran('a')]],
    ['is skipped', [ran('a'), ran('b', 'skipped')]],
    ['was renamed', [ran('a'), ran('other')]],
  ])('finds that the failed test %s', (_, after) => {
    expect(compareTests(before, report(...after))).toContainEqual({
      code: 'lost_test',
      message: 'unit › tests.core › b ran before and is now gone or skipped',
      blocks: true,
    })
  })
  test('finds that a test fails that passed before', () => {
    const message = 'unit › tests.core › a passed before and now fails'
    expect(compareTests(before, report(ran('a', 'failed'), ran('b')))).toEqual([
      { code: 'lost_test', message, blocks: true },
    ])
  })
  test('finds that fewer ran, going by counts alone', () => {
    expect(compareTests(traced('pytest'), traced('vitest'))).toEqual([
      { code: 'fewer_tests', message: '3 tests ran, 6 before', blocks: true },
    ])
    expect(compareTests(traced('vitest'), traced('pytest'))).toEqual([])
  })
  test('finds that report or counts are gone', () => {
    expect(compareTests(before, traced('pytest'))).toMatchObject([{ code: 'fewer_tests', blocks: true }])
    expect(compareTests(traced('pytest'), traced('tsc'))).toMatchObject([{ code: 'fewer_tests', blocks: true }])
  })
  test('tells that there was nothing to compare with, and blocks nothing', () => {
    expect(compareTests(traced('tsc'), before)).toMatchObject([{ code: 'fewer_tests', blocks: false }])
  })
  test('sums up what is too much to tell', () => {
    const many = Array.from({ length: 50 }, (_, at) => ran(`t${at}`))
    const findings = compareTests(report(...many), report())
    expect(findings.length).toBeLessThan(25)
  })
  test('blocks exactly when a test that ran does not, or one that passed does not', () => {
    const tests = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
        status: fc.constantFrom('success', 'failed', 'skipped'),
      }),
      {
        selector: ({ name }) => name,
        minLength: 1,
      },
    )
    fc.assert(
      fc.property(tests, tests, (old, now) => {
        const status = new Map(now.map((each) => [each.name, each.status]))
        const lost = old.some(({ name, status: was }) => {
          const is = status.get(name) ?? 'skipped'
          return was === 'success' ? is !== 'success' : was === 'failed' && is === 'skipped'
        })
        const of = (all: typeof old) => report(...all.map(({ name, status }) => ran(name, status)))
        const findings = compareTests(of(old), of(now))
        expect(findings.some(({ code, blocks }) => code === 'lost_test' && blocks)).toBe(lost)
      }),
    )
  })
})

test('jobs that ran before and not now are found', () => {
  expect(compareJobs(['unit', 'lint', 'lint'], ['unit', 'deploy'])).toEqual([
    { code: 'lost_job', message: 'lint ran before and did not run now', blocks: true },
  ])
  expect(compareJobs(['unit'], ['unit', 'lint'])).toEqual([])
})
