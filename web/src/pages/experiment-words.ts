import { useFormat, useText } from '../lib/i18n.ts'
import type { TextKey } from '../lib/i18n.ts'
import type { ApiComparison } from '../../../src/client/types.ts'

/** Two variants by one metric. */
export type Pair = ApiComparison['pairs'][number]
/** A figure that variants are compared by. */
export type Metric = ApiComparison['metrics'][number]

const metricNames = ['pass_rate', 'score', 'latency', 'ttft', 'tokens', 'cost'] as const

const verdicts = {
  better: 'better',
  worse: 'worse',
  equivalent: 'equivalent',
  non_inferior: 'nonInferior',
  identical: 'identical',
  not_enough_evidence: 'notEnough',
} as const

/** How metrics, their values and what was concluded of them are written. */
export interface MetricWords {
  /** Name of a metric; that of a check is the user's own. */
  name(metric: string): string
  value(metric: Metric | undefined, value: number): string
  /** With its sign; shares in points of a hundred. */
  difference(metric: Metric | undefined, value: number): string
  chance(p: number): string
  verdict(pair: Pair): string
  /** What a pair shows, as a sentence. */
  claim(pair: Pair, metric: Metric | undefined): string
}

/** Words for metrics in the language of the page. */
export function useMetricWords(): MetricWords {
  const t = useText()
  const format = useFormat()
  const name = (metric: string): string => {
    const [usual = metric] = metric.split(':')
    const known = metricNames.find((each) => each === usual)
    if (known === undefined) return metric
    const word = t(`experiment.metric.${known}`)
    return usual === metric ? word : `${word} (${metric.slice(usual.length + 1)})`
  }
  const value = (metric: Metric | undefined, amount: number): string => {
    if (metric?.kind === 'binary') return format.percent(amount, 1)
    if (metric?.unit === 'ms') {
      const isLong = Math.abs(amount) >= 1000
      return isLong ? format.duration(amount) : t('experiment.ms', { value: format.number(amount, digitsFor(amount)) })
    }
    return `${format.number(amount, digitsFor(amount))}${unitText(metric)}`
  }
  const difference = (metric: Metric | undefined, amount: number): string => {
    const sign = amount > 0 ? '+' : amount < 0 ? '−' : ''
    const size = Math.abs(amount)
    if (metric?.kind === 'binary') return t('experiment.points', { value: `${sign}${format.number(size * 100, 1)}` })
    return `${sign}${value(metric, size)}`
  }
  const chance = (p: number): string => (p < 0.001 ? `< ${format.number(0.001, 3)}` : format.number(p, 3))
  const figures = (pair: Pair, metric: Metric | undefined): string => {
    const { interval, cases, adjustedP } = pair
    if (pair.difference === undefined || interval === undefined) return t('experiment.casesAlone', { cases })
    return t('experiment.figures', {
      difference: difference(metric, pair.difference),
      low: difference(metric, interval.low),
      high: difference(metric, interval.high),
      p: adjustedP === undefined ? '–' : chance(adjustedP),
      cases,
    })
  }
  return {
    name,
    value,
    difference,
    chance,
    verdict: ({ verdict }) => t(`experiment.verdict.${wordOf(verdict) ?? 'open'}` satisfies TextKey),
    claim: (pair, metric) => {
      const { variant, baseline, cases, verdict } = pair
      const values = { variant, baseline, cases, metric: name(pair.metric), figures: figures(pair, metric) }
      return t(`experiment.claim.${wordOf(verdict) ?? 'notEnough'}` satisfies TextKey, values)
    },
  }
}

function wordOf(verdict: string): (typeof verdicts)[keyof typeof verdicts] | undefined {
  return Object.hasOwn(verdicts, verdict) ? verdicts[verdict as keyof typeof verdicts] : undefined
}

function unitText(metric: Metric | undefined): string {
  return metric === undefined || metric.unit === '' || metric.kind === 'tokens' ? '' : ` ${metric.unit}`
}

/** Three digits that matter. */
function digitsFor(value: number): number {
  const size = Math.abs(value)
  return size === 0 ? 0 : Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(size))))
}
