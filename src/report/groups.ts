import type { Attempt, Execution, Failure, TestResult } from '../domain/run.ts'
import { fingerprintOf } from './fingerprint.ts'
import { badAttempts, failureOf, standingOf } from './standing.ts'

/** A failed test with the attempt whose failure stands for it: the first bad one. */
export interface FailedTest {
  readonly test: TestResult
  readonly attempt: Attempt
  readonly failure: Failure
  readonly fingerprint: string
}

/** Failed tests that share a fingerprint. */
export interface FailureGroup {
  readonly fingerprint: string
  readonly members: readonly FailedTest[]
}

/** Tests of one standing that have a failure to show, in the order of the run. */
export function failedTests(execution: Execution, standing: 'failed' | 'flaky'): FailedTest[] {
  return execution.tests
    .filter((test) => standingOf(test) === standing)
    .flatMap((test) => {
      const attempt = badAttempts(test)[0]
      if (attempt === undefined) return []
      const failure = failureOf(attempt)
      return [{ test, attempt, failure, fingerprint: fingerprintOf(failure) }]
    })
}

/** Groups by fingerprint, the one that hits most tests first; equal ones in the order of the run. */
export function groupFailures(failed: readonly FailedTest[]): FailureGroup[] {
  return [...Map.groupBy(failed, (each) => each.fingerprint)]
    .map(([fingerprint, members]) => ({ fingerprint, members }))
    .sort((a, b) => b.members.length - a.members.length)
}
