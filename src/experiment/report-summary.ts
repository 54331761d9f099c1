import type { Comparison } from '../domain/comparison.ts'
import type { TestResult, TrialStatus } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { type ReportEnd, type ReportFacts, expectedTrials, experimentVerdict } from './report-facts.ts'
import { type TrialOutcome, outcomeOf } from './report-outcome.ts'

/** What is counted of one variant of one workflow. */
export interface VariantCounts {
  readonly workflowId: string
  readonly variantId: string
  trials: number
  readonly outcomes: Record<TrialOutcome, number>
  readonly statuses: Partial<Record<TrialStatus, number>>
  tokens: number
  /** Decimal text by currency. */
  readonly cost: Record<string, string>
}

/** Counts results by variant, for `summary.json` and the page. */
export function createCounts() {
  const counts = new Map<string, VariantCounts>()
  return {
    add: (result: TestResult): void => {
      const { workflowId, variantId, cost } = result
      const key = JSON.stringify([workflowId, variantId])
      const own = counts.get(key) ?? noCounts(workflowId, variantId)
      counts.set(key, own)
      own.trials++
      own.outcomes[outcomeOf(result)]++
      own.statuses[result.status] = (own.statuses[result.status] ?? 0) + 1
      own.tokens += result.tokens
      if (cost !== undefined) own.cost[cost.currency] = addDecimals([own.cost[cost.currency] ?? '0', cost.amount])
    },
    all: (): readonly VariantCounts[] => [...counts.values()],
  }
}

/** `summary.json`: small enough for a script or a person to read at once. */
export function toSummary(facts: ReportFacts, end: ReportEnd, counts: readonly VariantCounts[]): unknown {
  const trials = counts.reduce((sum, each) => sum + each.trials, 0)
  const { baseline, winners, findings, gates } = end.comparison
  const summary = {
    version: 1,
    runId: facts.runId,
    title: facts.title,
    verdict: experimentVerdict(facts, end, trials),
    startedAt: new Date(facts.startedAt).toISOString(),
    endedAt: end.endedAt === undefined ? undefined : new Date(end.endedAt).toISOString(),
    tool: { name: 'greenloop', version: facts.toolVersion },
    seed: facts.seed,
    trials: { expected: expectedTrials(facts), done: trials },
    stopped: end.stopped,
    incomplete: end.incomplete,
    baseline,
    findings,
    gates,
    statistics: end.statistics,
  }
  const variants = counts.map((each) => ({ ...each, passRate: passRateOf(end.comparison, each) }))
  // Names that users chose are keys in these.
  return {
    ...(snakeKeys(summary) as object),
    cases: facts.casesByWorkflow,
    winners,
    variants: variants.map(variantSummary),
  }
}

function variantSummary({ cost, ...counts }: VariantCounts & { readonly passRate: unknown }): unknown {
  return { ...(snakeKeys(counts) as object), cost }
}

function passRateOf({ summaries }: Comparison, { workflowId, variantId }: VariantCounts) {
  const own = summaries.find((each) => each.workflowId === workflowId && each.variantId === variantId)
  const estimate = own?.estimates.find(({ metric }) => metric === 'pass_rate')
  if (estimate?.value === undefined) return undefined
  return { value: estimate.value, low: estimate.interval?.low, high: estimate.interval?.high }
}

function noCounts(workflowId: string, variantId: string): VariantCounts {
  const outcomes = { passed: 0, failed: 0, unchecked: 0, missing: 0, cancelled: 0 }
  return { workflowId, variantId, trials: 0, outcomes, statuses: {}, tokens: 0, cost: {} }
}
