import type { PositionBias, PositionVerdicts } from '../domain/comparison.ts'
import { askJudge } from './judge-ask.ts'
import type { Asked, Judge } from './judge-ask.ts'
import { preferencePrompt } from './judge-prompt.ts'

/** Two answers to the same question. */
export interface AnswerPair {
  readonly rubric: string
  readonly question: string
  readonly a: string
  readonly b: string
}

/** Which of two answers a judge prefers; `undecided` where one order gave no verdict. */
export type Preferred = PreferredDetails &
  (
    | ({ readonly winner: 'a' | 'b' | 'tie'; readonly consistent: boolean } & PositionVerdicts)
    | { readonly winner: 'undecided'; readonly fault: string }
  )

interface PreferredDetails {
  /** The verdict with `a` first, then that with `b` first. */
  readonly verdicts: readonly [Asked, Asked]
}

/** Asks for the better of two answers in both orders. Only a verdict that holds in both counts; otherwise it is a tie. */
export async function preferAnswers(judge: Judge, { rubric, question, a, b }: AnswerPair): Promise<Preferred> {
  const kind = { type: 'preference' } as const
  const one = await askJudge(judge, preferencePrompt({ rubric, question, first: a, second: b }), kind)
  const other = await askJudge(judge, preferencePrompt({ rubric, question, first: b, second: a }), kind)
  const verdicts = [one, other] as const
  const straight = positionOf(one)
  const swapped = positionOf(other)
  if (straight === undefined || swapped === undefined) {
    const faults = verdicts.flatMap((asked) => (asked.kind === 'none' ? [asked.fault] : []))
    return { winner: 'undecided', fault: [...new Set(faults)].join('; '), verdicts }
  }
  return { ...decide({ straight, swapped }), straight, swapped, verdicts }
}

/** Position bias over the verdicts of many pairs; `undefined` without any. */
export function positionBias(pairs: readonly PositionVerdicts[]): PositionBias | undefined {
  if (pairs.length === 0) return undefined
  const share = (holds: (pair: PositionVerdicts) => boolean): number => pairs.filter(holds).length / pairs.length
  const first = share(({ straight, swapped }) => straight === 'first' && swapped === 'first')
  const second = share(({ straight, swapped }) => straight === 'second' && swapped === 'second')
  return {
    pairs: pairs.length,
    consistent: share((pair) => decide(pair).consistent),
    first,
    second,
    bias: first - second,
  }
}

function positionOf(asked: Asked): PositionVerdicts['straight'] | undefined {
  return asked.kind === 'none' ? undefined : (asked.verdict as PositionVerdicts['straight'])
}

function decide({ straight, swapped }: PositionVerdicts): { winner: 'a' | 'b' | 'tie'; consistent: boolean } {
  if (straight === 'first' && swapped === 'second') return { winner: 'a', consistent: true }
  if (straight === 'second' && swapped === 'first') return { winner: 'b', consistent: true }
  return { winner: 'tie', consistent: straight === 'tie' && swapped === 'tie' }
}
