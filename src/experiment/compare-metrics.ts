import type { Metric, Observation } from '../domain/comparison.ts'
import type { Evaluation } from '../domain/experiment.ts'

/** A metric with the name that its values have in observations. */
export interface ComparedMetric extends Metric {
  readonly key: string
}

const usual = ['pass_rate', 'score', 'latency', 'cost'] as const
const preference = 'preference'
/** Beginning of the metric of a preference where several variants were held against the baseline; the variant follows. */
export const namedPreference = `${preference}:`

/**
 * Metrics that variants are compared by, the primary first: those asked for that any trial has a value of, and what judges
 * of pairs prefer, where they were asked. Costs in several
 * currencies are metrics of their own, `cost:CNY`; in a single one it is `cost`, with the currency as unit.
 */
export function metricsCompared(
  observations: readonly Observation[],
  { primary, metrics }: Pick<Evaluation, 'primary' | 'metrics'>,
): ComparedMetric[] {
  const wanted = metrics ?? usual.slice(1)
  const preferences = new Set(observations.flatMap(({ positions = {} }) => Object.keys(positions)))
  return metricsNamed(observations, [...new Set([primary, ...wanted, ...preferences])], primary)
}

/** Metrics by their names in a plan; those that no trial has a value of are left out, but for the primary one. */
export function metricsNamed(
  observations: readonly Observation[],
  names: readonly string[],
  primary: string,
): ComparedMetric[] {
  const graded = new Set<string>()
  const seen = new Set<string>()
  for (const { values } of observations) {
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue
      seen.add(key)
      if (value !== 0 && value !== 1) graded.add(key)
    }
  }
  const currencies = [...seen].filter((key) => key.startsWith('cost:')).sort()
  const keys = names.flatMap((name) => (name === 'cost' && currencies.length > 0 ? currencies : [name]))
  return [...new Set(keys)]
    .filter((key) => seen.has(key) || key === primary)
    .map((key) => metricOf(key, { isGraded: graded.has(key), isOnlyCurrency: currencies.length === 1, primary }))
}

interface Seen {
  readonly isGraded: boolean
  readonly isOnlyCurrency: boolean
  readonly primary: string
}

function metricOf(key: string, { isGraded, isOnlyCurrency, primary }: Seen): ComparedMetric {
  if (key === 'latency' || key === 'ttft') return lower({ key, name: key, kind: 'latency', unit: 'ms' }, primary)
  if (key === 'tokens') return lower({ key, name: key, kind: 'tokens', unit: 'tokens' }, primary)
  if (key.startsWith('cost:')) {
    return lower({ key, name: isOnlyCurrency ? 'cost' : key, kind: 'cost', unit: key.slice('cost:'.length) }, primary)
  }
  if (key === 'cost') return lower({ key, name: key, kind: 'cost', unit: '' }, primary)
  const kind = key === 'score' || isGraded ? 'score' : 'binary'
  return { key, name: key, kind, unit: '', better: 'higher', primary: key === primary }
}

function lower(metric: Pick<ComparedMetric, 'key' | 'name' | 'kind' | 'unit'>, primary: string): ComparedMetric {
  const isPrimary = metric.key === primary || (primary === 'cost' && metric.kind === 'cost')
  return { ...metric, better: 'lower', primary: isPrimary }
}

/** Whether a metric of this name is an amount, of which less is better. */
export function isAmount(name: string): boolean {
  return ['latency', 'ttft', 'tokens', 'cost'].includes(name) || name.startsWith('cost:')
}

/** Whether a metric is a share from 0 to 1; the others are amounts, which are compared by ratio as well. */
export function isShare({ kind }: Pick<Metric, 'kind'>): boolean {
  return kind === 'binary' || kind === 'score'
}
