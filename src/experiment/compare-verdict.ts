import type { ComparisonVerdict, Interval, PairComparison } from '../domain/comparison.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import type { PairAnalysis, Pairing } from './compare-pair.ts'
import { detectableDifference } from './power.ts'
import { mostGroups } from './stats-groups.ts'

/** What a comparison is held against. */
interface Bar {
  /** Level of significance of this comparison by Holm's steps. */
  readonly level: number
  readonly power: number
  /** Loss that does not matter; for the primary metric only. */
  readonly margin: number | undefined
}

/**
 * What a comparison concludes. Better or worse takes both: a p-value below the level, and an interval at that level without
 * 0. Equivalent and not inferior go by the same interval and the margin (as in Schuirmann 1987, on the safe side), which is a share of the amount for latency, cost
 * and tokens.
 */
export function verdictOf(
  analysis: PairAnalysis,
  { better }: ComparedMetric,
  { level, margin }: Omit<Bar, 'power'>,
): ComparisonVerdict {
  if (analysis.isIdentical) return 'identical'
  const { low, high } = gainOf(analysis, better, 1 - level)
  if (analysis.p < level && low > 0) return 'better'
  if (analysis.p < level && high < 0) return 'worse'
  if (margin === undefined) return 'not_enough_evidence'
  const bound = analysis.ratioInterval === undefined ? margin : Math.log1p(margin)
  if (low > -bound) return high < bound ? 'equivalent' : 'non_inferior'
  return 'not_enough_evidence'
}

/** Interval of what the variant gains; for amounts in logarithms of the ratio, where there is one. */
function gainOf(
  { interval, ratioInterval }: PairAnalysis,
  better: ComparedMetric['better'],
  level: number,
): Pick<Interval, 'low' | 'high'> {
  const ratio = ratioInterval?.(level)
  const { low, high } = ratio === undefined ? interval(level) : { low: Math.log(ratio.low), high: Math.log(ratio.high) }
  return better === 'higher' ? { low, high } : { low: -high, high: -low }
}

/** A comparison before all are known, and so before any can be judged. */
export interface OpenPair {
  readonly workflowId: string
  readonly pairing: Pairing
  readonly analysis: PairAnalysis | undefined
  /** The same with missing trials as failures; for shares, where trials are missing. */
  readonly strict: PairAnalysis | undefined
}

/** A comparison as it is reported. */
export function closePair(open: OpenPair, adjustedP: number, bar: Bar): PairComparison {
  const { workflowId, pairing, analysis, strict } = open
  const { baseline, variant, metric } = pairing
  const named = { workflowId, baseline, variant, metric: metric.name }
  if (analysis === undefined) {
    const note = 'no case has a value of both'
    return { ...named, cases: 0, test: 'none', verdict: 'not_enough_evidence', note }
  }
  const { cases, variance, difference, ratio, test, p, discordant } = analysis
  const plan = { alpha: bar.level, power: bar.power, variance }
  return {
    ...named,
    cases,
    difference,
    ratio,
    interval: finite(analysis.interval(1 - bar.level)),
    ratioInterval: finite(analysis.ratioInterval?.(1 - bar.level)),
    test,
    p,
    adjustedP,
    discordant,
    detectable: variance > 0 ? detectableDifference(plan, cases) : undefined,
    verdict: verdictOf(analysis, metric, bar),
    sensitivity:
      strict === undefined ? undefined : { difference: strict.difference, verdict: verdictOf(strict, metric, bar) },
    note: noteOf(analysis, bar),
  }
}

function finite(interval: Interval | undefined): Interval | undefined {
  return interval !== undefined && Number.isFinite(interval.low + interval.high) ? interval : undefined
}

function noteOf({ clusters, draws, ratio }: PairAnalysis, { level }: Bar): string | undefined {
  const notes: string[] = []
  // With all signs the same, the smallest p that any of the tests can give.
  if (2 ** (1 - clusters) >= level) {
    const needed = Math.floor(1 - Math.log2(level)) + 1
    notes.push(`${clusters} independent cases cannot show any difference at this level: ${needed} can`)
  }
  if (ratio !== undefined) notes.push('tested by the logarithm of the ratio case by case')
  if (draws !== undefined)
    notes.push(clusters > mostGroups ? `${draws} draws from ${mostGroups} groups of cases` : `${draws} draws`)
  return notes.length === 0 ? undefined : notes.join('; ')
}
