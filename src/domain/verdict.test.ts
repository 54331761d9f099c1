import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Attempt, Outcome, ProcessRecord, RunProblem, TestResult } from './run.ts'
import { countTests, exitCodeOf, isFinished, isRed, isRetried, judge, judgeRun } from './verdict.ts'

const outcomes: readonly Outcome[] = ['passed', 'failed', 'errored', 'skipped', 'timed_out', 'crashed', 'cancelled']
const kinds: readonly RunProblem['kind'][] = [
  'collection_error',
  'process_crashed',
  'process_hung',
  'results_lost',
  'tampered',
  'exit_code',
  'total_timeout',
  'internal_error',
  'note',
]

function attempt(outcome: Outcome, number = 1, process = 1): Attempt {
  return { number, outcome, process, startedAt: 0, durationMs: 1, phasesMs: {}, stdout: '', stderr: '' }
}

function result(id: string, attempts: readonly Attempt[]): TestResult {
  const outcome = attempts.at(-1)?.outcome ?? 'cancelled'
  return { id, name: id, file: 'a.py', suite: [], tags: [], labels: {}, attempts, outcome, verdict: judge(attempts) }
}

function record(over: Partial<ProcessRecord> = {}): ProcessRecord {
  const base = { number: 1, argv: [], startedAt: 0, durationMs: 1, exitCode: 0, signal: null, purpose: 'run' as const }
  return { ...base, sessionEnded: true, ...over }
}

const problem = (kind: RunProblem['kind']): RunProblem => ({ kind, message: kind })
const anyOutcome = fc.constantFrom(...outcomes)
const anyTests = fc
  .array(fc.array(fc.tuple(anyOutcome, fc.integer({ min: 1, max: 4 })), { maxLength: 4 }), { maxLength: 6 })
  .map((rows) =>
    rows.map((row, at) =>
      result(
        `t${at}`,
        row.map(([outcome, process], n) => attempt(outcome, n + 1, process)),
      ),
    ),
  )
const anyEvidence = fc.record({
  tests: anyTests,
  problems: fc.array(fc.constantFrom(...kinds).map(problem), { maxLength: 3 }),
  processes: fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.boolean())
      .map(([number, sessionEnded]) => record({ number, sessionEnded })),
    { maxLength: 4 },
  ),
  cancelled: fc.boolean(),
})

describe('judging a test', () => {
  it.each<[readonly Outcome[], string]>([
    [['passed'], 'passed'],
    [['failed', 'passed'], 'flaky'],
    [['crashed', 'passed'], 'flaky'],
    [['timed_out', 'failed', 'passed'], 'flaky'],
    [['failed', 'failed'], 'failed'],
    [['failed', 'cancelled'], 'failed'],
    [['skipped'], 'skipped'],
    [['failed', 'skipped'], 'failed'],
    [['crashed'], 'failed'],
    [['cancelled'], 'failed'],
    [[], 'failed'],
  ])('calls %j %s', (given, expected) => {
    expect(judge(given.map((outcome) => attempt(outcome)))).toBe(expected)
  })

  it('never calls a test passed that failed in any attempt', () => {
    fc.assert(
      fc.property(fc.array(anyOutcome), (given) => {
        const verdict = judge(given.map((outcome) => ({ outcome })))
        if (verdict === 'passed' || verdict === 'skipped') expect(given.some(isRetried)).toBe(false)
        if (verdict === 'flaky') expect(given.filter((outcome) => outcome !== 'cancelled').at(-1)).toBe('passed')
      }),
    )
  })
})

describe('judging a run', () => {
  it('is green only with proof: every test finished and green, every session whole or explained, no weighty problem', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        if (judgeRun(evidence) !== 'passed') return
        expect(evidence.cancelled).toBe(false)
        expect(evidence.tests.length).toBeGreaterThan(0)
        for (const test of evidence.tests) {
          expect(test.attempts.some(isFinished)).toBe(true)
          expect(['passed', 'flaky', 'skipped']).toContain(test.verdict)
        }
        expect(evidence.problems.every(({ kind }) => kind === 'note')).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('is failed exactly when a failure is proven and nobody cancelled', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const red = evidence.tests.some(
          (test) => test.verdict === 'failed' && test.attempts.some((one) => isRed(one.outcome)),
        )
        const proven = red || evidence.problems.some(({ kind }) => kind === 'collection_error' || kind === 'exit_code')
        expect(judgeRun(evidence) === 'failed').toBe(proven && !evidence.cancelled)
      }),
    )
  })

  it('does not get better when a problem is added', () => {
    const rank = { passed: 0, empty: 0, incomplete: 1, failed: 2, cancelled: 3 }
    fc.assert(
      fc.property(anyEvidence, fc.constantFrom(...kinds), (evidence, kind) => {
        const worse = judgeRun({ ...evidence, problems: [...evidence.problems, problem(kind)] })
        expect(rank[worse]).toBeGreaterThanOrEqual(rank[judgeRun(evidence)])
      }),
    )
  })

  it('calls a run with nothing but a crash incomplete, and failed once a test really failed', () => {
    const crash = result('a', [attempt('crashed')])
    const processes = [record({ sessionEnded: false })]
    expect(judgeRun({ tests: [crash], problems: [], processes, cancelled: false })).toBe('incomplete')
    const fail = result('b', [attempt('failed')])
    expect(judgeRun({ tests: [crash, fail], problems: [], processes, cancelled: false })).toBe('failed')
  })

  it('calls a crash that passed on retry passed, for the test explains the broken session', () => {
    const test = result('a', [attempt('crashed', 1, 1), attempt('passed', 2, 2)])
    const processes = [record({ sessionEnded: false }), record({ number: 2 })]
    expect(judgeRun({ tests: [test], problems: [], processes, cancelled: false })).toBe('passed')
  })

  it('calls a run incomplete when a session broke off and no test accounts for it', () => {
    const tests = [result('a', [attempt('passed')])]
    expect(judgeRun({ tests, problems: [], processes: [record({ sessionEnded: false })], cancelled: false })).toBe(
      'incomplete',
    )
  })

  it('calls a run without a test empty', () => {
    expect(judgeRun({ tests: [], problems: [], processes: [record()], cancelled: false })).toBe('empty')
  })
})

describe('counting', () => {
  it('counts every test once in the total and once in its parts', () => {
    fc.assert(
      fc.property(anyTests, (tests) => {
        const counts = countTests(tests)
        expect(counts.total).toBe(tests.length)
        expect(counts.passed + counts.failed + counts.flaky + counts.skipped + counts.notRun).toBe(counts.total)
        expect(counts.errored + counts.timedOut + counts.crashed).toBeLessThanOrEqual(counts.failed)
      }),
    )
  })

  it('maps verdicts to exit codes', () => {
    expect((['passed', 'failed', 'empty', 'incomplete', 'cancelled'] as const).map(exitCodeOf)).toEqual([
      0, 1, 4, 5, 130,
    ])
  })
})
