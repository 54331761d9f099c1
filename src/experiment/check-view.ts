import type { CaseSpec } from '../domain/case.ts'
import type { CheckSpec } from '../domain/check.ts'
import type { NodeTrace, TrialOutput, TrialTiming, TrialUsage, TurnResult } from '../domain/test-result.ts'

type AnsweredMember =
  | 'status'
  | 'text'
  | 'outputs'
  | 'turns'
  | 'nodes'
  | 'timing'
  | 'usage'
  | 'cost'
  | 'model'
  | 'error'

/** A trial that came back, before it is judged. */
export interface Answered extends Pick<TrialOutput, AnsweredMember> {
  readonly case: CaseSpec
  readonly variantId: string
}

/** What one check looks at: the whole trial, or one turn of its conversation. */
export interface View {
  /** Number of the turn, from 1; absent for the whole. */
  readonly turn?: number | undefined
  readonly text: string
  readonly outputs: unknown
  readonly nodes: readonly NodeTrace[]
  readonly timing: TrialTiming
  readonly usage?: TrialUsage | undefined
  /** What was asked, with the turns before. */
  readonly question: string
  /** All turns as text. */
  readonly conversation: string
}

/** Views of a check and how many of them have to hold; `missing` says why there is none. */
export type Views =
  | { readonly wanted: 'every' | 'some'; readonly views: readonly [View, ...View[]] }
  | { readonly missing: string }

/**
 * What a check of the plan, of the case, or of one turn (`ownTurn`, from 1) looks at. With `on: conversation` it is the
 * whole trial, so that `latency` and `tokens` on it are those of all turns together.
 */
export function viewsOf(trial: Answered, check: Pick<CheckSpec, 'on' | 'turn'>, ownTurn?: number): Views {
  const turns = trial.turns ?? []
  if (turns.length === 0) return viewOfSingle(trial, ownTurn ?? check.turn)
  if (ownTurn === undefined && check.on === 'conversation') return only(wholeOf(trial))
  const wanted = ownTurn ?? check.turn
  const views = turns.map((_, index) => turnView(turns, index))
  if (wanted === 'each' || wanted === 'any') {
    const [first, ...rest] = views
    if (first !== undefined) return { wanted: wanted === 'each' ? 'every' : 'some', views: [first, ...rest] }
  }
  const view = typeof wanted === 'number' ? views[wanted - 1] : views.at(-1)
  return view === undefined ? { missing: `the conversation ended after turn ${turns.length}` } : only(view)
}

/** The trial as one view, whatever its turns. */
export function wholeOf(trial: Answered): View {
  const { text, outputs, nodes, timing, usage } = trial
  const { query, inputs } = trial.case
  const turns = trial.turns ?? []
  const asked = { query: query ?? '', text }
  const question = turns.length === 0 ? questionOf(query, inputs) : ''
  return {
    text,
    outputs,
    nodes,
    timing,
    usage,
    question,
    conversation: transcript(turns.length === 0 ? [asked] : turns),
  }
}

function viewOfSingle(trial: Answered, turn: CheckSpec['turn']): Views {
  const reached = typeof turn !== 'number' || turn === 1
  return reached ? only(wholeOf(trial)) : { missing: `there is no turn ${turn}: the trial has one answer` }
}

function only(view: View): Views {
  return { wanted: 'every', views: [view] }
}

function turnView(turns: readonly TurnResult[], index: number): View {
  const { query = '', text = '', outputs, nodes = [], timing = { totalMs: 0 }, usage } = turns[index] ?? {}
  const before = turns.slice(0, index)
  const question = before.length === 0 ? query : `${transcript(before)}\n\nUser: ${query}`
  return { turn: index + 1, text, outputs, nodes, timing, usage, question, conversation: transcript(turns) }
}

function transcript(turns: readonly Pick<TurnResult, 'query' | 'text'>[]): string {
  return turns.map(({ query, text }) => `User: ${query}\n\nAssistant: ${text}`).join('\n\n')
}

function questionOf(query: string | undefined, inputs: Readonly<Record<string, unknown>>): string {
  if (Object.keys(inputs).length === 0) return query ?? ''
  const sent = JSON.stringify(inputs, undefined, 2)
  return query === undefined ? sent : `${query}\n\nInputs:\n${sent}`
}
