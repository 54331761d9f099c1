import { caseSchema } from '../domain/case.ts'
import type { CaseSpec } from '../domain/case.ts'
import { checkSchema } from '../domain/check.ts'
import type { CheckInput, CheckSpec, Score } from '../domain/check.ts'
import { evaluationSchema } from '../domain/experiment.ts'
import type { Evaluation } from '../domain/experiment.ts'
import type { NodeTrace, TurnResult } from '../domain/test-result.ts'
import type { Answered } from './check-view.ts'
import { createEvaluator } from './evaluate.ts'
import type { Evaluated, EvaluatorParts } from './evaluate.ts'

/** A case with everything left out that a test does not name. */
export function aCase(members: Partial<CaseSpec> = {}): CaseSpec {
  return caseSchema.parse({ id: '0123456789abcdef', name: 'case', dataset: 'data', inputs: {}, ...members })
}

/** A check as people write it, every default filled. */
export function aCheck(input: CheckInput): CheckSpec {
  return checkSchema.parse(input)
}

/** A trial that answered `text`. */
export function anAnswer(text: string, members: Partial<Answered> = {}): Answered {
  return {
    case: aCase(),
    variantId: 'baseline',
    status: 'succeeded',
    text,
    outputs: { text },
    nodes: [],
    timing: { totalMs: 1200 },
    ...members,
  }
}

/** A node of a trace. */
export function aNode(title: string, members: Partial<NodeTrace> = {}): NodeTrace {
  return { id: `id-${title}`, title, type: 'llm', status: 'succeeded', ...members }
}

/** Turns of a conversation from pairs of query and answer. */
export function someTurns(...pairs: readonly (readonly [query: string, text: string])[]): readonly TurnResult[] {
  return pairs.map(([query, text], index) => ({
    query,
    text,
    outputs: { text },
    timing: { totalMs: 100 * (index + 1) },
    usage: { totalTokens: 10 * (index + 1) },
    ids: {},
    nodes: [],
  }))
}

/** An evaluator's surroundings in a test. */
export interface Around {
  readonly checks?: readonly CheckInput[]
  readonly evaluation?: Partial<Evaluation>
  readonly folder?: string
  readonly parts?: Partial<EvaluatorParts>
}

/** Judges one trial by the checks of a plan, with a fresh evaluator. */
export async function evaluated(trial: Answered, around: Around): Promise<Evaluated> {
  const { checks = [], evaluation = {}, folder = '/', parts = {} } = around
  const setup = { evaluation: evaluationSchema.parse({ ...evaluation, checks }), folder }
  const evaluator = createEvaluator(setup, { models: {}, embed: {}, ...parts })
  try {
    return await evaluator.evaluate(trial, new AbortController().signal)
  } finally {
    await evaluator.close()
  }
}

/** The score of one check of a plan. */
export async function scored(check: CheckInput, trial: Answered, around: Omit<Around, 'checks'> = {}): Promise<Score> {
  const { scores } = await evaluated(trial, { ...around, checks: [check] })
  const [score] = scores
  if (score === undefined) throw new Error('no check was made')
  return score
}
