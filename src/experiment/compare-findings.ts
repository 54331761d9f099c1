import type { Comparison, Observation, PairComparison, VariantSummary } from '../domain/comparison.ts'
import { driftOf } from './compare-drift.ts'
import { isShare, type ComparedMetric } from './compare-metrics.ts'
import { chanceText, figureText, intervalText } from './compare-text.ts'
import { benjaminiHochberg } from './stats-adjust.ts'
import { unseenShare } from './stats-proportion.ts'

/** What findings are made from. */
interface Findable {
  readonly comparison: Omit<Comparison, 'findings'>
  readonly metrics: readonly ComparedMetric[]
  readonly observations: readonly Observation[]
  readonly margin: number
  readonly power: number
}

/** Drift is told from this p-value on: it only informs, and every workflow is looked at. */
const driftLevel = 0.01

/** What an experiment shows, in sentences, the most important first. */
export function findingsOf(findable: Findable): string[] {
  const { comparison } = findable
  const workflows = [...new Set(comparison.summaries.map(({ workflowId }) => workflowId))]
  return kinds.flatMap((find) =>
    workflows.flatMap((workflow) =>
      find(workflow, findable).map((text) => (workflows.length > 1 ? `${workflow}: ${text}` : text)),
    ),
  )
}

type Find = (workflow: string, findable: Findable) => string[]

/** Kinds of sentences, the most important first. */
const kinds: readonly Find[] = [
  winnerSentences,
  (workflow, findable) => pairsOf(workflow, findable, true).map((pair) => pairSentence(pair, metricOf(pair, findable))),
  (workflow, findable) => pairsOf(workflow, findable, true).flatMap(sensitivitySentence),
  (workflow, findable) =>
    pairsOf(workflow, findable, false)
      .filter(({ verdict }) => verdict === 'better' || verdict === 'worse')
      .map((pair) => pairSentence(pair, metricOf(pair, findable))),
  suspectSentences,
  (workflow, { comparison }) =>
    comparison.summaries.filter(({ workflowId }) => workflowId === workflow).flatMap(aloneSentences),
  driftSentences,
  reliabilitySentences,
]

function pairsOf(workflow: string, { comparison, metrics }: Findable, isPrimary: boolean): PairComparison[] {
  const names = new Set(metrics.filter(({ primary }) => primary === isPrimary).map(({ name }) => name))
  return comparison.pairs.filter(({ workflowId, metric }) => workflowId === workflow && names.has(metric))
}

function metricOf({ metric }: PairComparison, { metrics }: Findable): ComparedMetric | undefined {
  return metrics.find(({ name }) => name === metric)
}

function winnerSentences(workflow: string, findable: Findable): string[] {
  const { comparison, margin, power } = findable
  const winner = comparison.winners[workflow]
  const rivals = comparison.summaries.filter(({ workflowId }) => workflowId === workflow).length - 1
  if (winner !== undefined) {
    return [`${winner} wins: it is better than ${rivals === 1 ? 'the other variant' : `all ${rivals} others`}`]
  }
  if (rivals < 1) return []
  if (pairsOf(workflow, findable, true).length === 0) return [`the baseline ${comparison.baseline} has no trials`]
  const open = pairsOf(workflow, findable, true).filter(({ verdict }) => verdict === 'not_enough_evidence')
  const [widest] = open.toSorted((x, y) => Math.abs(y.difference ?? 0) - Math.abs(x.difference ?? 0))
  const metric = widest === undefined ? undefined : metricOf(widest, findable)
  if (widest?.detectable === undefined || metric === undefined) return ['no winner']
  const seen = Math.abs(widest.difference ?? 0)
  const aim = isShare(metric) ? Math.max(seen, margin) : seen
  // The variance is in the difference that could be seen: detectable = reach · √(variance / cases).
  const needed = aim > 0 ? Math.ceil(widest.cases * (widest.detectable / aim) ** 2) : Number.POSITIVE_INFINITY
  const more = needed - widest.cases
  if (!Number.isFinite(more) || more <= 0) return ['no winner']
  const chance = `${Math.round(power * 100)} %`
  const condition = aim === seen ? ', if it is as large as it looks' : ''
  return [
    `no winner: about ${more} more cases would be needed to see a difference of ${figureText(aim)} in ${metric.name} with a chance of ${chance}${condition}`,
  ]
}

function pairSentence(pair: PairComparison, metric: ComparedMetric | undefined): string {
  const { baseline, variant, cases, verdict } = pair
  const name = pair.metric
  if (verdict === 'identical') return `${variant} and ${baseline} have the same ${name} in all ${cases} cases`
  const claims = {
    better: `${variant} is better than ${baseline}`,
    worse: `${variant} is worse than ${baseline}`,
    equivalent: `${variant} and ${baseline} differ by less than the margin`,
    non_inferior: `${variant} is not worse than ${baseline} by more than the margin`,
    not_enough_evidence: `not enough evidence that ${variant} and ${baseline} differ`,
  } as const
  return `${claims[verdict]} in ${name}: ${measureText(pair, metric)}`
}

