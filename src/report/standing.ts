import type { Attempt, Failure, Outcome, TestResult } from '../domain/run.ts'

/** Where a test stands when the run is over: its verdict, or that no attempt at it was finished. */
export type Standing = 'failed' | 'flaky' | 'passed' | 'skipped' | 'not_run'

/** Where a test stands. */
export function standingOf(test: TestResult): Standing {
  return test.attempts.every((attempt) => attempt.outcome === 'cancelled') ? 'not_run' : test.verdict
}

/** Whether an attempt ended badly: not passed, skipped or cancelled. */
export function isBad(outcome: Outcome): boolean {
  return outcome !== 'passed' && outcome !== 'skipped' && outcome !== 'cancelled'
}

/** Attempts that ended badly, in order. */
export function badAttempts(test: TestResult): readonly Attempt[] {
  return test.attempts.filter((attempt) => isBad(attempt.outcome))
}

const told: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  failed: 'failed',
  errored: 'broke before or after the test itself',
  skipped: 'skipped',
  timed_out: 'did not end in time',
  crashed: 'the process ended while the test ran',
  cancelled: 'cancelled',
}

/** The failure of an attempt; one made of its outcome where the framework gave none. */
export function failureOf(attempt: Attempt): Failure {
  return attempt.failure ?? { phase: 'call', type: attempt.outcome, message: told[attempt.outcome], trace: '' }
}

/** Milliseconds that all attempts at a test took together. */
export function durationOf(test: TestResult): number {
  return test.attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0)
}
