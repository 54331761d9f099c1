import type { TrialIds } from '../domain/test-result.ts'
import type { Clock } from '../lib/clock.ts'

/** The end of a call that waits until the call can be stopped on its server. */
export interface Linger {
  readonly signal: AbortSignal
  /** Ids became known. */
  seen(ids: TrialIds): void
  end(): void
}

/**
 * A signal that aborts as the outer one does, but not before the task of the call is known, and at the latest after `ms`:
 * a server goes on with a call that nobody listens to, and only a task can be stopped.
 */
export function linger(outer: AbortSignal, ms: number, clock: Pick<Clock, 'after'>): Linger {
  const controller = new AbortController()
  let isKnown = false
  const abort = (): void => controller.abort(outer.reason)
  let cancel = (): void => {}
  const onAbort = (): void => {
    if (isKnown) return abort()
    const timer = clock.after(ms, abort)
    cancel = () => timer.cancel()
  }
  if (outer.aborted) abort()
  else outer.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    seen: ({ taskId }) => {
      isKnown ||= taskId !== undefined
      if (isKnown && outer.aborted) abort()
    },
    end: () => {
      cancel()
      outer.removeEventListener('abort', onAbort)
    },
  }
}
