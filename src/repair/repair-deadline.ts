import type { Clock, Timer } from '../lib/clock.ts'
import type { Ending } from './repair-state.ts'
import { GreenloopError } from '../domain/errors.ts'

/** How long what was stopped may take to come back before it is left alone, in milliseconds. */
const graceMs = 1000

/** How long the last acts of a run that was stopped may take, in milliseconds. */
const lastActsMs = 10_000

const leftAlone = 'A branch and a merge request that were made stay.'

/** The limits of a run: its own time, and whoever stops it. */
export interface Deadline {
  readonly signal: AbortSignal
  /** How it was stopped; `undefined` while it may run. Throws the reason where that is a failure after which it goes on later. */
  stopped(): Ending | undefined
  close(): void
}

/** Starts the time of a run. */
export function startDeadline(clock: Clock, leftMs: number, outer: AbortSignal): Deadline {
  const own = new AbortController()
  const onOuter = (): void => own.abort(outer.reason)
  let isOver = false
  const timer = clock.after(Math.max(0, leftMs), () => {
    isOver = true
    own.abort(new GreenloopError('budget_reached', 'the time of the run is used up'))
  })
  if (outer.aborted) onOuter()
  else outer.addEventListener('abort', onOuter, { once: true })
  return {
    signal: own.signal,
    stopped: () => {
      if (!own.signal.aborted) return undefined
      if (isOver) {
        const advice = `Raise \`total_timeout\`, or look at what takes so long. ${leftAlone}`
        return { end: 'timed_out', reason: 'the time of the run is used up', advice }
      }
      const reason: unknown = outer.reason
      // A lost lease and the like are no wish to end the repair: whoever has it goes on.
      if (reason instanceof GreenloopError && reason.code !== 'cancelled') throw reason
      return { end: 'cancelled', reason: 'the run was cancelled', advice: leftAlone }
    },
    close: () => {
      timer.cancel()
      outer.removeEventListener('abort', onOuter)
    },
  }
}

/** Waits for work that obeys a signal, and no longer than a second beyond it for work that does not. */
export async function obeying<T>(clock: Clock, signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort = (): void => undefined
  let timer: Timer | undefined
  const left = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = clock.after(graceMs, () => reject(signal.reason as Error))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, left])
  } finally {
    signal.removeEventListener('abort', onAbort)
    // It would keep the process for a second.
    timer?.cancel()
  }
}

/** Does a last thing under a fresh signal of ten seconds. */
export async function lastActs<T>(clock: Clock, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const timer = clock.after(lastActsMs, () =>
    controller.abort(new GreenloopError('budget_reached', 'the last acts of the run took longer than ten seconds')),
  )
  try {
    return await obeying(clock, controller.signal, act(controller.signal))
  } finally {
    timer.cancel()
  }
}
