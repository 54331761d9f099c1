import { useState } from 'react'
import { api } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { ArtifactCode } from '../parts/artifact-code.tsx'
import { Fact } from '../parts/fact.tsx'
import { Icon } from '../parts/icon.tsx'
import { Card } from '../parts/page.tsx'
import { Empty } from '../parts/state.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail } from '../../../src/client/types.ts'

type GeneratedBy = NonNullable<ApiRunDetail['generatedBy']>

/** The script of a run and how it came to be. */
export function RunScript({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const [line, mark] = useState<number>()
  const { generatedBy, artifacts } = run
  const script =
    artifacts.find((artifact) => artifact.id === generatedBy?.script.artifactId) ??
    artifacts.find((artifact) => artifact.role === 'script')
  return (
    <div className="script">
      <div className="stack">
        {script ? (
          <>
            <div className="row between">
              <code>{script.name}</code>
              <a
                className="button plain small"
                href={api.href('getArtifact', { params: { id: run.id, artifact: script.id } })}
                download
              >
                <Icon name="download" /> {t('common.download')}
              </a>
            </div>
            <ArtifactCode runId={run.id} artifact={script} isNumbered markLine={line} />
          </>
        ) : (
          <Empty title={t('run.noScript')} />
        )}
      </div>
      {generatedBy && <Origin generatedBy={generatedBy} onLine={mark} />}
    </div>
  )
}

interface OriginProps {
  readonly generatedBy: GeneratedBy
  readonly onLine: (line: number) => void
}

function Origin({ generatedBy, onLine }: OriginProps): ReactElement {
  const t = useText()
  const { provider, how, script, digest, applied } = generatedBy
  return (
    <aside className="stack">
      <Card title={t('run.origin')}>
        <dl className="facts">
          <Fact name={t('run.provider')}>{provider}</Fact>
          <Fact name={t('run.how')}>{how}</Fact>
          <Fact name={t('run.framework')}>{`${script.framework} · ${script.language}`}</Fact>
          <Fact name={t('run.tests')}>{String(script.tests.length)}</Fact>
          {applied.length > 0 && <Fact name={t('run.applied')}>{applied.join(', ')}</Fact>}
          <Fact name="SHA-256">
            <code>{digest.slice(0, 16)}…</code>
          </Fact>
        </dl>
      </Card>
      {generatedBy.calls.length > 0 && <Calls calls={generatedBy.calls} />}
      {generatedBy.findings.length > 0 && (
        <Card title={t('run.findings')}>
          <ul className="findings">
            {generatedBy.findings.map((finding) => (
              <li key={`${finding.kind} ${finding.line} ${finding.message}`}>
                <button type="button" className="link" onClick={() => onLine(finding.line)}>
                  {t('run.line', { line: finding.line })}
                </button>{' '}
                <code>{finding.kind}</code> {finding.message}
              </li>
            ))}
          </ul>
        </Card>
      )}
    </aside>
  )
}

function Calls({ calls }: { readonly calls: GeneratedBy['calls'] }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <Card title={t('run.calls')}>
      <ol className="calls">
        {calls.map((call, at) => (
          // Calls stand in the order in which they were made.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={at}>
            <strong>{call.model}</strong> <span className="chip">{call.outcome}</span>
            <span className="under quiet">
              {format.duration(call.durationMs)}
              {` · ${t('run.tokensInOut', { input: call.inputTokens, output: call.outputTokens })}`}
            </span>
            {call.error !== undefined && <span className="under tone-bad">{call.error}</span>}
          </li>
        ))}
      </ol>
    </Card>
  )
}
