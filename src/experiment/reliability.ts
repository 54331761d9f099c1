import { z } from 'zod'
import type { JudgeReliability, Observation, PositionVerdicts } from '../domain/comparison.ts'
import type { Score } from '../domain/check.ts'
import { agreement } from './judge-agreement.ts'
import { positionBias } from './preference.ts'

const position = z.enum(['first', 'second', 'tie'])
/** Details of a score as results hold them; whatever else is there is not looked at. */
const judgedSchema = z.looseObject({ verdicts: z.array(z.looseObject({ score: z.number().optional() })).optional() })
const detailsSchema = judgedSchema.extend({
  turns: z.array(judgedSchema).optional(),
  positions: z.union([z.literal('undecided'), z.object({ straight: position, swapped: position })]).optional(),
})

/** What the scores of a trial tell of their judges: samples of the same answer, and verdicts on pairs in both orders. */
export function judgingOf(scores: readonly Score[]): Pick<Observation, 'ratings' | 'positions'> {
  const ratings = new Map<string, number[][]>()
  const positions = new Map<string, PositionVerdicts | 'undecided'>()
  for (const { type, name, details } of scores) {
    if (type !== 'judge' || details === undefined) continue
    const read = detailsSchema.safeParse(details)
    if (!read.success) continue
    const { turns = [], ...whole } = read.data
    if (whole.positions !== undefined) {
      positions.set(name, whole.positions)
      continue
    }
    for (const { verdicts = [] } of [whole, ...turns]) {
      const given = verdicts.flatMap(({ score }) => score ?? [])
      if (given.length > 1) ratings.set(name, [...(ratings.get(name) ?? []), given])
    }
  }
  return {
    ...(ratings.size === 0 ? {} : { ratings: Object.fromEntries(ratings) }),
    ...(positions.size === 0 ? {} : { positions: Object.fromEntries(positions) }),
  }
}

/** How far judges can be relied on, by workflow and check: those that looked several times, and those of pairs. */
export function reliabilityOf(observations: readonly Observation[]): JudgeReliability[] {
  const groups = Map.groupBy(observations, ({ workflowId }) => workflowId)
  return [...groups].flatMap(([workflowId, members]) => [
    ...[...gathered(members, ({ ratings }) => ratings)].map(([check, units]) =>
      ofSamples({ workflowId, check }, units.flat()),
    ),
    ...[...gathered(members, ({ positions }) => positions)].map(([check, pairs]) =>
      ofPairs({ workflowId, check }, pairs),
    ),
  ])
}

type Named = Pick<JudgeReliability, 'workflowId' | 'check'>

function ofSamples(named: Named, units: readonly (readonly number[])[]): JudgeReliability {
  const agreeing = units.filter((unit) => unit.every((rating) => rating === unit[0])).length
  return { ...named, judged: units.length, alpha: agreement(units), agreement: agreeing / units.length }
}

function ofPairs(named: Named, pairs: readonly (PositionVerdicts | 'undecided')[]): JudgeReliability {
  const decided = pairs.flatMap((pair) => (pair === 'undecided' ? [] : [pair]))
  return {
    ...named,
    judged: decided.length,
    undecided: pairs.length - decided.length,
    position: positionBias(decided),
  }
}

function gathered<V>(
  observations: readonly Observation[],
  pick: (observation: Observation) => Readonly<Record<string, V>> | undefined,
): Map<string, V[]> {
  const found = new Map<string, V[]>()
  for (const observation of observations) {
    for (const [name, value] of Object.entries(pick(observation) ?? {})) {
      const own = found.get(name) ?? []
      found.set(name, own)
      own.push(value)
    }
  }
  return found
}
