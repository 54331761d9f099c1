import { sha256 } from '../../src/lib/hash.ts'
import type { Life } from './log.ts'
import { printEntry } from './log.ts'
import { observe } from './observed.ts'
import type { Breach, Rule } from './rules.ts'
import {
  attemptsAreNumbered,
  attemptsAreTold,
  attemptsEndAsTheyShould,
  backoffIsKept,
  retriesAreAllowed,
  retriesAreMade,
  retriesKeepToTheirBudget,
  timesAreTrue,
} from './rules-attempts.ts'
import { noIdleSlot } from './rules-idle.ts'
import {
  batchesAreKept,
  endIsAnEnd,
  pausesAreKept,
  rateIsKept,
  receiverIsNotFlooded,
  widthIsKept,
  widthShrinksForAReason,
} from './rules-limits.ts'
import {
  comesBack,
  faultsAreTold,
  inOrder,
  leavesNothing,
  oneResultEach,
  overIsOver,
  resultsFollowAttempts,
  sourceIsTreatedWell,
  statisticsAddUp,
  stopsForAReason,
} from './rules-results.ts'
import { resumesWhereItStood } from './rules-resume.ts'
import type { Simulation } from './simulate.ts'

/** What holds in every life, by the name under which it is reported. */
export const rules = {
  'comes-back': comesBack,
  'one-result-each': oneResultEach,
  'results-in-order': inOrder,
  'source-treated-well': sourceIsTreatedWell,
  'statistics-add-up': statisticsAddUp,
  'results-follow-attempts': resultsFollowAttempts,
  'stops-for-a-reason': stopsForAReason,
  'faults-are-told': faultsAreTold,
  'over-is-over': overIsOver,
  'nothing-left': leavesNothing,
  'attempts-numbered': attemptsAreNumbered,
  'attempts-told': attemptsAreTold,
  'attempts-end-rightly': attemptsEndAsTheyShould,
  'retries-allowed': retriesAreAllowed,
  'retries-made': retriesAreMade,
  'retry-budget': retriesKeepToTheirBudget,
  'backoff-kept': backoffIsKept,
  'times-true': timesAreTrue,
  'width-kept': widthIsKept,
  'width-shrinks-rightly': widthShrinksForAReason,
  'rate-kept': rateIsKept,
  'batches-kept': batchesAreKept,
  'pauses-kept': pausesAreKept,
  'receiver-not-flooded': receiverIsNotFlooded,
  'end-is-end': endIsAnEnd,
  'no-idle-slot': noIdleSlot,
} as const satisfies Record<string, Rule>

/** Name of a rule. */
type Invariant = keyof typeof rules | 'resumes-where-it-stood'

/** A rule that did not hold, and in which life. */
export interface Finding extends Breach {
  readonly invariant: Invariant
  readonly life: number
}

/** Every breach of a simulated run. */
export function judge(simulation: Simulation): readonly Finding[] {
  const ofLives = simulation.lives.flatMap((life, number) =>
    judgeLife(life).map((finding) => ({ ...finding, life: number })),
  )
  const ofAll = [...resumesWhereItStood(simulation)].map((breach) => ({
    ...breach,
    invariant: 'resumes-where-it-stood' as const,
    life: simulation.lives.length - 1,
  }))
  return [...ofLives, ...ofAll]
}

/** Every breach of one life. */
export function judgeLife(life: Life): readonly Finding[] {
  const seen = observe(life)
  return (Object.keys(rules) as (keyof typeof rules)[]).flatMap((invariant) =>
    [...rules[invariant](seen)].map((breach) => ({ ...breach, invariant, life: 0 })),
  )
}

/** One value that stands for everything that was seen of a run; without its dates, where these were made to differ. */
export function fingerprint({ lives }: Simulation, { dates = true }: { readonly dates?: boolean } = {}): string {
  const text = lives.flatMap(({ log }) => log.map(printEntry)).join('\n')
  return sha256(dates ? text : text.replaceAll(/"(?:started|ended)At":-?\d+/g, ''))
}

/** Last entries before the breach that are shown. */
const shown = 15

/** A finding for people: the seed, what broke, what happened just before, and how to see all of it. */
export function explain({ world, lives }: Simulation, { invariant, message, index, life }: Finding): string {
  const log = lives[life]?.log ?? []
  const to = index === undefined ? log.length : index + 1
  return [
    `seed ${world.seed}: ${invariant}: ${message}${lives.length > 1 ? ` (life ${life + 1} of ${lives.length})` : ''}`,
    ...log.slice(Math.max(0, to - shown), to).map((entry) => `  ${printEntry(entry).slice(0, 300)}`),
    `  replay: node tests/simulation/replay.ts ${world.seed}`,
  ].join('\n')
}
