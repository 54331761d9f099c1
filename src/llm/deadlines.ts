import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'

/** How long a model may take, in milliseconds, for each part of a call. */
export interface Timeouts {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number
  /** From then until the first byte of the answer; local models read the whole prompt in this time. */
  readonly firstByteMs: number
  /** Silence between two pieces of the answer. */
  readonly idleMs: number
  /** The whole call, whatever else happens. */
  readonly totalMs: number
}

/** A part of a call that has a limit of its own. */
type Stage = 'connect' | 'firstByte' | 'idle'

/** Deadlines of one call. */
export interface Deadlines {
  /** Says that a stage begins, or, for `idle`, that something came; the limit of the stage before is dropped. */
  enter(stage: Stage): void
  /** Drops all timers. */
  stop(): void
}

const wording: Readonly<Record<Stage | 'total', { readonly message: string; readonly setting: string }>> = {
  connect: { message: 'no connection', setting: 'is the endpoint right, and can it be reached from here?' },
  firstByte: { message: 'no first byte of an answer', setting: 'raise LLM_FIRST_BYTE_TIMEOUT_SECONDS' },
  idle: { message: 'the answer fell silent', setting: 'raise LLM_IDLE_TIMEOUT_SECONDS' },
  total: { message: 'the answer was not complete', setting: 'raise LLM_TIMEOUT_SECONDS, or ask for fewer tokens' },
}

/**
 * Starts the deadline of the whole call. When a limit passes, `onExpired` is called once with an `llm_timeout` error
 * that names it.
 */
export function startDeadlines(timeouts: Timeouts, onExpired: (error: GreenloopError) => void): Deadlines {
  let stage: Timer | undefined
  const start = (limit: Stage | 'total'): Timer => {
    const ms = timeouts[`${limit}Ms`]
    return after(ms, () => {
      stop()
      const { message, setting } = wording[limit]
      onExpired(
        new GreenloopError('llm_timeout', `${message} within ${ms / 1000} s (limit: ${limit})`, { help: setting }),
      )
    })
  }
  const total = start('total')
  const stop = (): void => {
    stage?.cancel()
    total.cancel()
  }
  return {
    enter: (next) => {
      stage?.cancel()
      stage = start(next)
    },
    stop,
  }
}
