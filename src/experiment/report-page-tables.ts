import type {
  Comparison,
  Estimate,
  Metric,
  PairComparison,
  SuspectInteraction,
  VariantSummary,
} from '../domain/comparison.ts'
import { plainText } from '../lib/plain-text.ts'
import {
  formatChange,
  formatDifference,
  formatLevel,
  formatP,
  formatRange,
  formatValue,
  grouped,
  metricTitle,
  verdictWords,
} from './report-figures.ts'
import { escapeHtml, say } from './html/words.js'

const show = (text: string) => escapeHtml(plainText(text))

/** Variants × metrics: value, interval, difference to the baseline, p, verdict. */
export function comparisonSection(comparison: Comparison): string {
  const groups = [...Map.groupBy(comparison.summaries, ({ workflowId }) => workflowId)]
  if (groups.length === 0) return ''
  const head = [`<th scope="col">${say('variant')}</th>`, ...comparison.metrics.map(metricHead)]
  const tables = groups.map(([workflowId, summaries]) => {
    const title = groups.length === 1 ? '' : `<h3>${show(workflowId)}</h3>`
    const rows = summaries.map((summary) => variantRow(summary, comparison))
    return `${title}${table(`${say('comparison')} ${workflowId}`, head, rows)}`
  })
  const hint = say('comparison_hint', {
    level: Math.round((1 - comparison.alpha) * 1000) / 10,
    baseline: comparison.baseline,
  })
  return `<section aria-labelledby="comparison"><h2 id="comparison">${say('comparison')}</h2><p class="quiet">${show(hint)}</p>${tables.join('')}</section>`
}

function metricHead(metric: Metric): string {
  const mark = metric.primary ? ` <span class="tag">${say('primary')}</span>` : ''
  return `<th scope="col">${show(metricTitle(metric))}${mark}</th>`
}

function variantRow(summary: VariantSummary, comparison: Comparison): string {
  const isBaseline = summary.variantId === comparison.baseline
  const isWinner = Object.entries(comparison.winners).some(
    ([workflow, variant]) => workflow === summary.workflowId && variant === summary.variantId,
  )
  const tag = isBaseline
    ? ` <span class="tag">${say('baseline')}</span>`
    : isWinner
      ? ` <span class="tag win">★ ${say('best')}</span>`
      : ''
  const scored = say('share_of', { scored: grouped(summary.scored), trials: grouped(summary.trials) })
  const cells = comparison.metrics.map((metric) => metricCell(metric, summary, comparison))
  return `<tr><th scope="row"><span class="name">${show(summary.variantId)}</span>${tag}<span class="small">${scored}</span></th>${cells.join('')}</tr>`
}

function metricCell(metric: Metric, summary: VariantSummary, { pairs }: Comparison): string {
  const estimate = summary.estimates.find((each) => each.metric === metric.name)
  const pair = pairs.find(
    (each) =>
      each.workflowId === summary.workflowId && each.variant === summary.variantId && each.metric === metric.name,
  )
  return `<td>${estimateHtml(metric, estimate)}${pair === undefined ? '' : pairHtml(metric, pair)}</td>`
}

function estimateHtml(metric: Metric, estimate: Estimate | undefined): string {
  const { interval, quantiles } = estimate ?? {}
  const range =
    interval === undefined
      ? ''
      : ` <span class="small" title="${show(interval.method)}">${formatRange(metric, interval)}</span>`
  const tail =
    quantiles === undefined || metric.kind !== 'latency'
      ? ''
      : `<span class="small">p50 ${formatValue(metric, quantiles.p50)} · p95 ${formatValue(metric, quantiles.p95)}</span>`
  return `<span class="figure">${formatValue(metric, estimate?.value)}</span>${range}${tail}`
}

function pairHtml(metric: Metric, pair: PairComparison): string {
  const { interval, verdict, sensitivity, discordant } = pair
  const range =
    interval === undefined ? '' : `${formatRange(metric, interval, formatDifference)} ${formatLevel(interval)}`
  const notes = [
    formatP(pair.adjustedP ?? pair.p),
    ...(discordant === undefined ? [] : [`${discordant.variantOnly}:${discordant.baselineOnly}`]),
    ...(sensitivity === undefined || sensitivity.verdict === verdict
      ? []
      : [`${verdictWords[sensitivity.verdict]} if missing ones failed`]),
  ].filter((note) => note !== '')
  return `<span class="pair is-${verdict}"><b>${verdictWords[verdict]}</b> ${formatChange(metric, pair)}</span><span class="small nowrap">${range}</span><span class="small" title="${show([pair.test, pair.note].filter(Boolean).join('; '))}">${notes.join(' · ')}</span>`
}

/** Conditions and what came of them. */
export function gatesSection({ gates }: Comparison): string {
  if (gates.length === 0) return ''
  const rows = gates.map(({ gate, passed, reason }) => {
    const word = passed ? `✓ ${say('holds')}` : `✕ ${say('fails')}`
    return `<tr><th scope="row"><code>${show(gate)}</code></th><td class="${passed ? 'good' : 'bad'}">${word}</td><td>${show(reason)}</td></tr>`
  })
  const head = [say('gate'), say('result'), say('why')].map((title) => `<th scope="col">${title}</th>`)
  return `<section aria-labelledby="gates"><h2 id="gates">${say('gates')}</h2>${table(say('gates'), head, rows)}</section>`
}

