import type { Observation } from '../domain/comparison.ts'
import { evaluationSchema, type Evaluation } from '../domain/experiment.ts'
import { createRandom } from '../lib/random.ts'

/** An evaluation as plans have it, with few draws unless asked for more. */
export function evaluationOf(input: Partial<Evaluation> = {}): Evaluation {
  return { ...evaluationSchema.parse({}), draws: 500, ...input }
}

/** One trial of workflow `w`; the case is a number. */
export function trialOf(
  variantId: string,
  caseNumber: number,
  { repeat = 1, ...rest }: Partial<Observation> & Pick<Observation, 'values'>,
): Observation {
  return { workflowId: 'w', variantId, caseId: `case ${caseNumber}`, repeat, parameters: {}, ...rest }
}

/** Passes of variants on the same cases: one letter a case, `+` passed, `-` failed, `?` missing. */
export function passesOf(variants: Readonly<Record<string, string>>): Observation[] {
  return Object.entries(variants).flatMap(([variantId, marks]) =>
    Array.from(marks, (mark, index) =>
      mark === '?'
        ? trialOf(variantId, index, { values: {}, missing: 'infrastructure' })
        : trialOf(variantId, index, { values: { pass_rate: mark === '+' ? 1 : 0 } }),
    ),
  )
}

/** Variants drawn at random: each case has a chance of its own around `rate`, moved by the gain of the variant. */
export interface Drawn {
  readonly cases: number
  readonly repeats: number
  readonly rate: number
  /** What a variant adds to the logarithm of the odds. */
  readonly gains: Readonly<Record<string, number>>
  readonly seed: number
}

/** Trials drawn at random, with pass rate, score, latency and cost. */
export function drawTrials({ cases, repeats, rate, gains, seed }: Drawn): Observation[] {
  const random = createRandom(seed)
  return Array.from({ length: cases }, (_, index) => {
    const ease = Math.log(rate / (1 - rate)) + 3 * (random() + random() + random() - 1.5)
    return Object.entries(gains).flatMap(([variantId, gain]) =>
      Array.from({ length: repeats }, (_unused, repeat) => {
        const chance = 1 / (1 + Math.exp(-ease - gain))
        const values = {
          pass_rate: random() < chance ? 1 : 0,
          score: Math.min(1, Math.max(0, chance + 0.4 * (random() - 0.5))),
          latency: 500 * Math.exp(random() + (index % 7) / 5),
          'cost:USD': 0.001 * Math.exp(random()),
        }
        return trialOf(variantId, index, { repeat: repeat + 1, block: index, values })
      }),
    )
  }).flat()
}
