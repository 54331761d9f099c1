import { type Attempt, type Execution, type Outcome, type TestResult } from '../domain/run.ts'
import { countTests, exitCodeOf } from '../domain/verdict.ts'
import { uuidOf } from '../lib/hash.ts'
import { coverageTotals } from './cobertura.ts'
import { type Standing, failureOf, isBad, standingOf } from './standing.ts'
import { capMiddle, linesOf, plainText } from '../lib/plain-text.ts'
import { tool } from './tool.ts'

type CtrfStatus = 'passed' | 'failed' | 'skipped' | 'other'

const statusOfStanding: Readonly<Record<Standing, CtrfStatus>> = {
  passed: 'passed',
  flaky: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  not_run: 'other',
}

const statusOfOutcome: Readonly<Record<Outcome, CtrfStatus>> = {
  passed: 'passed',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'failed',
  crashed: 'failed',
  skipped: 'skipped',
  cancelled: 'other',
}

const outputCap = 64_000

/**
 * A CTRF report. Times are whole milliseconds; what CTRF has no word for stands under `extra` in keys that begin with
 * `greenloop.`. A test that was retried lists all its attempts; `retries` is their number less one.
 */
export function toCtrf(execution: Execution) {
  const start = Math.round(execution.startedAt)
  const stop = start + Math.max(0, Math.round(execution.durationMs))
  return {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    reportId: uuidOf(`report of ${execution.runId}`),
    runId: execution.runId,
    timestamp: new Date(stop).toISOString(),
    generatedBy: `${tool.name} ${tool.version}`,
    results: {
      tool: {
        name: execution.framework,
        version: execution.frameworkVersion,
        extra: { 'greenloop.interpreter': execution.interpreter, 'greenloop.plugins': execution.plugins },
      },
      summary: summaryOf(execution, start, stop),
      tests: execution.tests.map(testOf),
      environment: {
        extra: {
          'greenloop.environment': execution.environment,
          'greenloop.sandbox': execution.sandbox,
          'greenloop.cwd': execution.cwd,
        },
      },
      extra: {
        'greenloop.schema': 'greenloop.report/v1',
        'greenloop.verdict': execution.verdict,
        'greenloop.exitCode': exitCodeOf(execution.verdict),
        'greenloop.deselected': execution.deselected,
        'greenloop.problems': execution.problems,
        'greenloop.processes': execution.processes,
        ...(execution.coverage ? { 'greenloop.coverage': coverageTotals(execution.coverage) } : {}),
      },
    },
  }
}

function summaryOf(execution: Execution, start: number, stop: number) {
  const counts = countTests(execution.tests)
  return {
    tests: counts.total,
    // CTRF counts a flaky test among the passed and once more as flaky.
    passed: counts.passed + counts.flaky,
    failed: counts.failed,
    skipped: counts.skipped,
    pending: 0,
    other: counts.notRun,
    flaky: counts.flaky,
    suites: new Set(execution.tests.map((test) => test.file)).size,
    start,
    stop,
    duration: stop - start,
    extra: {
      'greenloop.errored': counts.errored,
      'greenloop.timedOut': counts.timedOut,
      'greenloop.crashed': counts.crashed,
      'greenloop.retries': counts.retries,
    },
  }
}

function testOf(test: TestResult) {
  const standing = standingOf(test)
  const last = test.attempts.at(-1)
  const failure = standing === 'failed' && last !== undefined ? failureOf(lastBad(test) ?? last) : undefined
  const message = failure?.message ?? last?.skipReason
  return {
    testId: test.id,
    name: test.name === '' ? test.id : test.name,
    status: statusOfStanding[standing],
    rawStatus: standing === 'not_run' ? standing : test.outcome,
    ...timesOf(test.attempts),
    suite: [test.file, ...test.suite],
    ...(message ? { message } : {}),
    ...(failure?.trace ? { trace: capMiddle(plainText(failure.trace), outputCap) } : {}),
    filePath: test.file,
    ...(test.line === undefined ? {} : { line: Math.round(test.line) }),
    ...(test.tags.length > 0 ? { tags: test.tags } : {}),
    ...(Object.keys(test.labels).length > 0 ? { labels: test.labels } : {}),
    retries: Math.max(0, test.attempts.length - 1),
    ...(test.attempts.length > 1 ? { retryAttempts: test.attempts.map(attemptOf) } : {}),
    flaky: standing === 'flaky',
    ...(last === undefined ? {} : { ...outputOf(last), threadId: String(last.process) }),
    extra: {
      'greenloop.verdict': standing,
      ...(test.caseId === undefined ? {} : { 'greenloop.caseId': test.caseId }),
      ...(last === undefined ? {} : extraOf(last)),
    },
  }
}

function attemptOf(attempt: Attempt) {
  const failure = isBad(attempt.outcome) ? failureOf(attempt) : undefined
  return {
    attempt: attempt.number,
    status: statusOfOutcome[attempt.outcome],
    ...timesOf([attempt]),
    ...(failure === undefined ? {} : { message: failure.message }),
    ...(failure?.trace ? { trace: capMiddle(plainText(failure.trace), outputCap) } : {}),
    ...(failure?.line === undefined ? {} : { line: Math.round(failure.line) }),
    ...outputOf(attempt),
    extra: { 'greenloop.outcome': attempt.outcome, 'greenloop.process': attempt.process, ...extraOf(attempt) },
  }
}

/** Facts of an attempt that CTRF has no field for. */
function extraOf(attempt: Attempt) {
  if (attempt.failure === undefined) return { 'greenloop.phasesMs': attempt.phasesMs }
  const { trace: _, message: __, ...rest } = attempt.failure
  return { 'greenloop.phasesMs': attempt.phasesMs, 'greenloop.failure': rest }
}

function timesOf(attempts: readonly Attempt[]) {
  const duration = Math.round(attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0))
  const [first, last] = [attempts[0], attempts.at(-1)]
  if (first === undefined || last === undefined) return { duration }
  return {
    duration,
    start: Math.round(first.startedAt),
    stop: Math.round(last.startedAt) + Math.max(0, Math.round(last.durationMs)),
  }
}

function outputOf(attempt: Attempt) {
  return {
    ...(attempt.stdout === '' ? {} : { stdout: linesOf(capMiddle(plainText(attempt.stdout), outputCap)) }),
    ...(attempt.stderr === '' ? {} : { stderr: linesOf(capMiddle(plainText(attempt.stderr), outputCap)) }),
  }
}

function lastBad(test: TestResult): Attempt | undefined {
  return test.attempts.findLast((attempt) => isBad(attempt.outcome))
}
