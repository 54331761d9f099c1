import { after } from '../lib/clock.ts'

/** A signal that aborts with another one, or when its time is over. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Whether the time was over, rather than the other signal aborted. */
  isOver(): boolean
  /** Takes timer and listener back. */
  close(): void
}

/** A {@link Deadline} of `ms` milliseconds by the clock of this machine: the network does not know any other. */
export function startDeadline(ms: number, signal: AbortSignal): Deadline {
  const stop = new AbortController()
  let isOver = false
  const onAbort = (): void => stop.abort(signal.reason)
  const timer = after(ms, () => {
    isOver = true
    stop.abort(new Error(`no answer within ${ms / 1000} s`))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    signal: stop.signal,
    isOver: () => isOver && !signal.aborted,
    close: () => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    },
  }
}
