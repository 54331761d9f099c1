import type { ComparedMetric } from './compare-metrics.ts'
import { analysePair, pairCases, type PairAnalysis } from './compare-pair.ts'
import type { WorkflowTable } from './compare-table.ts'
import { verdictOf } from './compare-verdict.ts'
import { holmLevels } from './stats-adjust.ts'
import type { Drawing } from './stats-bootstrap.ts'

/** What a winner is looked for with. */
interface Contest {
  readonly metric: ComparedMetric
  readonly alpha: number
  readonly drawing: (name: string) => Drawing
}

interface Duel {
  readonly baseline: string
  readonly variant: string
  readonly analysis: PairAnalysis
}

/**
 * The variant that is better than every other one, with Holm's steps over all pairs of variants; undefined where there is
 * none, or nothing to be better than.
 */
export function winnerOf(table: WorkflowTable, contest: Contest): string | undefined {
  const variants = [...table.variants.keys()]
  const duels = variants.flatMap((baseline, index) =>
    variants.slice(index + 1).flatMap((variant): Duel[] => {
      const cases = pairCases(table, { baseline, variant, metric: contest.metric })
      const name = `${table.workflowId} ${baseline} ${variant} ${contest.metric.name}`
      const analysis = analysePair(cases, contest.metric, contest.drawing(name))
      return analysis === undefined ? [] : [{ baseline, variant, analysis }]
    }),
  )
  const levels = holmLevels(
    duels.map(({ analysis }) => analysis.p),
    contest.alpha,
  )
  return variants.find((variant) => {
    const own = [...duels.entries()].filter(([, duel]) => duel.baseline === variant || duel.variant === variant)
    return (
      own.length === variants.length - 1 && own.length > 0 && own.every(([index, duel]) => beats(duel, levels[index]))
    )

    function beats({ analysis, baseline }: Duel, level = contest.alpha): boolean {
      // Most duels are settled by the p-value alone, which needs no bootstrap.
      if (analysis.p >= level) return false
      const verdict = verdictOf(analysis, contest.metric, { level, margin: undefined })
      return verdict === (baseline === variant ? 'worse' : 'better')
    }
  })
}
