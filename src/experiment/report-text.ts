import type { Comparison, Estimate, Metric, PairComparison, VariantSummary } from '../domain/comparison.ts'
import { plainText } from '../lib/plain-text.ts'
import {
  formatChange,
  formatDifference,
  formatP,
  formatRange,
  formatValue,
  metricTitle,
  verdictWords,
} from './report-figures.ts'

/** What the text of a comparison holds beside its table. */
interface TextOptions {
  /** Findings that are told, the most important first; 5 unless set. */
  readonly findings?: number | undefined
  /** Suspects that are told; 3 unless set. */
  readonly suspects?: number | undefined
}

/** A comparison as plain text for a terminal: a table for each workflow, findings, suspects, gates. Ends in a line feed. */
export function comparisonText(comparison: Comparison, options: TextOptions = {}): string {
  const groups = [...Map.groupBy(comparison.summaries, ({ workflowId }) => workflowId)]
  const parts = groups.map(([workflowId, summaries]) => {
    const rows = [titlesOf(comparison), ...summaries.map((summary) => rowOf(summary, comparison))]
    return [plainText(workflowId), ...aligned(withoutEmpty(rows)).map((line) => `  ${line}`)]
  })
  const findings = comparison.findings.slice(0, options.findings ?? 5).map((finding) => `  ${oneLine(finding)}`)
  const suspects = suspectLines(comparison, options.suspects ?? 3).map((line) => `  ${line}`)
  const gates = comparison.gates.map(
    ({ gate, passed, reason }) => `  ${passed ? '✓' : '✕'} ${oneLine(gate)}: ${oneLine(reason)}`,
  )
  const sections = [
    ...parts,
    findings.length === 0 ? [] : ['Findings', ...findings],
    suspects.length === 0 ? [] : ['Combinations that fail', ...suspects],
    gates.length === 0 ? [] : ['Gates', ...gates],
  ]
  return sections
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n')
}

const mostFindings = 8

