import type { Comparison, Metric, PairComparison } from '../domain/comparison.ts'
import type { TrialStatus } from '../domain/test-result.ts'
import { plainText } from '../lib/plain-text.ts'
import type { Columns } from './report-columns.ts'
import { formatDifference, formatValue, metricTitle, verdictWords } from './report-figures.ts'
import { quantile } from './stats-mean.ts'
import { escapeHtml, say } from './html/words.js'

const show = (text: string) => escapeHtml(plainText(text))

/** One row of a plot: what stands left of the picture, the picture, what stands right of it. */
interface PlotRow {
  readonly label: string
  readonly small: string
  readonly picture: string
  readonly text: string
}

/** Differences to the baseline with their intervals, a plot for each metric. */
export function differencesSection(comparison: Comparison): string {
  const plots = comparison.metrics.flatMap((metric) => {
    const pairs = comparison.pairs.filter(
      ({ metric: name, baseline, difference }) =>
        name === metric.name && baseline === comparison.baseline && difference !== undefined,
    )
    return pairs.length === 0 ? [] : [differencePlot(metric, pairs)]
  })
  if (plots.length === 0) return ''
  const title = show(say('differences', { baseline: comparison.baseline }))
  return `<section aria-labelledby="differences"><h2 id="differences">${title}</h2><p class="quiet">${say('differences_hint')}</p><div class="plots">${plots.join('')}</div></section>`
}

function differencePlot(metric: Metric, pairs: readonly PairComparison[]): string {
  const ends = pairs.flatMap(({ difference = 0, interval }) => [difference, interval?.low ?? 0, interval?.high ?? 0])
  const reach = Math.max(...ends.map(Math.abs)) * 1.08 || 1
  const at = (value: number) => (50 + (50 * value) / reach).toFixed(2)
  const several = new Set(pairs.map(({ workflowId }) => workflowId)).size > 1
  const rows = pairs.map((pair): PlotRow => {
    const { difference = 0, interval, verdict } = pair
    const whisker = interval === undefined ? '' : line(`whisker is-${verdict}`, at(interval.low), at(interval.high))
    const dot = line(`dot is-${verdict}`, at(difference), at(difference))
    return {
      label: pair.variant,
      small: several ? pair.workflowId : '',
      picture: `<line class="zero" x1="50" x2="50" y1="0" y2="20"/>${whisker}${dot}`,
      text: `${formatDifference(metric, difference)} · ${verdictWords[verdict]}`,
    }
  })
  const hint = metric.better === 'higher' ? say('better_right') : say('better_left')
  const axis = [formatDifference(metric, -reach), hint, formatDifference(metric, reach)] as const
  return plot(metricTitle(metric), rows, axis)
}

/**
 * How latency and cost spread over the trials of each variant, by the same rules as the figures of the comparison: latency
 * counts where there was an answer, and variants stand in the same order.
 */
export function distributionsSection(columns: Columns, { summaries }: Pick<Comparison, 'summaries'>): string {
  const order = summaries.map(({ workflowId, variantId }) => JSON.stringify([workflowId, variantId]))
  const { latency: of, status } = columns.results
  const answered = of.map((value, index) => (hasAnswer.has(columns.statuses[status[index] ?? -1] ?? '') ? value : null))
  const latency = { name: 'latency', kind: 'latency', better: 'lower', primary: false, unit: 'ms' } as const
  const plots = [boxPlot(latency, columns, { of: answered, currency: undefined, order })]
  for (const [index, unit] of columns.currencies.entries()) {
    const cost = { ...latency, name: 'cost', kind: 'cost', unit } as const
    plots.push(boxPlot(cost, columns, { of: columns.results.cost, currency: index, order }))
  }
  if (plots.every((each) => each === '')) return ''
  return `<section aria-labelledby="distributions"><h2 id="distributions">${say('distributions')}</h2><p class="quiet">${say('distributions_hint')}</p><div class="plots">${plots.join('')}</div></section>`
}

const hasAnswer: ReadonlySet<string> = new Set<TrialStatus>(['succeeded', 'partial'])

/** Values of trials; only those in the currency, where one is given. */
interface Spreading {
  readonly of: readonly (number | null)[]
  readonly currency: number | undefined
  /** Workflows with their variants, as JSON, in the order of the comparison. */
  readonly order: readonly string[]
}

interface Spread {
  readonly workflow: string
  readonly variant: string
  readonly low: number
  readonly quarter: number
  readonly median: number
  readonly three: number
  readonly high: number
}

function boxPlot(metric: Metric, columns: Columns, values: Spreading): string {
  const spreads = spreadsOf(columns, values)
  const most = Math.max(0, ...spreads.map(({ high }) => high)) * 1.04
  if (most === 0) return ''
  const at = (value: number) => ((100 * value) / most).toFixed(2)
  const rows = spreads.map(({ workflow, variant, low, quarter, median, three, high }): PlotRow => {
    const width = ((100 * (three - quarter)) / most).toFixed(2)
    const box = `<rect class="box" x="${at(quarter)}" y="4" width="${width}" height="12"/>`
    const middle = `<line class="median" x1="${at(median)}" x2="${at(median)}" y1="3" y2="17"/>`
    return {
      label: variant,
      small: columns.workflows.length > 1 ? workflow : '',
      picture: `${line('whisker', at(low), at(high))}${box}${middle}`,
      text: `${formatValue(metric, median)} · p95 ${formatValue(metric, high)}`,
    }
  })
  return plot(metricTitle(metric), rows, [formatValue(metric, 0), '', formatValue(metric, most)])
}

function spreadsOf({ workflows, variants, results }: Columns, { of, currency, order }: Spreading): readonly Spread[] {
  const groups = new Map<number, number[]>()
  for (const [index, value] of of.entries()) {
    if (value === null || (currency !== undefined && results.currency[index] !== currency)) continue
    const key = (results.workflow[index] ?? 0) * variants.length + (results.variant[index] ?? 0)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  const rank = ({ workflow, variant }: Spread): number => order.indexOf(JSON.stringify([workflow, variant]))
  return [...groups]
    .map(([key, values]): Spread => {
      const sorted = Float64Array.from(values).sort()
      const part = (share: number) => quantile(sorted, share)
      const workflow = workflows[Math.floor(key / variants.length)] ?? ''
      const spread = { low: part(0.05), quarter: part(0.25), median: part(0.5), three: part(0.75), high: part(0.95) }
      return { workflow, variant: variants[key % variants.length] ?? '', ...spread }
    })
    .toSorted((one, other) => rank(one) - rank(other))
}

/** Labels and figures are text of the page, so that they stay readable however narrow the picture gets. */
function plot(title: string, rows: readonly PlotRow[], axis: readonly [string, string, string]): string {
  const drawn = rows.map(({ label, small, picture, text }) => {
    const under = small === '' ? '' : `<span class="small">${show(small)}</span>`
    return `<div class="plot-row"><span class="plot-label">${show(label)}${under}</span><svg viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">${picture}</svg><span class="plot-text">${show(text)}</span></div>`
  })
  const ends = `<div class="plot-row axis" aria-hidden="true"><span></span><span class="ends"><span>${show(axis[0])}</span><span>${show(axis[1])}</span><span>${show(axis[2])}</span></span><span></span></div>`
  return `<figure class="plot"><figcaption>${show(title)}</figcaption>${drawn.join('')}${ends}</figure>`
}

function line(kind: string, from: string, to: string): string {
  return `<line class="${kind}" x1="${from}" x2="${to}" y1="10" y2="10"/>`
}
