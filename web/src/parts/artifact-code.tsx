import { useArtifactText } from '../lib/artifact.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Code } from './code.tsx'
import { Problem } from './problem.tsx'
import { Loading } from './state.tsx'
import type { ReactElement } from 'react'
import type { ApiArtifact } from '../../../src/client/types.ts'

interface ArtifactCodeProps {
  readonly runId: string
  readonly artifact: ApiArtifact
  readonly isNumbered?: boolean | undefined
  readonly markLine?: number | undefined
}

/** A text file that a run left. */
export function ArtifactCode({ runId, artifact, isNumbered = false, markLine }: ArtifactCodeProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const asked = useArtifactText(runId, artifact)
  if (asked.error) return <Problem error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data) return <Loading />
  return (
    <>
      <Code text={asked.data.text} label={artifact.name} markLine={markLine} firstLine={isNumbered ? 1 : undefined} />
      {asked.data.omitted > 0 && (
        <p className="quiet">{t('run.omitted', { bytes: format.bytes(asked.data.omitted) })}</p>
      )}
    </>
  )
}
