import { useText } from '../lib/i18n.ts'
import { Card } from '../parts/page.tsx'
import { Status } from '../parts/status.tsx'
import { useMetricWords } from './experiment-words.ts'
import type { ReactElement } from 'react'
import type { ApiComparison } from '../../../src/client/types.ts'

/** What an experiment shows, in words first, and its gates. */
export function Conclusion({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  return (
    <div className="columns">
      <Card title={t('experiment.conclusion')}>
        {comparison.isFinal ? <Findings comparison={comparison} /> : <p>{t('experiment.notYet')}</p>}
      </Card>
      {(comparison.gates.length > 0 || !comparison.isFinal) && <Gates comparison={comparison} />}
    </div>
  )
}

/** Claims that are worth a sentence although their metric does not decide. */
const telling: ReadonlySet<string> = new Set(['better', 'worse'])
const mostClaims = 8

function Findings({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  const words = useMetricWords()
  const { metrics, pairs, summaries, winners, findings } = comparison
  const metricOf = (name: string) => metrics.find((metric) => metric.name === name)
  const isPrimary = (name: string) => metricOf(name)?.primary === true
  const compared = [...new Set(pairs.map(({ workflowId }) => workflowId))]
  const claims = [
    ...pairs.filter(({ metric }) => isPrimary(metric)),
    ...pairs.filter(({ metric, verdict }) => !isPrimary(metric) && telling.has(verdict)),
  ].slice(0, mostClaims)
  const manyWorkflows = new Set(summaries.map(({ workflowId }) => workflowId)).size > 1
  return (
    <>
      <ul className="finding-list">
        {compared.map((workflow) => {
          const winner = winners[workflow]
          return (
            <li key={workflow}>
              <strong>
                {winner === undefined
                  ? t('experiment.noWinner', { workflow })
                  : t('experiment.winner', { workflow, variant: winner })}
              </strong>
            </li>
          )
        })}
        {claims.map((pair) => (
          <li key={`${pair.workflowId} ${pair.variant} ${pair.metric}`}>
            {manyWorkflows && <span className="quiet">{pair.workflowId}: </span>}
            {words.claim(pair, metricOf(pair.metric))}
          </li>
        ))}
        {compared.length === 0 && <li>{t('experiment.noPairs')}</li>}
      </ul>
      {findings.length > 0 && (
        <details>
          <summary>{t('experiment.words')}</summary>
          <ul className="finding-list" lang="en">
            {findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

function Gates({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  return (
    <Card title={t('experiment.gates')}>
      {!comparison.isFinal && <p>{t('experiment.gatesPending')}</p>}
      <ul className="gate-list">
        {comparison.gates.map(({ gate, passed, reason }) => (
          <li key={gate}>
            <Status of="run" value={passed ? 'passed' : 'failed'} />
            <div>
              <code>{gate}</code>
              <p className="quiet" lang="en">
                {reason}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
