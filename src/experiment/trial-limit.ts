import type { ManifestHead } from '../domain/manifest.ts'
import type { Clock } from '../lib/clock.ts'

/** The time that the calls of one trial may take. */
export interface TrialLimit {
  /** Aborts when the time is up or the outer signal does. */
  readonly signal: AbortSignal
  /** 0 for none. */
  readonly seconds: number
  hasExpired(): boolean
  stop(): void
}

/** Starts the limit of a manifest: that of the workflow, else of its server, else of the plan. */
export function startLimit(
  { workflow, server, execution }: ManifestHead,
  outer: AbortSignal,
  clock: Pick<Clock, 'after'>,
): TrialLimit {
  const seconds = workflow.timeoutSeconds ?? server?.timeoutSeconds ?? execution.timeoutSeconds
  if (seconds === undefined) return { signal: outer, seconds: 0, hasExpired: () => false, stop: () => {} }
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(outer.reason)
  if (outer.aborted) onAbort()
  outer.addEventListener('abort', onAbort, { once: true })
  let isOver = false
  const timer = clock.after(seconds * 1000, () => {
    isOver = true
    controller.abort(new DOMException(`no answer within ${seconds} s`, 'TimeoutError'))
  })
  return {
    signal: controller.signal,
    seconds,
    hasExpired: () => isOver,
    stop: () => {
      timer.cancel()
      outer.removeEventListener('abort', onAbort)
    },
  }
}
