import { useState } from 'react'
import { api } from '../lib/api.ts'
import type { ApiLog } from '../../../src/client/types.ts'

/** A log as it is shown: what is left out is loaded behind the head, piece by piece. */
interface LogParts {
  readonly head: string
  readonly tail: string
  /** Bytes between head and tail. */
  readonly omitted: number
  readonly isLoading: boolean
  readonly error: Error | undefined
  readonly loadMore: () => void
}

const pieceBytes = 524_288

/** Puts head, what was loaded since, and tail together. */
export function useLogParts(runId: string, log: ApiLog): LogParts {
  const [loaded, setLoaded] = useState<{ readonly text: string; readonly next: number }>()
  const [isLoading, setLoading] = useState(false)
  const [error, setError] = useState<Error>()
  const start = loaded?.next ?? log.from - log.omitted
  const omitted = log.omitted === 0 ? 0 : Math.max(0, log.from - start)
  const load = async () => {
    setLoading(true)
    try {
      const query = { from: start, bytes: Math.min(pieceBytes, omitted) }
      const piece = await api.call('getLog', { params: { id: runId, log: log.name as 'stdout' }, query })
      setLoaded((before) => ({ text: (before?.text ?? '') + piece.text, next: piece.next }))
      setError(undefined)
    } catch (wrong) {
      setError(wrong instanceof Error ? wrong : new Error(String(wrong)))
    } finally {
      setLoading(false)
    }
  }
  return {
    head: (log.head ?? '') + (loaded?.text ?? ''),
    tail: log.text,
    omitted,
    isLoading,
    error,
    loadMore: () => void load(),
  }
}
