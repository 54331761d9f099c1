import type { Scalar } from './case.ts'

/** What a metric counts. */
type MetricKind = 'binary' | 'score' | 'latency' | 'cost' | 'tokens'

/** A figure that variants are compared by. */
export interface Metric {
  /** `pass_rate`, `score`, `latency`, `cost`, `tokens`, or the metric of a check. */
  readonly name: string
  readonly kind: MetricKind
  readonly better: 'higher' | 'lower'
  /** Decides who is better; the others inform. */
  readonly primary: boolean
  /** `ms`, a currency; empty for shares. */
  readonly unit: string
}

/** One trial, as statistics see it. A value that is missing was not scored. */
export interface Observation {
  readonly workflowId: string
  readonly variantId: string
  readonly caseId: string
  readonly repeat: number
  readonly parameters: Readonly<Record<string, Scalar>>
  /** Cases that belong together, such as questions on the same document, share one; each case is its own otherwise. */
  readonly cluster?: string | undefined
  /** Number of the block in the order of the run. */
  readonly block?: number | undefined
  /** Value by metric. `pass_rate` is 0 or 1. A cost goes with its currency: `cost:USD`. */
  readonly values: Readonly<Record<string, number | undefined>>
  /** Verdicts of judges that looked at the answer several times, from 0 to 1, by check; a list for each answer. */
  readonly ratings?: Readonly<Record<string, readonly (readonly number[])[]>> | undefined
  /** What a judge of pairs said of the answer and the baseline's, by metric. */
  readonly positions?: Readonly<Record<string, PositionVerdicts | 'undecided'>> | undefined
  /** Why there is no value: the trial had no answer, or its judge broke down. */
  readonly missing?: 'infrastructure' | 'judge' | 'cancelled' | undefined
}

/** Verdicts on a pair of answers in both orders, in words of position. */
export interface PositionVerdicts {
  /** With the baseline's answer in the first place. */
  readonly straight: 'first' | 'second' | 'tie'
  /** With the variant's answer in the first place. */
  readonly swapped: 'first' | 'second' | 'tie'
}

/** How far a judge goes by position, over many pairs. All shares are of the pairs. */
export interface PositionBias {
  readonly pairs: number
  /** Both orders gave the same answer, or a tie both times. */
  readonly consistent: number
  /** The first place won both times, whichever answer stood there. */
  readonly first: number
  readonly second: number
  /** `first` minus `second`: from -1 (always the second) to 1 (always the first); 0 is no bias. */
  readonly bias: number
}

/** How far the verdicts of a judge can be relied on. */
export interface JudgeReliability {
  readonly workflowId: string
  /** Name of the check, or metric of the preference. */
  readonly check: string
  /** Answers that were judged several times, or pairs that were judged in both orders. */
  readonly judged: number
  /** Pairs without a verdict. */
  readonly undecided?: number | undefined
  /** Krippendorff's alpha over the samples of each answer: 1 is perfect, 0 what chance gives. */
  readonly alpha?: number | undefined
  /** Share of the answers on which all samples agree. */
  readonly agreement?: number | undefined
  readonly position?: PositionBias | undefined
}

/** An interval with the way it was made. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** Share of intervals that hold the truth: 0.95. */
  readonly level: number
  /** `wilson`, `bca`, `percentile`, `clustered` … */
  readonly method: string
}

/** A figure of one variant. */
export interface Estimate {
  readonly metric: string
  /** Rate, mean or median; absent where nothing was scored. */
  readonly value?: number | undefined
  readonly interval?: Interval | undefined
  /** Cases and trials behind it. */
  readonly cases: number
  readonly trials: number
  readonly quantiles?:
    | { readonly p50: number; readonly p90: number; readonly p95: number; readonly p99: number }
    | undefined
}

/** What one variant of one workflow did. */
export interface VariantSummary {
  readonly workflowId: string
  readonly variantId: string
  readonly trials: number
  readonly scored: number
  readonly missing: Readonly<Record<string, number>>
  readonly estimates: readonly Estimate[]
  /** By k from 1 to the repeats: a pass in k trials, and k passes in k trials. */
  readonly passAt: readonly { readonly k: number; readonly passAtK: number; readonly passHatK: number }[]
  /** Share of cases that both passed and failed. */
  readonly flaky: number
}

/** What a comparison concludes, seen from the variant. */
export type ComparisonVerdict = 'better' | 'worse' | 'equivalent' | 'non_inferior' | 'not_enough_evidence' | 'identical'

/** Two variants by one metric, case by case. */
export interface PairComparison {
  readonly workflowId: string
  readonly baseline: string
  readonly variant: string
  readonly metric: string
  /** Cases that both have a value for. */
  readonly cases: number
  /** Variant less baseline; for latency and cost also their ratio. */
  readonly difference?: number | undefined
  readonly ratio?: number | undefined
  /** Interval of the difference. */
  readonly interval?: Interval | undefined
  readonly ratioInterval?: Interval | undefined
  /** `mcnemar exact`, `sign flip`, `paired bootstrap`. */
  readonly test: string
  readonly p?: number | undefined
  /** After Holm, over variants × metrics. */
  readonly adjustedP?: number | undefined
  /** Cases that only one of both passed; for binary metrics. */
  readonly discordant?: { readonly baselineOnly: number; readonly variantOnly: number } | undefined
  /** Smallest difference that so many cases show with the power asked for. */
  readonly detectable?: number | undefined
  readonly verdict: ComparisonVerdict
  /** The same with missing trials counted as failures, where that changes the verdict or there are any. */
  readonly sensitivity?: { readonly difference: number; readonly verdict: ComparisonVerdict } | undefined
  readonly note?: string | undefined
}

/** A condition and what came of it. */
export interface GateResult {
  readonly gate: string
  readonly passed: boolean
  /** In words with the figures: `B - A = -0.01, lower bound -0.034 is below -0.02`. */
  readonly reason: string
}

/** A combination of parameters that seems to fail. */
export interface SuspectInteraction {
  readonly workflowId: string
  readonly variantId: string
  readonly parameters: Readonly<Record<string, Scalar>>
  readonly failed: number
  readonly passed: number
  /** Smallest set that explains the failures together. */
  readonly explains: boolean
}

/** What an experiment concludes. */
export interface Comparison {
  readonly metrics: readonly Metric[]
  readonly baseline: string
  readonly alpha: number
  readonly summaries: readonly VariantSummary[]
  readonly pairs: readonly PairComparison[]
  readonly gates: readonly GateResult[]
  readonly suspects: readonly SuspectInteraction[]
  /** Of judges that looked several times, and of judges of pairs. */
  readonly reliability?: readonly JudgeReliability[] | undefined
  /** The variant that is better than every other by the primary metric, with certainty enough; by workflow. */
  readonly winners: Readonly<Record<string, string>>
  /** In words, the most important first. */
  readonly findings: readonly string[]
}
