import type { ComparisonVerdict, Interval, Metric, PairComparison } from '../domain/comparison.ts'

/** Verdicts as people say them. */
export const verdictWords: Readonly<Record<ComparisonVerdict, string>> = {
  better: 'better',
  worse: 'worse',
  equivalent: 'equivalent',
  non_inferior: 'not worse',
  not_enough_evidence: 'not enough evidence',
  identical: 'identical',
}

const metricWords: Readonly<Record<string, string>> = {
  pass_rate: 'Pass rate',
  score: 'Score',
  latency: 'Latency',
  cost: 'Cost',
  tokens: 'Tokens',
  ttft: 'First piece',
}

/** Name of a metric for people. */
export function metricTitle({ name }: Pick<Metric, 'name'>): string {
  if (name.startsWith('cost:')) return `Cost ${name.slice('cost:'.length)}`
  return metricWords[name] ?? name
}

/** A value of a metric with its unit: `82.5 %`, `0.914`, `1.42 s`, `0.00031 USD`. */
export function formatValue(metric: Metric, value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  switch (metric.kind) {
    case 'binary':
      return `${(value * 100).toFixed(1)} %`
    case 'score':
      return value.toFixed(3)
    case 'latency':
      return formatDuration(value)
    case 'cost':
      return `${significant(value)} ${metric.unit}`.trim()
    case 'tokens':
      return grouped(value)
  }
}

/** A difference with its sign: `+4.0 points`, `-0.012`, `+180 ms`. */
export function formatDifference(metric: Metric, value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±'
  const size = Math.abs(value)
  if (metric.kind === 'binary') return `${sign}${(size * 100).toFixed(1)} pts`
  return `${sign}${formatValue(metric, size)}`
}

/** The difference of a comparison; for latency and cost its ratio, where it has one: `×1.12`. */
export function formatChange(metric: Metric, pair: PairComparison): string {
  const told = formatDifference(metric, pair.difference)
  return pair.ratio === undefined ? told : `${told} (×${pair.ratio.toFixed(2)})`
}

/** Both ends of an interval: `[66.9, 74.8]`. The unit is left out where it is the same for both ends and the figure. */
export function formatRange(metric: Metric, { low, high }: Interval, format = formatValue): string {
  const bare = (value: number) =>
    metric.kind === 'binary' || metric.kind === 'cost'
      ? format(metric, value).replace(/ \S+$/u, '')
      : format(metric, value)
  return `[${bare(low)}, ${bare(high)}]`
}

/** Level of an interval: `at 98.3 %`. */
export function formatLevel({ level }: Pick<Interval, 'level'>): string {
  return `at ${Number((level * 100).toFixed(1))} %`
}

/** `p 0.003`, never smaller than can be said: `p <0.001`. */
export function formatP(p: number | undefined): string {
  if (p === undefined) return ''
  return p < 0.001 ? 'p <0.001' : `p ${p.toFixed(3)}`
}

/** Milliseconds as people read them. */
function formatDuration(ms: number): string {
  if (ms < 1) return `${significant(ms)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 100_000) return `${(ms / 1000).toFixed(2)} s`
  return `${(ms / 60_000).toFixed(1)} min`
}

/** A whole number in groups of three: `12,345`. */
export function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Three digits that count, without an exponent where it can be helped. */
function significant(value: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 1000) return grouped(value)
  const text = value.toPrecision(3)
  return text.includes('e') ? value.toFixed(8) : text
}
