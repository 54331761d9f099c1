import type { Attempt, Counts, Execution, Outcome, RunProblem, RunVerdict, TestResult, Verdict } from './run.ts'

/** Outcomes that prove something against a test. A crash proves nothing but that its result is missing. */
const redOutcomes: ReadonlySet<Outcome> = new Set<Outcome>(['failed', 'errored', 'timed_out'])
/** Outcomes after which a test gets another attempt. */
const retriedOutcomes: ReadonlySet<Outcome> = new Set<Outcome>(['failed', 'errored', 'timed_out', 'crashed'])

/** What a problem of the run does to its verdict: `note` nothing, the others as their word says. */
const weights: Readonly<Record<RunProblem['kind'], 'failed' | 'incomplete' | 'none'>> = {
  collection_error: 'failed',
  suite_error: 'failed',
  exit_code: 'failed',
  process_crashed: 'incomplete',
  process_hung: 'incomplete',
  results_lost: 'incomplete',
  tampered: 'incomplete',
  total_timeout: 'incomplete',
  internal_error: 'incomplete',
  note: 'none',
}

const exitCodes: Readonly<Record<RunVerdict, number>> = {
  passed: 0,
  failed: 1,
  empty: 4,
  incomplete: 5,
  cancelled: 130,
}

/** Whether an attempt with this outcome is followed by another one while retries are left. */
export function isRetried(outcome: Outcome): boolean {
  return retriedOutcomes.has(outcome)
}

/** Whether this outcome proves a failure: failed, errored or timed out, but not crashed. */
export function isRed(outcome: Outcome): boolean {
  return redOutcomes.has(outcome)
}

/** Whether an attempt came to an end of its own, be it bad. */
export function isFinished(attempt: Pick<Attempt, 'outcome'>): boolean {
  return attempt.outcome !== 'cancelled'
}

/**
 * What the attempts at one test prove. A pass after a failure is flaky, never plainly passed; a test without a finished
 * attempt has proven nothing and counts as failed, and {@link countTests} tells it apart as not run.
 */
export function judge(attempts: readonly Pick<Attempt, 'outcome'>[]): Verdict {
  const finished = attempts.filter(isFinished)
  const last = finished.at(-1)?.outcome
  const retried = finished.some((attempt) => isRetried(attempt.outcome))
  if (last === 'passed') return retried ? 'flaky' : 'passed'
  // Skipping a test that failed a moment ago does not take the failure back.
  if (last === 'skipped') return retried ? 'failed' : 'skipped'
  return 'failed'
}

/** What {@link judgeRun} looks at. */
export type Evidence = Pick<Execution, 'tests' | 'problems' | 'processes'> & { readonly cancelled: boolean }

/**
 * What a run proves. It passed only when every collected test has a finished attempt that did not fail, every session
 * reached its end or a test accounts for its loss, and nothing else went wrong.
 */
export function judgeRun({ tests, problems, processes, cancelled }: Evidence): RunVerdict {
  if (cancelled) return 'cancelled'
  const weight = new Set(problems.map((problem) => weights[problem.kind]))
  if (weight.has('failed') || tests.some(isProvenRed)) return 'failed'
  const lost = weight.has('incomplete') || tests.some((test) => test.verdict === 'failed')
  if (lost || hasUnexplainedEnd(tests, processes)) return 'incomplete'
  // A run in which every test was skipped has shown nothing.
  return tests.every((test) => test.verdict === 'skipped') ? 'empty' : 'passed'
}

function isProvenRed(test: TestResult): boolean {
  return test.verdict === 'failed' && test.attempts.some((attempt) => isRed(attempt.outcome))
}

/** Whether a session broke off although none of its tests crashed, hung or was cancelled. */
function hasUnexplainedEnd(tests: readonly TestResult[], processes: Evidence['processes']): boolean {
  const broken = new Set(processes.filter((record) => !record.sessionEnded).map((record) => record.number))
  if (broken.size === 0) return false
  const causes = new Set<Outcome>(['crashed', 'timed_out', 'cancelled'])
  for (const test of tests) {
    for (const attempt of test.attempts) if (causes.has(attempt.outcome)) broken.delete(attempt.process)
  }
  return broken.size > 0
}

/** Counts tests by verdict; every test counts once in `total` and once in one of its five parts. */
export function countTests(tests: readonly TestResult[]): Counts {
  const counts = {
    passed: 0,
    failed: 0,
    flaky: 0,
    skipped: 0,
    notRun: 0,
    errored: 0,
    timedOut: 0,
    crashed: 0,
    retries: 0,
  }
  for (const test of tests) {
    counts.retries += Math.max(0, test.attempts.length - 1)
    if (!test.attempts.some(isFinished)) {
      counts.notRun++
      continue
    }
    counts[test.verdict]++
    if (test.verdict !== 'failed') continue
    if (test.outcome === 'errored') counts.errored++
    if (test.outcome === 'timed_out') counts.timedOut++
    if (test.outcome === 'crashed') counts.crashed++
  }
  return { total: tests.length, ...counts }
}

/** Exit code of a command that ran tests: 0 passed, 1 failed, 4 empty, 5 incomplete, 130 cancelled. */
export function exitCodeOf(verdict: RunVerdict): number {
  return exitCodes[verdict]
}
