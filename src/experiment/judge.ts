import { askJudge } from './judge-ask.ts'
import type { Asked, Judge } from './judge-ask.ts'
import { shareAgreeing } from './judge-agreement.ts'
import { rubricPrompt } from './judge-prompt.ts'
import type { Order, Rubric } from './judge-prompt.ts'
import type { VerdictKind } from './judge-verdict.ts'

/** One judgement among several of the same answer. */
type Sample = Asked & {
  readonly order: Order
  /** From 0 to 1, where there is a verdict. */
  readonly score?: number | undefined
}

/** What a judge said of an answer, over all samples. */
export interface Judgement {
  /** Median of the samples, from 0 to 1; absent where half of them or more gave no verdict. */
  readonly score?: number | undefined
  /** Reasons of a sample that stands nearest to the score. */
  readonly reasoning?: string | undefined
  /** Share of the verdicts that are the most frequent one. */
  readonly agreement?: number | undefined
  readonly samples: readonly Sample[]
}

/**
 * Lets a model judge an answer `samples` times, one after another. Every second time the scale is told the other way
 * round, so that a liking for the first or last verdict shows as disagreement.
 */
export async function judgeByRubric(judge: Judge, rubric: Rubric, samples: number): Promise<Judgement> {
  const taken: Sample[] = []
  for (let index = 0; index < samples; index++) {
    taken.push(await sample(judge, rubric, index % 2 === 0 ? 'best_first' : 'worst_first'))
  }
  const scored = taken.flatMap((one) =>
    one.kind === 'verdict' && one.score !== undefined ? [{ ...one, score: one.score }] : [],
  )
  if (scored.length * 2 <= samples) return { samples: taken }
  const score = median(scored.map((one) => one.score))
  const nearest = scored.toSorted((a, b) => Math.abs(a.score - score) - Math.abs(b.score - score))[0]
  return {
    score,
    reasoning: nearest?.reasoning,
    agreement: shareAgreeing(scored.map(({ verdict }) => verdict)),
    samples: taken,
  }
}

async function sample(judge: Judge, rubric: Rubric, order: Order): Promise<Sample> {
  const { scale } = rubric
  const kind: VerdictKind = scale === 'binary' ? { type: 'binary' } : { type: 'points', most: scale }
  const asked = await askJudge(judge, rubricPrompt(rubric, order), kind)
  return asked.kind === 'none' ? { ...asked, order } : { ...asked, order, score: scoreOf(asked.verdict, scale) }
}

/** Points from 1 to n as a share: 1 is 0, n is 1. */
function scoreOf(verdict: string | number, scale: Rubric['scale']): number {
  if (typeof verdict === 'string' || scale === 'binary') return verdict === 'pass' ? 1 : 0
  return (verdict - 1) / (scale - 1)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
