import type { Scalar } from '../domain/case.ts'
import type { Answered, View } from './check-view.ts'

/** What a function of a check gets besides the answer. */
export interface CheckContext extends Pick<
  Answered,
  'case' | 'variantId' | 'status' | 'nodes' | 'timing' | 'usage' | 'cost' | 'model' | 'turns'
> {
  /** Text and outputs of the turn that is looked at, or of the whole. */
  readonly text: string
  readonly outputs: unknown
  readonly turn?: number | undefined
  readonly inputs: Readonly<Record<string, unknown>>
  readonly vars: Readonly<Record<string, unknown>>
  readonly parameters: Readonly<Record<string, Scalar>>
  /** Options of the check. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The context of a check on one view of a trial. */
export function contextOf(trial: Answered, view: View, options: Readonly<Record<string, unknown>> = {}): CheckContext {
  const { case: subject, variantId, status, cost, model, turns } = trial
  const { text, outputs, nodes, timing, usage, turn } = view
  const { inputs, vars, parameters } = subject
  const seen = { text, outputs, nodes, timing, usage, turn }
  return { case: subject, variantId, status, cost, model, turns, ...seen, inputs, vars, parameters, options }
}
