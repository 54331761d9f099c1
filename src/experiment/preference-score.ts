import type { PositionVerdicts } from '../domain/comparison.ts'
import type { Score } from '../domain/check.ts'
import type { TestResult } from '../domain/test-result.ts'

/** A verdict on two answers to the same case, as it is put on record. */
export interface PreferenceNote {
  readonly workflowId: string
  readonly caseId: string
  readonly repeat: number
  readonly baseline: string
  readonly variant: string
  /** `a` is the baseline's answer. */
  readonly winner: 'a' | 'b' | 'tie' | 'undecided'
  /** What was said in both orders, where both gave a verdict. */
  readonly positions?: PositionVerdicts | undefined
  /** Why there is no verdict. */
  readonly fault?: string | undefined
  /** What is needed to judge again: prompt hashes, model, reasons. */
  readonly verdicts?: readonly unknown[] | undefined
}

/** Trials are known to verdicts by this. */
export function keyOfTrial({
  workflowId,
  caseId,
  repeat,
  variantId,
}: Pick<TestResult, 'workflowId' | 'caseId' | 'repeat' | 'variantId'>): string {
  return JSON.stringify([workflowId, caseId, repeat, variantId])
}

const shares = { a: [1, 0], b: [0, 1], tie: [0.5, 0.5] } as const

/**
 * Puts verdicts on pairs into results, as a score that only informs: 1 for the better answer, 0.5 for a tie. With two
 * variants its metric is `preference`; with more there is one for each that was held against the baseline,
 * `preference:variant`.
 */
export function preferenceScores(notes: readonly PreferenceNote[]): (result: TestResult) => TestResult {
  const variants = new Set(notes.map(({ variant }) => variant))
  const added = new Map<string, Score[]>()
  const add = (note: PreferenceNote, variantId: string, score: Score): void => {
    const key = keyOfTrial({ ...note, variantId })
    added.set(key, [...(added.get(key) ?? []), score])
  }
  for (const note of notes) {
    const { baseline, variant } = note
    const name = variants.size > 1 ? `preference:${variant}` : 'preference'
    add(note, baseline, scoreOf(note, { name, side: 0 }))
    add(note, variant, scoreOf(note, { name, side: 1 }))
  }
  return (result) => {
    const scores = added.get(keyOfTrial(result))
    return scores === undefined ? result : { ...result, scores: [...result.scores, ...scores] }
  }
}

function scoreOf(note: PreferenceNote, { name, side }: { readonly name: string; readonly side: 0 | 1 }): Score {
  const { winner, positions, fault, verdicts, baseline, variant } = note
  const against = side === 0 ? variant : baseline
  const common = { name, type: 'judge', metric: name, weight: 0 } as const
  // The verdict is one, so what it rests on stands with one of both.
  const details = side === 0 ? { against } : { against, positions: positions ?? 'undecided', verdicts }
  if (winner === 'undecided') return { ...common, error: fault ?? 'the judge gave no verdict', details }
  const score = shares[winner][side]
  return { ...common, score, passed: score >= 0.5, reason: reasonOf(score, { against, positions }), details }
}

function reasonOf(
  score: number,
  { against, positions }: { readonly against: string; readonly positions: PositionVerdicts | undefined },
): string {
  if (score === 1) return `better than ${against} in both orders`
  if (score === 0) return `worse than ${against} in both orders`
  const isTie = positions?.straight === 'tie' && positions.swapped === 'tie'
  return isTie ? `as good as ${against}` : `no verdict that holds in both orders against ${against}`
}