/** Combinations of parameters that seem to fail. */
export function suspectsSection({ suspects }: Comparison): string {
  if (suspects.length === 0) return ''
  const told = suspects.filter(({ explains }) => explains)
  const [shown, folded] =
    told.length === 0 ? [suspects.slice(0, 5), suspects.slice(5)] : [told, suspects.filter(({ explains }) => !explains)]
  const head = [
    `<th scope="col">${say('combination')}</th><th scope="col">${say('variant')}</th>`,
    `<th scope="col" class="number">${say('trials_failed')}</th><th scope="col" class="number">${say('trials_passed')}</th>`,
  ]
  const first = table(say('suspects'), head, shown.slice(0, mostSuspects).map(suspectRow))
  const rest = table(say('more_suspects', { n: folded.length }), head, folded.slice(0, mostSuspects).map(suspectRow))
  const more =
    folded.length === 0
      ? ''
      : `<details class="more"><summary>${say('more_suspects', { n: folded.length })}</summary>${rest}</details>`
  return `<section aria-labelledby="suspects"><h2 id="suspects">${say('suspects')}</h2><p class="quiet">${say('suspects_hint')}</p>${first}${more}</section>`
}

const mostSuspects = 100

function suspectRow(suspect: SuspectInteraction): string {
  const values = Object.entries(suspect.parameters).map(
    ([name, value]) => `<code class="value">${show(name)} = ${show(String(value))}</code>`,
  )
  const tag = suspect.explains ? ` <span class="tag">${say('explains')}</span>` : ''
  const where = `${show(suspect.workflowId)} / ${show(suspect.variantId)}`
  return `<tr><th scope="row">${values.join(' ')}${tag}</th><td>${where}</td><td class="number bad">${grouped(suspect.failed)}</td><td class="number">${grouped(suspect.passed)}</td></tr>`
}

/** How far judges can be relied on. */
export function reliabilitySection({ reliability = [], summaries }: Comparison): string {
  if (reliability.length === 0) return ''
  const isOne = new Set(summaries.map(({ workflowId }) => workflowId)).size < 2
  const percent = (share: number | undefined) => (share === undefined ? '–' : `${(share * 100).toFixed(1)} %`)
  const plain = (figure: number | undefined) => (figure === undefined ? '–' : figure.toFixed(2))
  const rows = reliability.map(({ workflowId, check, judged, undecided = 0, alpha, agreement, position }) => {
    const where = isOne ? '' : `<span class="small">${show(workflowId)}</span>`
    const lost = undecided === 0 ? '' : `<span class="small">${say('undecided', { n: grouped(undecided) })}</span>`
    const cells = [percent(agreement ?? position?.consistent), plain(alpha), plain(position?.bias)]
    return `<tr><th scope="row">${show(check)}${where}</th><td class="number">${grouped(judged)}${lost}</td>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>`
  })
  const head = [
    `<th scope="col">${say('judge')}</th>`,
    ...(['judged', 'consistent', 'alpha', 'position_bias'] as const).map(
      (name) => `<th scope="col" class="number">${say(name)}</th>`,
    ),
  ]
  return `<section aria-labelledby="reliability"><h2 id="reliability">${say('reliability')}</h2><p class="quiet">${say('reliability_hint')}</p>${table(say('reliability'), head, rows)}</section>`
}

/** What repeats tell: pass@k, pass^k, unsteady cases. */
export function repeatsSection({ summaries }: Comparison): string {
  const most = Math.max(0, ...summaries.map(({ passAt }) => passAt.length))
  if (most < 2) return ''
  const ks = [...new Set([1, 2, 3, 5, 10, most])].filter((k) => k <= most).sort((a, b) => a - b)
  const percent = (share: number | undefined) => (share === undefined ? '–' : `${(share * 100).toFixed(1)} %`)
  const rows = summaries.map((summary) => {
    const at = (k: number) => summary.passAt.find((each) => each.k === k)
    const cells = ks.map(
      (k) =>
        `<td class="number">${percent(at(k)?.passAtK)}<span class="small">${say('all_of', { share: percent(at(k)?.passHatK) })}</span></td>`,
    )
    return `<tr><th scope="row">${show(summary.variantId)}<span class="small">${show(summary.workflowId)}</span></th>${cells.join('')}<td class="number">${percent(summary.flaky)}</td></tr>`
  })
  const head = [
    `<th scope="col">${say('variant')}</th>`,
    ...ks.map((k) => `<th scope="col" class="number">k = ${k}</th>`),
    `<th scope="col" class="number">${say('unsteady')}</th>`,
  ]
  return `<section aria-labelledby="repeats"><h2 id="repeats">${say('pass_at')}</h2><p class="quiet">${say('pass_at_hint')}</p>${table(say('pass_at'), head, rows)}</section>`
}

function table(label: string, head: readonly string[], rows: readonly string[]): string {
  return `<div class="table" role="group" aria-label="${show(label)}" tabindex="0"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}
