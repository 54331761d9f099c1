import { useEffect, useRef, useSyncExternalStore } from 'react'
import { followRun, followRuns } from '../../../src/client/follow.ts'
import { api } from './api.ts'
import type { ApiRun, ApiRunEvent } from '../../../src/client/types.ts'

interface FollowOptions {
  /** Number of the last event that is known. */
  readonly after: number
  readonly enabled: boolean
  readonly onEvent: (event: ApiRunEvent) => void
  /** The stream ended by itself: the run is over. */
  readonly onEnd?: (() => void) | undefined
}

/**
 * Follows a run. The connection is closed while the page is hidden, because a browser has six for a server, and goes on
 * with the next event when the page is seen again.
 */
export function useRunEvents(runId: string, { after, enabled, onEvent, onEnd }: FollowOptions): void {
  const isSeen = useIsSeen()
  const last = useRef({ runId, seq: after })
  const tell = useRef({ onEvent, onEnd })
  useEffect(() => {
    tell.current = { onEvent, onEnd }
    if (last.current.runId !== runId || after > last.current.seq) last.current = { runId, seq: after }
  })
  useEffect(() => {
    if (!enabled || !isSeen) return
    const stop = new AbortController()
    const follow = async () => {
      const options = { after: last.current.seq, signal: stop.signal }
      for await (const event of followRun(api, runId, options)) {
        last.current = { runId, seq: Math.max(last.current.seq, event.seq) }
        tell.current.onEvent(event)
      }
      if (!stop.signal.aborted) tell.current.onEnd?.()
    }
    // What goes wrong shows in the queries of the page; the stream only makes them quicker.
    follow().catch(() => {})
    return () => stop.abort()
  }, [runId, enabled, isSeen])
}

/** Follows the states of all runs, while the page is seen; `undefined` where the list has to be read again. */
export function useRunChanges(onRun: (run: ApiRun | undefined) => void): void {
  const isSeen = useIsSeen()
  const tell = useRef(onRun)
  useEffect(() => {
    tell.current = onRun
  })
  useEffect(() => {
    if (!isSeen) return
    const stop = new AbortController()
    const follow = async () => {
      const options = { signal: stop.signal, onReset: () => tell.current(undefined) }
      for await (const run of followRuns(api, options)) tell.current(run)
    }
    follow().catch(() => {})
    return () => stop.abort()
  }, [isSeen])
}

function useIsSeen(): boolean {
  return useSyncExternalStore(
    (listener) => {
      document.addEventListener('visibilitychange', listener)
      return () => document.removeEventListener('visibilitychange', listener)
    },
    () => document.visibilityState !== 'hidden',
  )
}
