import type { Counts, Execution, RunProblem, RunVerdict, SandboxTier } from '../domain/run.ts'
import { countTests, exitCodeOf } from '../domain/verdict.ts'
import { coverageTotals } from './cobertura.ts'
import { type FailedTest, failedTests, groupFailures } from './groups.ts'
import { rerunCommand } from './rerun.ts'
import { standingOf } from './standing.ts'
import { capHead, capMiddle, capTail, firstLine, plainText } from '../lib/plain-text.ts'
import { focusTrace } from './trace.ts'

/** A failed test as the summary tells it. */
interface SummaryFailure {
  readonly id: string
  readonly caseId?: string
  readonly name: string
  /** Outcome of the last attempt. */
  readonly outcome: string
  readonly file: string
  readonly line?: number
  readonly type: string
  readonly message: string
  readonly expected?: string
  readonly actual?: string
  /** At most 2,000 characters; the last frame inside the test's file stands first. */
  readonly trace: string
  readonly attempts: readonly string[]
  /** Last 1,000 characters of what the test printed. */
  readonly stdout?: string
  readonly stderr?: string
  readonly fingerprint: string
  readonly rerun: string
}

/** Failures that are only counted, because fifty others are told in full. */
interface SummaryGroup {
  readonly fingerprint: string
  readonly type: string
  readonly message: string
  readonly count: number
  readonly examples: readonly string[]
}

/** The document on standard output, made for a model to read. Its size is bounded however many tests fail. */
export interface Summary {
  readonly schema: 'greenloop.summary/v1'
  readonly runId: string
  readonly status: 'finished'
  readonly verdict: RunVerdict
  readonly exitCode: number
  readonly framework: { readonly name: string; readonly version: string }
  readonly summary: Counts & { readonly durationMs: number; readonly deselected: number }
  readonly coverage?: { readonly linePercent?: number; readonly branchPercent?: number }
  readonly failures: readonly SummaryFailure[]
  readonly moreFailures?: {
    readonly count: number
    readonly groups: readonly SummaryGroup[]
    readonly ungrouped: number
  }
  readonly flaky: readonly SummaryFlaky[]
  readonly moreFlaky?: number
  readonly notRun?: readonly string[]
  readonly problems: readonly SummaryProblem[]
  readonly moreProblems?: number
  readonly artifacts: Readonly<Record<string, string>>
  readonly sandbox: { readonly tier: SandboxTier; readonly gaps: readonly string[] }
}

/** A test that passed after it had failed. */
interface SummaryFlaky {
  readonly id: string
  readonly name: string
  readonly file: string
  readonly line?: number
  readonly attempts: readonly string[]
  readonly message: string
  readonly fingerprint: string
}

/** Something that happened to the run as a whole. */
interface SummaryProblem {
  readonly kind: RunProblem['kind']
  readonly message: string
  readonly file?: string
  readonly trace?: string
}

const maxFull = 50
const maxNames = 20

/** The summary of a run; `artifacts` maps the name of each artifact to its path. */
export function toSummary(execution: Execution, artifacts: Readonly<Record<string, string>>): Summary {
  const failed = failedTests(execution, 'failed')
  const flaky = failedTests(execution, 'flaky')
  const counts = countTests(execution.tests)
  return {
    schema: 'greenloop.summary/v1',
    runId: execution.runId,
    status: 'finished',
    verdict: execution.verdict,
    exitCode: exitCodeOf(execution.verdict),
    framework: { name: execution.framework, version: execution.frameworkVersion },
    summary: { ...counts, durationMs: Math.round(execution.durationMs), deselected: execution.deselected },
    ...coverageOf(execution),
    failures: failed.slice(0, maxFull).map((each) => failureEntry(each, execution)),
    ...remainder(failed.slice(maxFull)),
    flaky: flaky.slice(0, maxFull).map(flakyEntry),
    ...(flaky.length > maxFull ? { moreFlaky: flaky.length - maxFull } : {}),
    ...(counts.notRun > 0 ? { notRun: notRunNames(execution) } : {}),
    problems: execution.problems.slice(0, maxFull).map(problemEntry),
    ...(execution.problems.length > maxFull ? { moreProblems: execution.problems.length - maxFull } : {}),
    artifacts,
    sandbox: execution.sandbox,
  }
}

function failureEntry(failed: FailedTest, execution: Execution): SummaryFailure {
  const { test, failure, attempt } = failed
  const line = failure.file === undefined || failure.file === test.file ? (failure.line ?? test.line) : test.line
  return {
    id: test.id,
    ...(test.caseId === undefined ? {} : { caseId: test.caseId }),
    name: test.name,
    outcome: test.outcome,
    file: test.file,
    ...(line === undefined ? {} : { line }),
    type: capHead(plainText(failure.type), 200),
    message: capMiddle(plainText(failure.message), 1000),
    ...(failure.expected === undefined ? {} : { expected: capMiddle(plainText(failure.expected), 500) }),
    ...(failure.actual === undefined ? {} : { actual: capMiddle(plainText(failure.actual), 500) }),
    trace: focusTrace(failure.trace, test.file, 1950),
    attempts: test.attempts.slice(0, maxNames).map((each) => each.outcome),
    ...(attempt.stdout === '' ? {} : { stdout: capTail(plainText(attempt.stdout), 1000) }),
    ...(attempt.stderr === '' ? {} : { stderr: capTail(plainText(attempt.stderr), 1000) }),
    fingerprint: failed.fingerprint,
    rerun: rerunCommand(execution, test),
  }
}

function remainder(rest: readonly FailedTest[]): Pick<Summary, 'moreFailures'> {
  if (rest.length === 0) return {}
  const all = groupFailures(rest)
  const groups = all.slice(0, maxNames).map(({ fingerprint, members }) => ({
    fingerprint,
    type: capHead(plainText(members[0]?.failure.type ?? ''), 200),
    message: capHead(firstLine(plainText(members[0]?.failure.message ?? '')), 300),
    count: members.length,
    examples: members.slice(0, 3).map((member) => member.test.id),
  }))
  const grouped = groups.reduce((sum, group) => sum + group.count, 0)
  return { moreFailures: { count: rest.length, groups, ungrouped: rest.length - grouped } }
}

function flakyEntry({ test, failure, fingerprint }: FailedTest): SummaryFlaky {
  return {
    id: test.id,
    name: test.name,
    file: test.file,
    ...(test.line === undefined ? {} : { line: test.line }),
    attempts: test.attempts.slice(0, maxNames).map((each) => each.outcome),
    message: capMiddle(plainText(failure.message), 300),
    fingerprint,
  }
}

function problemEntry(problem: RunProblem): SummaryProblem {
  return {
    kind: problem.kind,
    message: capMiddle(plainText(problem.message), 1000),
    ...(problem.file === undefined ? {} : { file: problem.file }),
    ...(problem.failure?.trace ? { trace: focusTrace(problem.failure.trace, problem.file ?? '', 1950) } : {}),
  }
}

function coverageOf(execution: Execution): Pick<Summary, 'coverage'> {
  if (execution.coverage === undefined) return {}
  const { linePercent, branchPercent } = coverageTotals(execution.coverage)
  return {
    coverage: {
      ...(linePercent === undefined ? {} : { linePercent }),
      ...(branchPercent === undefined ? {} : { branchPercent }),
    },
  }
}

function notRunNames(execution: Execution): string[] {
  const names = execution.tests.filter((test) => standingOf(test) === 'not_run').map((test) => test.id)
  return names.slice(0, maxNames)
}
