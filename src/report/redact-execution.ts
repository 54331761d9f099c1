import type { Attempt, Execution, Failure, RunProblem, TestResult } from '../domain/run.ts'
import type { Redactor } from '../lib/redact.ts'

/**
 * A copy of a run without secrets. Free texts are redacted, words of ours (outcomes, verdicts, kinds) are not: a secret
 * that happens to be `passed` must not break the reports.
 */
export function redactExecution(execution: Execution, redactor: Redactor): Execution {
  const { deep } = redactor
  return {
    ...execution,
    interpreter: deep(execution.interpreter),
    plugins: deep(execution.plugins),
    cwd: deep(execution.cwd),
    environment: deep(execution.environment),
    tests: execution.tests.map((test) => redactTest(test, redactor)),
    problems: execution.problems.map((problem) => redactProblem(problem, redactor)),
    processes: execution.processes.map((record) => ({ ...record, argv: deep(record.argv) })),
    benchmarks: execution.benchmarks.map((figure) => ({
      ...figure,
      name: redactor.text(figure.name),
      testId: redactor.text(figure.testId),
    })),
    coverage: execution.coverage?.map((file) => ({ ...file, file: redactor.text(file.file) })),
    sandbox: { ...execution.sandbox, gaps: deep(execution.sandbox.gaps) },
  }
}

function redactTest(test: TestResult, redactor: Redactor): TestResult {
  const { text, deep } = redactor
  return {
    ...test,
    id: text(test.id),
    name: text(test.name),
    file: text(test.file),
    suite: deep(test.suite),
    tags: deep(test.tags),
    labels: deep(test.labels),
    caseId: maybe(test.caseId, text),
    attempts: test.attempts.map((attempt) => redactAttempt(attempt, redactor)),
  }
}

function redactAttempt(attempt: Attempt, redactor: Redactor): Attempt {
  return {
    ...attempt,
    failure: maybe(attempt.failure, (failure) => redactFailure(failure, redactor)),
    skipReason: maybe(attempt.skipReason, redactor.text),
    stdout: redactor.text(attempt.stdout),
    stderr: redactor.text(attempt.stderr),
  }
}

function redactFailure(failure: Failure, { text }: Redactor): Failure {
  return {
    ...failure,
    type: text(failure.type),
    message: text(failure.message),
    trace: text(failure.trace),
    file: maybe(failure.file, text),
    expected: maybe(failure.expected, text),
    actual: maybe(failure.actual, text),
  }
}

function redactProblem(problem: RunProblem, redactor: Redactor): RunProblem {
  return {
    ...problem,
    message: redactor.text(problem.message),
    file: maybe(problem.file, redactor.text),
    failure: maybe(problem.failure, (failure) => redactFailure(failure, redactor)),
  }
}

function maybe<T>(value: T | undefined, redact: (value: T) => T): T | undefined {
  return value === undefined ? undefined : redact(value)
}
