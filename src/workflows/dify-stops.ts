import type { Clock } from '../lib/clock.ts'
import type { DifyApi } from './dify-api.ts'
import { stopPath } from './dify-app.ts'
import type { DifyKind } from './dify-app.ts'
import type { DifyLimits } from './dify-limits.ts'

/** Ends tasks on the server for callers that have given up and do not wait for it. */
export interface Stops {
  /** The user has to be the one who started the task: the server passes over any other without a word. */
  begin(task: { readonly kind: DifyKind; readonly taskId: string; readonly user: string }): void
  /** Waits for the stops that are on their way. */
  settled(): Promise<void>
}

interface StopParts {
  readonly api: DifyApi
  readonly clock: Clock
  readonly limits: DifyLimits
}

/** Stops, each under a short limit of its own. One that fails leaves the task to end by itself. */
export function createStops({ api, clock, limits }: StopParts): Stops {
  const running = new Set<Promise<unknown>>()
  return {
    begin: ({ kind, taskId, user }) => {
      const tooLate = new AbortController()
      const timer = clock.after(limits.stopMs, () => tooLate.abort())
      const request = { method: 'POST', path: stopPath(kind, taskId), body: JSON.stringify({ user }) } as const
      const stop = api
        .ask(request, tooLate.signal)
        .catch(() => {})
        .finally(() => {
          timer.cancel()
          running.delete(stop)
        })
      running.add(stop)
    },
    settled: async () => {
      await Promise.all(running)
    },
  }
}
