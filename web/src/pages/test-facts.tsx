import { Link } from '@tanstack/react-router'
import { useFormat, useText } from '../lib/i18n.ts'
import { Copy } from '../parts/copy.tsx'
import { Fact } from '../parts/fact.tsx'
import { Card } from '../parts/page.tsx'
import { Status, toneOf, useStatusWord } from '../parts/status.tsx'
import type { ReactElement } from 'react'
import type { ApiTaskDetail } from '../../../src/client/types.ts'

/** What became of the same test before, newest at the right. */
export function TestPast({ test }: { readonly test: ApiTaskDetail }): ReactElement | null {
  const t = useText()
  const format = useFormat()
  const word = useStatusWord()
  if (test.history.length === 0) return null
  const past = test.history.toReversed()
  const longest = Math.max(1, ...past.map((each) => each.durationMs ?? 0))
  return (
    <Card title={t('test.past', { count: past.length })}>
      <ol className="strip">
        {past.map((each) => {
          const says = `${word('test', each.verdict)}, ${format.date(each.at)}`
          const height = each.durationMs === undefined ? 20 : 20 + (each.durationMs / longest) * 80
          return (
            <li key={each.runId}>
              <Link
                to="/runs/$id/tests/$seq"
                params={{ id: each.runId, seq: String(each.seq) }}
                title={each.durationMs === undefined ? says : `${says}, ${format.duration(each.durationMs)}`}
                aria-label={says}
              >
                <svg width="14" height="34" aria-hidden="true">
                  <rect
                    className={`fill-${toneOf(each.verdict)}`}
                    y={`${100 - height}%`}
                    width="10"
                    height={`${height}%`}
                    rx="2"
                  />
                </svg>
                <Status of="test" value={each.verdict} iconOnly />
              </Link>
            </li>
          )
        })}
      </ol>
      <p className="quiet">{t('test.pastLegend')}</p>
    </Card>
  )
}

/** What else is known of a test. */
export function TestFacts({ test }: { readonly test: ApiTaskDetail }): ReactElement {
  const t = useText()
  const labels = Object.entries(test.labels)
  return (
    <Card title={t('test.about')}>
      <dl className="facts">
        <Fact name="id">
          <code>{test.id}</code>
        </Fact>
        {test.caseId !== undefined && <Fact name={t('test.case')}>{test.caseId}</Fact>}
        {test.tags.length > 0 && (
          <div>
            <dt>{t('test.tags')}</dt>
            <dd className="row tight">
              {test.tags.map((tag) => (
                <span key={tag} className="chip">
                  {tag}
                </span>
              ))}
            </dd>
          </div>
        )}
        {labels.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
        {test.rerun !== undefined && (
          <div>
            <dt>{t('test.rerun')}</dt>
            <dd className="row tight">
              <code>{test.rerun}</code> <Copy text={test.rerun} />
            </dd>
          </div>
        )}
        {test.fingerprint !== undefined && (
          <Fact name={t('test.fingerprint')}>
            <code>{test.fingerprint}</code>
          </Fact>
        )}
      </dl>
      {test.payload !== undefined && test.payload !== null && (
        <details className="fold">
          <summary>{t('test.payload')}</summary>
          <pre>{JSON.stringify(test.payload, null, 2)}</pre>
        </details>
      )}
    </Card>
  )
}
