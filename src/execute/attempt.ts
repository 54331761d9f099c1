import type { TestEvent } from '../domain/ports.ts'
import type { Failure } from '../domain/run.ts'
import { isRetried } from '../domain/verdict.ts'
import type { NewAttempt } from './ledger.ts'
import type { OpenTest } from './session.ts'

/** What is kept of each text of an attempt, in characters. */
const maxText = 262_144

type TestFinish = Extract<TestEvent, { event: 'test_finish' }>

/** The attempt that a finish event ends; `open` is what was known of it before. */
export function attemptFrom(event: TestFinish, open: OpenTest, process: number): NewAttempt {
  const failure = event.failure ?? (isRetried(event.outcome) ? (open.failure ?? unexplained(event, open)) : undefined)
  return {
    outcome: event.outcome,
    startedAt: open.startedAt,
    durationMs: event.durationMs,
    phasesMs: open.phasesMs,
    ...(failure === undefined ? {} : { failure: clipFailure(failure) }),
    ...(event.skipReason === undefined ? {} : { skipReason: clip(event.skipReason) }),
    stdout: clip(event.stdout ?? ''),
    stderr: clip(event.stderr ?? ''),
    process,
  }
}

function unexplained({ outcome }: TestFinish, { phase }: OpenTest): Failure {
  return {
    phase,
    type: 'Unknown',
    message: `the test ended as ${outcome}, and the framework gave no reason`,
    trace: '',
  }
}

/** A failure with its texts cut to what is kept. */
export function clipFailure(failure: Failure): Failure {
  return { ...failure, message: clip(failure.message), trace: clip(failure.trace) }
}

/** Keeps the beginning and the end of an overlong text. */
export function clip(text: string): string {
  if (text.length <= maxText) return text
  const half = maxText / 2
  return `${text.slice(0, half)}\n[cut ${text.length - maxText} characters]\n${text.slice(-half)}`
}
