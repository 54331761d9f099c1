import type { Attempt, CollectedTest, Outcome } from '../domain/run.ts'
import type { StoredResult, StoredTask } from '../domain/stored-run.ts'
import type { FinalState, TaskAttempt, TaskResult } from '../domain/task.ts'
import { isRetried } from '../domain/verdict.ts'

/** How outcomes of tests are called among tasks. A skipped test did what it was to do. */
const states: Readonly<Record<Outcome, FinalState>> = {
  passed: 'succeeded',
  skipped: 'succeeded',
  failed: 'failed',
  errored: 'error',
  crashed: 'error',
  timed_out: 'timeout',
  cancelled: 'cancelled',
}

/** Whether no further attempt follows this one. */
export function isDecided({ outcome, number }: Attempt, retries: number): boolean {
  return !isRetried(outcome) || number > retries
}

/** An attempt at a test as the engine's journal knows attempts. */
export function taskAttempt({ number, outcome, startedAt, durationMs, failure }: Attempt): TaskAttempt {
  const state = states[outcome]
  const message = failure?.message ?? outcome
  const errorClass = state === 'failed' ? 'business_failure' : state === 'error' ? 'system_error' : state
  return {
    number,
    state,
    startedAt: Math.round(startedAt),
    endedAt: Math.round(startedAt + durationMs),
    serviceMs: durationMs,
    queueMs: 0,
    rateMs: 0,
    ...(errorClass === 'succeeded' ? {} : { error: { class: errorClass, message, code: outcome } }),
  }
}

/** The result of a test whose last attempt this is; the attempt itself is the output. */
export function resultOf(test: CollectedTest, attempt: Attempt): TaskResult {
  const last = taskAttempt(attempt)
  return {
    task: { id: test.id, payload: test },
    state: last.state,
    output: attempt,
    attempts: [last],
    error: last.error,
    usage: { tokens: 0, costUsd: 0 },
  }
}

/** Attempts at a test from its record, in order; what broke off is not among them. */
export function attemptsFrom(record: StoredResult | StoredTask): readonly Attempt[] {
  const outputs = record.attempts.flatMap((attempt) => ('output' in attempt ? [attempt.output] : []))
  const all = 'output' in record ? [...outputs, record.output] : outputs
  const attempts = all.filter(isAttempt)
  return [...new Map(attempts.map((attempt) => [attempt.number, attempt])).values()].toSorted(
    (a, b) => a.number - b.number,
  )
}

function isAttempt(value: unknown): value is Attempt {
  return typeof value === 'object' && value !== null && 'outcome' in value && 'phasesMs' in value
}
