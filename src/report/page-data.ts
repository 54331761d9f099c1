import type { Attempt, Execution, TestResult } from '../domain/run.ts'
import type { AttemptView, TestView } from './html/view.js'
import { rerunCommand } from './rerun.ts'
import { durationOf, failureOf, isBad, standingOf } from './standing.ts'
import { capHead, capMiddle, plainText } from '../lib/plain-text.ts'

/** From how many milliseconds on a test counts as slow. */
export const slowMs = 1000

// Beyond this many characters of traces and output the page keeps names, places and messages only.
const textBudget = 16_000_000

/** The tests of a run as the page shows them: plain, capped, bounded in all. */
export function viewTests(execution: Execution): TestView[] {
  let left = textBudget
  const take = (text: string, cap: number): string => {
    const shown = capMiddle(plainText(text), cap)
    if (shown.length > left) return ''
    left -= shown.length
    return shown
  }
  return execution.tests.map((test) => viewTest(test, execution, take))
}

type Take = (text: string, cap: number) => string

function viewTest(test: TestResult, execution: Execution, take: Take): TestView {
  const standing = standingOf(test)
  const skipReason = test.attempts.at(-1)?.skipReason
  return {
    id: plainText(test.id),
    name: plainText(test.name === '' ? test.id : test.name),
    place: plainText(placeOf(test.file, test.line)),
    suite: test.suite.map(plainText),
    standing,
    outcome: test.outcome,
    ms: Math.round(durationOf(test) * 10) / 10,
    ...(test.caseId === undefined ? {} : { caseId: plainText(test.caseId) }),
    ...(test.tags.length === 0 ? {} : { tags: test.tags.map(plainText) }),
    ...(skipReason === undefined ? {} : { skipReason: capHead(plainText(skipReason), 1000) }),
    // A command for each of thousands of green tests would be a third of the page.
    ...(standing === 'passed' || standing === 'skipped' ? {} : { rerun: plainText(rerunCommand(execution, test)) }),
    attempts: test.attempts.map((attempt) => viewAttempt(attempt, take)),
  }
}

function viewAttempt(attempt: Attempt, take: Take): AttemptView {
  return {
    number: attempt.number,
    outcome: attempt.outcome,
    ms: Math.round(attempt.durationMs * 10) / 10,
    ...(isBad(attempt.outcome) ? viewFailure(attempt, take) : {}),
    ...(attempt.stdout === '' ? {} : { stdout: take(attempt.stdout, 8000) }),
    ...(attempt.stderr === '' ? {} : { stderr: take(attempt.stderr, 8000) }),
  }
}

function viewFailure(attempt: Attempt, take: Take) {
  const failure = failureOf(attempt)
  return {
    phase: failure.phase,
    type: capHead(plainText(failure.type), 200),
    message: capMiddle(plainText(failure.message), 2000),
    trace: take(failure.trace, 16_000),
    ...(failure.file === undefined ? {} : { place: plainText(placeOf(failure.file, failure.line)) }),
    ...(failure.expected === undefined ? {} : { expected: take(failure.expected, 4000) }),
    ...(failure.actual === undefined ? {} : { actual: take(failure.actual, 4000) }),
  }
}

const placeOf = (file: string, line: number | undefined) => (line === undefined ? file : `${file}:${line}`)
