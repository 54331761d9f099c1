import type { PairComparison, VariantSummary } from '../domain/comparison.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import type { WorkflowTable } from './compare-table.ts'
import type { Drawing } from './stats-bootstrap.ts'

/** What gates are held against. */
export interface GateGround {
  readonly tables: readonly WorkflowTable[]
  readonly summaries: readonly VariantSummary[]
  /** Comparisons with the baseline, p-values adjusted over all of them. */
  readonly pairs: readonly PairComparison[]
  /** All metrics that any trial has a value of, the primary first. */
  readonly metrics: readonly ComparedMetric[]
  readonly variants: readonly string[]
  readonly alpha: number
  /** Loss that does not matter, where a gate on shares names none. */
  readonly margin: number
  /** A source of draws of its own for each name. */
  readonly drawing: (name: string) => Drawing
}
