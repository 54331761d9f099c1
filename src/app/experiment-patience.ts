import { GreenloopError } from '../domain/errors.ts'
import type { Refusals } from '../experiment/trial-refusals.ts'
import { monotonic } from '../lib/clock.ts'

/** Waits from here on are told of. */
const longWaitMs = 15_000

/** Refusals that say so when a server asks to be left alone for long, once for each such wait. */
export function tellingWaits(refusals: Refusals, onStep: ((text: string) => void) | undefined): Refusals {
  let toldUntil = -Infinity
  return {
    ...refusals,
    note: (head, error) => {
      refusals.note(head, error)
      const waitMs = error instanceof GreenloopError ? error.call?.retryAfterMs : undefined
      if (waitMs === undefined || waitMs < longWaitMs || monotonic() < toldUntil) return
      toldUntil = monotonic() + waitMs
      onStep?.(`the server of ${head.workflowId} asks to be left alone for ${Math.ceil(waitMs / 1000)} s`)
    },
  }
}
