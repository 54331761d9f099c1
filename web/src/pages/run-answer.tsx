import { useState } from 'react'
import { useFormat, useText } from '../lib/i18n.ts'
import { ArtifactCode } from '../parts/artifact-code.tsx'
import type { ReactElement } from 'react'
import type { ApiArtifact, ApiRunDetail } from '../../../src/client/types.ts'

/** What the model was asked, and what it answered. */
export function RunAnswer({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const files = ['prompt', 'answer'].flatMap((role) => run.artifacts.filter((artifact) => artifact.role === role))
  return (
    <div className="stack">
      {files.map((file) => (
        <AnswerFile key={file.id} runId={run.id} artifact={file} isOpen={files.length < 4} />
      ))}
    </div>
  )
}

interface AnswerFileProps {
  readonly runId: string
  readonly artifact: ApiArtifact
  readonly isOpen: boolean
}

/** Its content is read once it is opened. */
function AnswerFile({ runId, artifact, isOpen }: AnswerFileProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const [isShown, show] = useState(isOpen)
  return (
    <details className="fold" open={isShown} onToggle={(event) => show(event.currentTarget.open)}>
      <summary>
        <strong>{t(artifact.role === 'prompt' ? 'run.prompt' : 'run.answer')}</strong> <code>{artifact.name}</code>{' '}
        <span className="quiet">{format.bytes(artifact.bytes)}</span>
      </summary>
      {isShown && <ArtifactCode runId={runId} artifact={artifact} />}
    </details>
  )
}
