import type { Execution, RunProblem, TestResult } from '../domain/run.ts'
import { sha256 } from '../lib/hash.ts'
import { fingerprintOf } from './fingerprint.ts'
import { badAttempts, failureOf, standingOf } from './standing.ts'
import { capHead, firstLine, plainText } from '../lib/plain-text.ts'

/** One entry of a GitLab Code Quality report. Lines count from 1, paths are relative to the working folder. */
export interface CodeQualityIssue {
  readonly description: string
  readonly check_name: string
  /** The same over runs as long as the same test fails in the same way. */
  readonly fingerprint: string
  readonly severity: 'minor' | 'major' | 'critical'
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } }
}

/** A GitLab Code Quality report: failed tests, flaky tests, and files that could not be collected. */
export function toCodeQuality(execution: Execution): CodeQualityIssue[] {
  const tests = execution.tests.flatMap((test) => issueOfTest(test) ?? [])
  const problems = execution.problems.flatMap((problem) => issueOfProblem(problem) ?? [])
  return [...problems, ...tests]
}

function issueOfTest(test: TestResult): CodeQualityIssue | undefined {
  const standing = standingOf(test)
  const attempt = standing === 'failed' ? badAttempts(test).at(-1) : badAttempts(test)[0]
  if (attempt === undefined || (standing !== 'failed' && standing !== 'flaky')) return undefined
  const failure = failureOf(attempt)
  const told = firstLine(plainText(failure.message)) || failure.type
  const sameFile = failure.file === undefined || failure.file === test.file
  return {
    description: capHead(`${test.name} ${standing === 'flaky' ? 'is flaky' : 'failed'}: ${told}`, 500),
    check_name: `greenloop/${standing === 'flaky' ? 'flaky' : attempt.outcome}`,
    fingerprint: sha256(`${test.id}\n${standing}\n${fingerprintOf(failure)}`),
    severity: standing === 'flaky' ? 'minor' : attempt.outcome === 'failed' ? 'major' : 'critical',
    location: { path: test.file, lines: { begin: lineFrom((sameFile ? failure.line : undefined) ?? test.line) } },
  }
}

function issueOfProblem(problem: RunProblem): CodeQualityIssue | undefined {
  if (problem.kind !== 'collection_error' || problem.file === undefined) return undefined
  const print = problem.failure === undefined ? '' : fingerprintOf(problem.failure)
  return {
    description: capHead(`cannot be collected: ${firstLine(plainText(problem.message))}`, 500),
    check_name: 'greenloop/collection_error',
    fingerprint: sha256(`${problem.file}\n${problem.kind}\n${print}`),
    severity: 'critical',
    location: { path: problem.file, lines: { begin: lineFrom(problem.failure?.line) } },
  }
}

const lineFrom = (line: number | undefined) => Math.max(1, Math.round(line ?? 1))