function measureText(pair: PairComparison, metric: ComparedMetric | undefined): string {
  const { difference = 0, ratio, ratioInterval, interval, adjustedP, cases, detectable } = pair
  const amount = metric === undefined || metric.unit === '' ? '' : ` ${metric.unit}`
  const moved = `${difference > 0 ? '+' : ''}${figureText(difference)}${amount}`
  const parts = [ratio === undefined ? moved : `${moved}, ${figureText(ratio)} times as much`]
  const shown = ratioInterval ?? interval
  if (shown !== undefined) parts.push(`${intervalText(shown)}${ratioInterval === undefined ? '' : ' times'}`)
  if (adjustedP !== undefined) parts.push(`adjusted p ${chanceText(adjustedP)}`)
  parts.push(`${cases} cases`)
  if (pair.verdict === 'not_enough_evidence' && detectable !== undefined) {
    parts.push(`a difference of ${figureText(detectable)}${amount} could have been seen`)
  }
  return parts.join(', ')
}

function sensitivitySentence({ baseline, variant, metric, verdict, sensitivity }: PairComparison): string[] {
  if (sensitivity === undefined || sensitivity.verdict === verdict) return []
  return [
    `with missing trials counted as failures, ${variant} against ${baseline} in ${metric} would be ${sensitivity.verdict.replaceAll('_', ' ')} (${figureText(sensitivity.difference)}), not ${verdict.replaceAll('_', ' ')}`,
  ]
}

function suspectSentences(workflow: string, { comparison }: Findable): string[] {
  return comparison.suspects
    .filter(({ workflowId, explains }) => workflowId === workflow && explains)
    .map(({ variantId, parameters, failed, passed }) => {
      const named = Object.entries(parameters).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
      return `${variantId} seems to fail with ${named.join(' and ')}: ${failed} of ${failed + passed} trials`
    })
}

function aloneSentences({ variantId, trials, scored, estimates, flaky, passAt }: VariantSummary): string[] {
  const found: string[] = []
  const passes = estimates.find(({ metric }) => metric === 'pass_rate')
  if (passes !== undefined && passes.trials > 0 && (passes.value === 1 || passes.value === 0)) {
    const [seen, rate] = passes.value === 1 ? ['failed', 'failure rate'] : ['passed', 'pass rate']
    const share = figureText(unseenShare(passes.cases, 0.95))
    found.push(
      `no trial of ${variantId} ${seen}: with ${passes.cases} cases, a ${rate} of up to ${share} is still possible (95 %)`,
    )
  }
  if (scored < trials) found.push(`${trials - scored} of ${trials} trials of ${variantId} are missing`)
  if (flaky > 0 && passAt.length > 1) {
    found.push(`${figureText(flaky * 100)} % of the cases of ${variantId} both passed and failed`)
  }
  return found
}

function reliabilitySentences(workflow: string, { comparison: { reliability = [] } }: Findable): string[] {
  return reliability
    .filter(({ workflowId }) => workflowId === workflow)
    .map(({ check, judged, undecided = 0, alpha, agreement, position }) => {
      const lost = undecided === 0 ? '' : `, ${undecided} ${undecided === 1 ? 'pair' : 'pairs'} without a verdict`
      if (position !== undefined) {
        return `the judge of ${check} said the same in both orders for ${percent(position.consistent)} of ${judged} pairs, position bias ${figureText(position.bias)}${lost}`
      }
      if (agreement === undefined) return `the judge of ${check} gave no verdict on any pair${lost}`
      const shown = alpha === undefined ? '' : `, Krippendorff's alpha ${figureText(alpha)}`
      return `the judge of ${check} agreed with itself on ${percent(agreement)} of ${judged} answers${shown}`
    })
}

function percent(share: number): string {
  return `${figureText(share * 100)} %`
}

function driftSentences(workflow: string, { observations, metrics }: Findable): string[] {
  const own = observations.filter(({ workflowId }) => workflowId === workflow)
  const drifts = metrics
    .filter(({ primary, kind }) => primary || kind === 'latency')
    .flatMap(({ key, name }) => {
      const drift = driftOf(own, key)
      return drift === undefined ? [] : [{ name, ...drift }]
    })
  const adjusted = benjaminiHochberg(drifts.map(({ p }) => p))
  return drifts.flatMap(({ name, early, late }, index) => {
    const p = adjusted[index] ?? 1
    if (p >= driftLevel) return []
    return [
      `${name} changed while the experiment ran: ${figureText(early)} in the first half, ${figureText(late)} in the second (adjusted p ${chanceText(p)}); variants share their blocks, so that this hits them alike`,
    ]
  })
}
