import { api } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Icon } from '../parts/icon.tsx'
import { Empty } from '../parts/state.tsx'
import { Time } from '../parts/time.tsx'
import type { ReactElement } from 'react'
import type { ApiArtifact, ApiRunDetail } from '../../../src/client/types.ts'

/** Files that a run left. */
export function RunArtifacts({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const format = useFormat()
  if (run.artifacts.length === 0) return <Empty title={t('run.noArtifacts')} />
  return (
    <table className="table artifacts">
      <thead>
        <tr>
          <th scope="col">{t('run.file')}</th>
          <th scope="col">{t('run.role')}</th>
          <th scope="col" className="figure">
            {t('run.size')}
          </th>
          <th scope="col">{t('run.written')}</th>
          <th scope="col">
            <span className="vh">{t('common.download')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {run.artifacts.map((artifact) => (
          <tr key={artifact.id} data-row>
            <th scope="row" className="name">
              <ArtifactLink runId={run.id} artifact={artifact} />
            </th>
            <td>{t(`run.role.${artifact.role}`)}</td>
            <td className="figure">{format.bytes(artifact.bytes)}</td>
            <td className="shrink">
              <Time at={artifact.modifiedAt} />
            </td>
            <td className="shrink">
              <a
                className="button quiet small"
                href={api.href('getArtifact', { params: { id: run.id, artifact: artifact.id } })}
                download
                aria-label={`${t('common.download')} ${artifact.name}`}
              >
                <Icon name="download" />
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Opens what a browser can show in a tab of its own; the rest is only downloaded. */
function ArtifactLink({ runId, artifact }: { readonly runId: string; readonly artifact: ApiArtifact }): ReactElement {
  const { id, name, mediaType } = artifact
  const view = mediaType.startsWith('text/html') ? 'page' : isText(mediaType) ? 'text' : undefined
  if (view === undefined) return <span className="mono">{name}</span>
  return (
    <a
      className="mono"
      href={api.href('getArtifact', { params: { id: runId, artifact: id }, query: { view } })}
      target="_blank"
      rel="noopener"
    >
      {name} <Icon name="external" size={13} />
    </a>
  )
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || /\b(?:json|xml|yaml|javascript)\b/.test(mediaType)
}
