import { replyKind } from '../domain/task.ts'
import type { ErrorClass, FinalState, Reply, StopReason, TaskError, TaskUsage } from '../domain/task.ts'
import type { ErrorFacts } from './classify.ts'

/** How an attempt ended, before anything is decided about the task. */
export interface Ending {
  readonly state: FinalState
  readonly output?: unknown
  readonly error?: TaskError | undefined
  readonly usage?: TaskUsage | undefined
  /** Whether another attempt is wished for; where it is left out, the policy decides by the class of the error. */
  readonly retry?: boolean | undefined
  readonly overload?: boolean | undefined
  readonly retryAfterMs?: number | undefined
}

const states: Readonly<Record<ErrorClass, FinalState>> = {
  business_failure: 'failed',
  system_error: 'error',
  timeout: 'timeout',
  cancelled: 'cancelled',
}

const silence: Ending = Object.freeze({ state: 'succeeded', output: undefined })

/** The end of an attempt whose handler gave something back. */
export function endingOfValue(value: unknown): Ending {
  if (value === undefined) return silence
  const kind = replyKind(value)
  if (kind === undefined) return { state: 'succeeded', output: value }
  const { output, usage, message, retry } = value as Reply<unknown>
  if (kind === 'succeeded') return { state: 'succeeded', output, usage }
  return { state: 'failed', output, usage, error: { class: 'business_failure', message: message ?? 'failed' }, retry }
}

/** The end of an attempt whose handler threw. */
export function endingOfError({ class: errorClass, message, code, retryable, ...load }: ErrorFacts): Ending {
  return {
    state: states[errorClass],
    error: { class: errorClass, message, ...(code === undefined ? {} : { code }) },
    // What may pass is still subject to the policy.
    ...(retryable && errorClass !== 'cancelled' ? {} : { retry: false }),
    ...load,
  }
}

/** The end of an attempt that took longer than it may. */
export function endingOfTimeout(timeoutMs: number): Ending {
  return { state: 'timeout', error: { class: 'timeout', message: timeoutMessage(timeoutMs), code: 'attempt_timeout' } }
}

/** What an attempt is told that took longer than it may. */
export function timeoutMessage(timeoutMs: number): string {
  return `the attempt took longer than ${timeoutMs} ms`
}

/** The end of an attempt that a stop of its run has cut off. */
export function endingOfStop(stopped: StopReason): Ending {
  return { state: 'cancelled', error: stopError(stopped) }
}

/** Why something was not done, or not to its end. */
function stopError({ kind, message }: StopReason): TaskError {
  return { class: 'cancelled', message, code: kind }
}
