import { useFormat, useText } from '../lib/i18n.ts'
import { Card } from '../parts/page.tsx'
import { Empty } from '../parts/state.tsx'
import { ForestPlot } from './experiment-plot.tsx'
import { useMetricWords } from './experiment-words.ts'
import type { ReactElement } from 'react'
import type { ApiComparison } from '../../../src/client/types.ts'
import type { Metric, Pair } from './experiment-words.ts'

/** Variants side by side, and their differences from the baseline metric by metric. */
export function ExperimentComparison({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  const { metrics, pairs } = comparison
  const compared = metrics.filter(({ name }) => pairs.some(({ metric }) => metric === name))
  return (
    <div className="stack">
      <VariantTable comparison={comparison} />
      {compared.length === 0 && <Empty title={t('experiment.noPairs')} />}
      {compared.map((metric) => (
        <MetricCard key={metric.name} metric={metric} pairs={pairs.filter((pair) => pair.metric === metric.name)} />
      ))}
    </div>
  )
}

function VariantTable({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  const format = useFormat()
  const words = useMetricWords()
  const { metrics, summaries, winners } = comparison
  const manyWorkflows = new Set(summaries.map(({ workflowId }) => workflowId)).size > 1
  return (
    <Card title={t('experiment.variants')}>
      {/* What scrolls can be scrolled by keys. */}
      <section className="table-scroll" aria-label={t('experiment.variants')} tabIndex={0}>
        <table className="table keep">
          <thead>
            <tr>
              <th scope="col">{t('experiment.variant')}</th>
              <th scope="col" className="figure">
                {t('experiment.trials')}
              </th>
              <th scope="col" className="figure">
                {t('experiment.noVerdict')}
              </th>
              {metrics.map((metric) => (
                <th key={metric.name} scope="col" className="figure">
                  {words.name(metric.name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {summaries.map((summary) => (
              <tr key={`${summary.workflowId} ${summary.variantId}`}>
                <th scope="row">
                  {manyWorkflows && <span className="quiet">{summary.workflowId} / </span>}
                  {summary.variantId}{' '}
                  {winners[summary.workflowId] === summary.variantId && (
                    <span className="chip good">{t('experiment.verdict.better')}</span>
                  )}
                </th>
                <td className="figure">{format.number(summary.trials)}</td>
                <td className="figure">
                  {format.number(summary.trials - summary.scored)} / {format.number(summary.trials)}
                </td>
                {metrics.map((metric) => (
                  <td key={metric.name} className="figure">
                    <EstimateCell metric={metric} summary={summary} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  )
}

interface EstimateCellProps {
  readonly metric: Metric
  readonly summary: ApiComparison['summaries'][number]
}

function EstimateCell({ metric, summary }: EstimateCellProps): ReactElement | null {
  const t = useText()
  const words = useMetricWords()
  const estimate = summary.estimates.find((each) => each.metric === metric.name)
  if (estimate?.value === undefined) return null
  const { value, interval, cases } = estimate
  return (
    <>
      {words.value(metric, value)}
      <span className="under quiet">
        {interval && `${words.value(metric, interval.low)} – ${words.value(metric, interval.high)}, `}
        {t('experiment.casesAlone', { cases })}
      </span>
    </>
  )
}

interface MetricCardProps {
  readonly metric: Metric
  readonly pairs: readonly Pair[]
}

/** Differences of one metric, drawn and as a table. */
function MetricCard({ metric, pairs }: MetricCardProps): ReactElement {
  const t = useText()
  const words = useMetricWords()
  const title = (
    <>
      {words.name(metric.name)} {metric.primary && <span className="chip">{t('experiment.primary')}</span>}
    </>
  )
  return (
    <Card title={title}>
      <ForestPlot metric={metric} pairs={pairs} />
      <section className="table-scroll" aria-label={words.name(metric.name)} tabIndex={0}>
        <table className="table keep">
          <thead>
            <tr>
              <th scope="col">{t('experiment.variant')}</th>
              {(['difference', 'interval', 'p', 'adjustedP', 'cases'] as const).map((name) => (
                <th key={name} scope="col" className="figure">
                  {t(`experiment.${name}`)}
                </th>
              ))}
              <th scope="col">{t('experiment.verdict')}</th>
            </tr>
          </thead>
          <tbody>
            {pairs.map((pair) => (
              <PairRow key={`${pair.workflowId} ${pair.variant}`} pair={pair} metric={metric} />
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  )
}

/** Colour of what was concluded. */
const chips: Readonly<Record<string, string>> = {
  better: 'good',
  equivalent: 'good',
  non_inferior: 'good',
  worse: 'bad',
}

function PairRow({ pair, metric }: { readonly pair: Pair; readonly metric: Metric }): ReactElement {
  const format = useFormat()
  const words = useMetricWords()
  const { workflowId, variant, baseline, difference, interval, p, adjustedP, cases, verdict, note } = pair
  return (
    <tr>
      <th scope="row">
        {variant} <span className="quiet">− {baseline}</span>
        <span className="under quiet">{workflowId}</span>
      </th>
      <td className="figure">{difference === undefined ? '–' : words.difference(metric, difference)}</td>
      <td className="figure">
        {interval ? (
          <>
            {words.difference(metric, interval.low)} … {words.difference(metric, interval.high)}
            <span className="under quiet">{format.percent(interval.level, 1)}</span>
          </>
        ) : (
          '–'
        )}
      </td>
      <td className="figure">{p === undefined ? '–' : words.chance(p)}</td>
      <td className="figure">{adjustedP === undefined ? '–' : words.chance(adjustedP)}</td>
      <td className="figure">{format.number(cases)}</td>
      <td>
        <span className={`chip ${chips[verdict] ?? ''}`}>{words.verdict(pair)}</span>
        {note !== undefined && (
          <span className="under quiet" lang="en">
            {note}
          </span>
        )}
      </td>
    </tr>
  )
}
