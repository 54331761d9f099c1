import { GreenloopError } from '../domain/errors.ts'
import type { Embed } from '../domain/ports.ts'
import { folded } from './check-equal.ts'
import { graded, holds } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import { levenshteinRatio } from './check-levenshtein.ts'
import type { CheckOf, Judging } from './check-parts.ts'
import { textOf } from './check-subject.ts'

/** `similarity`: by Levenshtein distance, or the cosine of embeddings. */
export async function checkSimilarity(
  check: CheckOf<'similarity'>,
  actual: unknown,
  judging: Judging,
): Promise<Finding> {
  const prepare = (text: string): string => (check.ignoreCase ? folded(text) : text.trim())
  const [expected, text] = [prepare(check.value), prepare(textOf(actual))]
  if (expected === '') throw new GreenloopError('judge_failed', 'the expected text is empty')
  if (text === '') return holds(false, 'there is no text')
  const score =
    check.method === 'levenshtein'
      ? levenshteinRatio(expected, text)
      : await byEmbedding([expected, text], check.model, judging)
  return graded(score, check.threshold, `the similarity is ${score.toFixed(3)}, wanted from ${check.threshold} on`)
}

/**
 * Cosine of the angle between two vectors, from -1 to 1; 0 where one of them is zero. Throws `judge_failed` for vectors
 * of different lengths.
 */
export function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) {
    throw new GreenloopError('judge_failed', `the embeddings have ${a.length} and ${b.length} dimensions`)
  }
  const dot = a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
  const lengths = Math.hypot(...a) * Math.hypot(...b)
  return lengths === 0 ? 0 : Math.max(-1, Math.min(1, dot / lengths))
}

/** Vectors that point away from each other are not similar at all, so that the score stays from 0 to 1. */
async function byEmbedding(
  texts: readonly [string, string],
  named: string | undefined,
  { parts, spending, signal }: Judging,
): Promise<number> {
  const model = named ?? parts.usual.embeddings
  const { vectors, tokens } = await embedOf(model, parts.embed)(texts, signal)
  spending.add(model ?? '', { inputTokens: tokens, outputTokens: 0, estimated: false })
  const [expected, actual] = vectors
  if (expected === undefined || actual === undefined) {
    throw new GreenloopError('judge_failed', 'the model made fewer embeddings than there were texts')
  }
  return Math.max(0, cosine(expected, actual))
}

function embedOf(model: string | undefined, embed: Readonly<Record<string, Embed>>): Embed {
  const found = model === undefined || !Object.hasOwn(embed, model) ? undefined : embed[model]
  if (found !== undefined) return found
  throw new GreenloopError(
    'judge_failed',
    model === undefined
      ? 'no model for embeddings is named; set `model` of the check or `evaluation.embeddings`'
      : `there is no model ${model} for embeddings in the environment`,
  )
}
