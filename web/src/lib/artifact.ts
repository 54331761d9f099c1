import { useQuery } from '@tanstack/react-query'
import { api } from './api.ts'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ApiArtifact } from '../../../src/client/types.ts'

/** Larger files are shown up to here. */
const mostBytes = 1_048_576

/** A text that a run left. */
export interface ArtifactText {
  readonly text: string
  /** Bytes that are not shown. */
  readonly omitted: number
}

/** Reads a file that a run left, as a text. */
export function useArtifactText(runId: string, artifact: ApiArtifact | undefined): UseQueryResult<ArtifactText> {
  return useQuery({
    queryKey: ['artifact', runId, artifact?.id, artifact?.modifiedAt],
    enabled: artifact !== undefined,
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const sent = { params: { id: runId, artifact: artifact?.id ?? '' }, query: { view: 'text' as const } }
      const isLarge = (artifact?.bytes ?? 0) > mostBytes
      const headers = { accept: 'text/plain', ...(isLarge ? { range: `bytes=0-${mostBytes - 1}` } : {}) }
      const answer = await api.response('getArtifact', sent, { signal, headers })
      const omitted = isLarge && answer.status === 206 ? (artifact?.bytes ?? 0) - mostBytes : 0
      return { text: await answer.text(), omitted }
    },
  })
}
