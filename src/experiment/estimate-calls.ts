import type { CaseSpec } from '../domain/case.ts'
import type { CheckSpec } from '../domain/check.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { estimateTokens } from '../lib/tokens.ts'

/** What the trials of some cases consist of, one trial each. */
export interface CallFigures {
  readonly cases: number
  /** Calls of the workflow: one for each turn. */
  readonly calls: number
  /** Turns of the longest conversation. */
  readonly longest: number
  /** Tokens of what is sent: inputs, query, and the queries before it. */
  readonly content: number
  /** Answers that are sent again with later turns. */
  readonly answersAgain: number
}

/** Counts the calls of cases and the tokens of what they send. */
export function callFigures(cases: readonly CaseSpec[]): CallFigures {
  let [calls, longest, content, answersAgain] = [0, 0, 0, 0]
  for (const spec of cases) {
    const turns = spec.turns ?? [{ query: spec.query ?? '', inputs: {} }]
    const inputs = estimateTokens(textOf(spec.inputs))
    let history = 0
    for (const [index, turn] of turns.entries()) {
      history += estimateTokens(turn.query)
      content += inputs + history + estimateTokens(textOf(turn.inputs))
      answersAgain += index
    }
    calls += turns.length
    longest = Math.max(longest, turns.length)
  }
  return { cases: cases.length, calls, longest, content, answersAgain }
}

/** The values of inputs; an object without members says nothing. */
function textOf(inputs: Readonly<Record<string, unknown>>): string {
  return Object.values(inputs)
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(' ')
}

/** What the checks of one trial of each case ask of other models. */
export interface CheckFigures {
  /** Judgements by model of the environment; `''` where none is named. */
  readonly judgements: ReadonlyMap<string, number>
  /** Tokens of rubrics and references by the same names. */
  readonly rubrics: ReadonlyMap<string, number>
  readonly embeddings: number
}

/** Counts what judges are asked: each sample, and each turn of a conversation where a check looks at all of them. */
export function checkFigures({ cases, evaluation }: Pick<RunManifest, 'cases' | 'evaluation'>): CheckFigures {
  const judgements = new Map<string, number>()
  const rubrics = new Map<string, number>()
  let embeddings = 0
  const count = (check: CheckSpec, turns: number): void => {
    const looks = check.turn === 'each' || check.turn === 'any' ? turns : 1
    if (check.type === 'similarity' && check.method === 'embedding') embeddings += looks
    if (check.type !== 'judge') return
    const model = check.model ?? evaluation.judge ?? ''
    const calls = looks * check.samples
    judgements.set(model, (judgements.get(model) ?? 0) + calls)
    const tokens = calls * estimateTokens(`${check.rubric} ${check.reference ?? ''}`)
    rubrics.set(model, (rubrics.get(model) ?? 0) + tokens)
  }
  for (const { checks, turns = [] } of cases) {
    for (const check of [...evaluation.checks, ...checks]) count(check, Math.max(1, turns.length))
    for (const turn of turns) for (const check of turn.checks) count(check, 1)
  }
  return { judgements, rubrics, embeddings }
}