/** A comparison as Markdown, for a note at a merge request. */
export function comparisonMarkdown(comparison: Comparison): string {
  const groups = [...Map.groupBy(comparison.summaries, ({ workflowId }) => workflowId)]
  const bad = comparison.gates.filter(({ passed }) => !passed).length
  const head =
    comparison.gates.length === 0
      ? []
      : [`**${bad === 0 ? '✅ Gates hold' : `❌ ${bad} of ${comparison.gates.length} gates failed`}**`]
  const told = comparison.findings.slice(0, mostFindings)
  const rest = comparison.findings.length - told.length
  const findings = [...told, ...(rest > 0 ? [`and ${rest} more in comparison.json`] : [])].map(
    (each) => `- ${marked(each)}`,
  )
  const tables = groups.map(([workflowId, summaries]) => {
    const rows = withoutEmpty([titlesOf(comparison), ...summaries.map((summary) => rowOf(summary, comparison))])
    const [titles = [], ...body] = rows.map((row) => `| ${row.map(marked).join(' | ')} |`)
    const rule = `|${' --- |'.repeat(rows[0]?.length ?? 0)}`
    return [`#### ${marked(workflowId)}`, '', titles, rule, ...body].join('\n')
  })
  const gates = comparison.gates.map(
    ({ gate, passed, reason }) => `- ${passed ? '✅' : '❌'} ${marked(gate)}: ${marked(reason)}`,
  )
  const suspects = suspectLines(comparison, 10).map((line) => `- ${marked(line)}`)
  const sections = [
    ...head,
    findings.join('\n'),
    ...tables,
    gates.length === 0 ? '' : `#### Gates\n\n${gates.join('\n')}`,
    suspects.length === 0 ? '' : `#### Combinations that fail\n\n${suspects.join('\n')}`,
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function titlesOf({ metrics, baseline }: Comparison): string[] {
  const primary = metrics.find((metric) => metric.primary)
  const others = metrics.filter((metric) => metric !== primary && isTold(metric))
  const first = primary === undefined ? [] : [metricTitle(primary)]
  return ['Variant', ...first, ...others.map(columnTitle), `Difference to ${plainText(baseline)}`, 'Verdict']
}

const isTold = ({ kind, name }: Metric) => name === 'latency' || name === 'score' || kind === 'cost'
const columnTitle = (metric: Metric) =>
  metric.kind === 'latency' ? `${metricTitle(metric)} p50 / p95` : metricTitle(metric)

function rowOf(summary: VariantSummary, { metrics, baseline, pairs, winners }: Comparison): string[] {
  const { workflowId, variantId } = summary
  const estimateOf = ({ name }: Metric) => summary.estimates.find(({ metric }) => metric === name)
  const primary = metrics.find((metric) => metric.primary)
  const others = metrics.filter((metric) => metric !== primary && isTold(metric))
  const pair = pairs.find(
    (each) =>
      each.workflowId === workflowId &&
      each.variant === variantId &&
      each.baseline === baseline &&
      each.metric === primary?.name,
  )
  const isWinner = Object.hasOwn(winners, workflowId) && winners[workflowId] === variantId
  const tag = variantId === baseline ? ' (baseline)' : isWinner ? ' ★' : ''
  return [
    plainText(variantId) + tag,
    ...(primary === undefined ? [] : [withInterval(primary, estimateOf(primary))]),
    ...others.map((metric) => otherFigure(metric, estimateOf(metric))),
    primary === undefined || pair === undefined ? '' : changeText(primary, pair),
    pair === undefined
      ? ''
      : [verdictWords[pair.verdict], formatP(pair.adjustedP ?? pair.p)].filter(Boolean).join(', '),
  ]
}

function withInterval(metric: Metric, estimate: Estimate | undefined): string {
  const value = formatValue(metric, estimate?.value)
  const { interval } = estimate ?? {}
  if (interval === undefined) return value
  return `${value} ${formatRange(metric, interval)}`
}

function otherFigure(metric: Metric, estimate: Estimate | undefined): string {
  const { quantiles } = estimate ?? {}
  if (metric.kind !== 'latency' || quantiles === undefined) return formatValue(metric, estimate?.value)
  return `${formatValue(metric, quantiles.p50)} / ${formatValue(metric, quantiles.p95)}`
}

function changeText(metric: Metric, pair: PairComparison): string {
  const { interval } = pair
  const range = interval === undefined ? '' : ` ${formatRange(metric, interval, formatDifference)}`
  return formatChange(metric, pair) + range
}

/** What explains the failures comes first, whatever variant it belongs to; the others are told where nothing does. */
function suspectLines({ suspects }: Comparison, most: number): string[] {
  const explaining = suspects.filter(({ explains }) => explains)
  const told = (explaining.length === 0 ? suspects : explaining).slice(0, most).map((suspect) => {
    const values = Object.entries(suspect.parameters).map(([name, value]) => `${name} = ${value}`)
    const total = suspect.failed + suspect.passed
    return oneLine(
      `${values.join(', ')}: ${suspect.failed} of ${total} failed (${suspect.workflowId}/${suspect.variantId})`,
    )
  })
  const rest = suspects.length - told.length
  return rest > 0 && told.length > 0 ? [...told, `and ${rest} more in comparison.json`] : told
}

/** Rows without the columns that hold nothing below their title. */
function withoutEmpty(rows: readonly (readonly string[])[]): string[][] {
  const holds = (at: number) => rows.slice(1).some((row) => (row[at] ?? '') !== '' && row[at] !== '–')
  return rows.map((row) => row.filter((_, at) => at === 0 || holds(at)))
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  )
}

// Signs that take two columns in a terminal, and marks that take none.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const none = /\p{Mn}|\u200b|\u200d|\ufe0f/u

/** Columns that a text takes in a terminal. */
function widthOf(text: string): number {
  let width = 0
  for (const sign of text) width += none.test(sign) ? 0 : wide.test(sign) ? 2 : 1
  return width
}

const oneLine = (text: string) => plainText(text).replaceAll(/\s+/g, ' ').trim()

/** Text that Markdown shows as it is, and that calls nobody. */
function marked(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_[\]|~#]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '&#64;')
}
