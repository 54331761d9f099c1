import type { RunManifest } from '../domain/manifest.ts'
import { addDecimals } from '../lib/decimal.ts'
import type { CaseDesign } from './cases.ts'
import { callFigures, checkFigures } from './estimate-calls.ts'
import type { CallFigures } from './estimate-calls.ts'
import { durationOf } from './estimate-duration.ts'
import type { Counted, DurationEstimate } from './estimate-duration.ts'
import { judgeTokens, workflowTokens } from './estimate-tokens.ts'
import type { Range, TokenShare } from './estimate-tokens.ts'

/** What has to be assumed, because only a run tells. */
export interface EstimateOptions {
  /** Tokens of one answer; 50 to 600 unless set. */
  readonly answerTokens?: Range | undefined
  /** Seconds that one call takes; 3 unless set. */
  readonly latencySeconds?: number | undefined
}

/** What a plan would do and cost if every call went well at once. */
export interface PlanEstimate {
  readonly workflows: number
  readonly variants: number
  /** Different cases, over all workflows. */
  readonly cases: number
  readonly trials: number
  /** Calls of workflows: each turn of a conversation is one. */
  readonly calls: number
  /** Calls of judges, at most. */
  readonly judgeCalls: number
  readonly embeddingCalls: number
  /** Tokens of the workflows' own models; absent where nobody knows what they are asked. */
  readonly tokens?: Range | undefined
  readonly judgeTokens: Range
  /** Workflows and judges together, as decimal numbers; absent where prices are missing. */
  readonly cost?: { readonly low: string; readonly high: string; readonly currency: string } | undefined
  readonly duration: DurationEstimate
  /** What covering arrays leave of the combinations; absent where none is made. */
  readonly savings?: { readonly cases: number; readonly product: number; readonly share: number } | undefined
  /** What was assumed, and why figures are not there, in words. */
  readonly notes: readonly string[]
}

const usualAnswer: Range = { low: 50, high: 600 }
const usualLatency = 3

/** Estimates calls, tokens, money and time of manifests before any of them runs. */
export function estimatePlan(
  manifests: readonly RunManifest[],
  designs: readonly CaseDesign[],
  options: EstimateOptions = {},
): PlanEstimate {
  const { answerTokens = usualAnswer, latencySeconds = usualLatency } = options
  const counted = countAll(manifests)
  const sum = (pick: (counted: Counted) => number): number => counted.reduce((total, each) => total + pick(each), 0)
  const checks = manifests.map((manifest) => ({ manifest, figures: checkFigures(manifest) }))
  const preferences = preferenceCalls(counted)
  const shares = counted.map(({ manifest, figures }) => workflowTokens(manifest, figures, answerTokens))
  const judging = checks.map(({ manifest, figures }) => judgeTokens(manifest, figures, answerTokens))
  const known = shares.filter((share) => share !== undefined)
  const groups = Map.groupBy(counted, ({ manifest }) => manifest.workflowId)
  const judged = checks.map(({ manifest, figures }) => manifest.repeats * total(figures.judgements.values()))
  const savings = savingsOf(designs)
  return {
    workflows: groups.size,
    variants: new Set(manifests.map(({ variantId }) => variantId)).size,
    cases: total(Array.from(groups.values(), (group) => Math.max(...group.map(({ figures }) => figures.cases)))),
    trials: sum(({ manifest, figures }) => manifest.repeats * figures.cases),
    calls: sum(({ manifest, figures }) => manifest.repeats * figures.calls),
    judgeCalls: total(judged) + preferences,
    embeddingCalls: total(checks.map(({ manifest, figures }) => manifest.repeats * figures.embeddings)),
    ...(known.length === 0 ? {} : { tokens: added(known) }),
    judgeTokens: added(judging),
    ...costOf({ manifests, shares, judging, preferences }),
    duration: durationOf(counted, latencySeconds),
    ...(savings === undefined ? {} : { savings }),
    notes: notesOf({ manifests, shares, judging, preferences }, { answerTokens, latencySeconds }),
  }
}

/** Variants share their cases, which are then counted once. */
function countAll(manifests: readonly RunManifest[]): readonly Counted[] {
  const known = new Map<string, Counted>()
  return manifests.map((manifest) => {
    const before = known.get(manifest.workflowId)
    const isSame =
      before?.manifest.cases.length === manifest.cases.length &&
      manifest.cases.every((spec, index) => spec === before.manifest.cases[index])
    const figures: CallFigures = isSame && before !== undefined ? before.figures : callFigures(manifest.cases)
    const counted = { manifest, figures }
    known.set(manifest.workflowId, counted)
    return counted
  })
}

/** Every variant against the baseline, each pair in both orders. */
function preferenceCalls(counted: readonly Counted[]): number {
  const asked = counted.filter(({ manifest }) => manifest.evaluation.preference !== undefined)
  const groups = Map.groupBy(asked, ({ manifest }) => manifest.workflowId)
  return total(
    Array.from(groups.values(), (group) => {
      const trials = Math.min(...group.map(({ manifest, figures }) => manifest.repeats * figures.cases))
      return 2 * (group.length - 1) * trials
    }),
  )
}

interface Shares {
  readonly manifests: readonly RunManifest[]
  readonly shares: readonly (TokenShare | undefined)[]
  readonly judging: readonly TokenShare[]
  readonly preferences: number
}

/** A sum that leaves something out would be taken for the whole, so there is none then. */
function costOf({ manifests, shares, judging, preferences }: Shares): Pick<PlanEstimate, 'cost'> {
  const [first] = manifests
  const costs = [...shares, ...judging].map((share) => share?.cost)
  const whole = costs.filter((cost) => cost !== undefined)
  if (first === undefined || whole.length < costs.length || preferences > 0) return {}
  const low = addDecimals(whole.map((cost) => cost.low))
  const high = addDecimals(whole.map((cost) => cost.high))
  return { cost: { low, high, currency: first.prices.currency } }
}

interface Assumed {
  readonly answerTokens: Range
  readonly latencySeconds: number
}

function notesOf({ manifests, shares, judging, preferences }: Shares, assumed: Assumed): string[] {
  const { answerTokens, latencySeconds } = assumed
  const blind = [
    ...new Set(manifests.filter((_, index) => shares[index] === undefined).map(({ workflowId }) => workflowId)),
  ]
  const unpriced = [...new Set([...shares, ...judging].flatMap((share) => share?.unpriced ?? []))]
  return [
    `assumed: ${answerTokens.low} to ${answerTokens.high} tokens an answer, ${latencySeconds} s a call; retries are not counted`,
    ...blind.map((id) => `nobody knows which models \`${id}\` asks, so its tokens and its cost are not estimated`),
    ...(unpriced.length === 0 ? [] : [`there is no cost: \`prices\` of the environment lack ${unpriced.join(', ')}`]),
    ...(preferences === 0 ? [] : ['there is no cost: preferences compare answers whose length nobody knows yet']),
  ]
}

function savingsOf(designs: readonly CaseDesign[]): PlanEstimate['savings'] {
  const covering = designs.filter(({ mode }) => mode === 'pairwise')
  if (covering.length === 0) return undefined
  const cases = total(covering.map((design) => design.cases))
  const product = total(covering.map((design) => design.product))
  return { cases, product, share: product === 0 ? 0 : Math.max(0, 1 - cases / product) }
}

function added(shares: readonly TokenShare[]): Range {
  return {
    low: total(shares.map(({ tokens }) => tokens.low)),
    high: total(shares.map(({ tokens }) => tokens.high)),
  }
}

function total(numbers: Iterable<number>): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}
