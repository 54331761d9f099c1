import type { Ending } from './repair-state.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'
import type { RepairRound, RepairState } from '../domain/repair.ts'

/** Whether a further round begins, and how the model is asked in it. */
export type Decision =
  | { readonly kind: 'go'; readonly strategy: RepairRound['strategy'] }
  | { readonly kind: 'stop'; readonly ending: Ending }

/** Pushed rounds in a row after which the same failure ends the run. */
const mostSame = 2

const lookAtIt = 'The merge request shows what was tried; a person has to look at the failure.'

/** Decides on a further round, for a failure with this signature. */
export function mayGoOn(state: RepairState, signature: string, policy: RepairPolicy): Decision {
  const rounds = (state.roundsBefore ?? 0) + state.rounds.length
  const same = sameInARow(state.rounds, signature)
  if (same >= mostSame) {
    return stop('gave_up', `no progress: the same failure after ${same} patches in a row`, lookAtIt)
  }
  if (rounds >= policy.rounds) return stop(endOfRounds(state.rounds), roundsUsed(state.rounds, policy.rounds), lookAtIt)
  const budget = budgetUsed(state, policy)
  if (budget !== undefined) return stop('gave_up', budget, 'Raise `budget`, or repair the rest by hand.')
  return { kind: 'go', strategy: nextStrategy(state.rounds, same) }
}

/** What of the budget is used up, in words; `undefined` while there is some. */
export function budgetUsed(state: RepairState, { budget }: RepairPolicy): string | undefined {
  const { maxTokens, maxCostUsd } = budget
  if (maxTokens !== undefined && state.tokens >= maxTokens) {
    return `the budget of ${maxTokens} tokens is used up: ${state.tokens}`
  }
  if (maxCostUsd !== undefined && state.costUsd >= maxCostUsd) {
    return `the budget of $${maxCostUsd} is used up: $${state.costUsd.toFixed(4)}`
  }
  return undefined
}

/** Patches in a row, the last ones, that were pushed against this very failure and did not change it. */
function sameInARow(rounds: readonly RepairRound[], signature: string): number {
  const pushed = rounds.filter(({ outcome }) => outcome === 'red' || outcome === 'green').toReversed()
  const firstOther = pushed.findIndex((round) => round.signature !== signature)
  return firstOther === -1 ? pushed.length : firstOther
}

/** Blocks, until an answer could not be read or a patch made no difference: then whole files. */
function nextStrategy(rounds: readonly RepairRound[], same: number): RepairRound['strategy'] {
  const last = rounds.at(-1)
  const isStuck = last?.outcome === 'malformed' || last?.findings.some(({ code }) => code === 'same_patch') === true
  return isStuck || same > 0 ? 'whole_file' : 'blocks'
}

function endOfRounds(rounds: readonly RepairRound[]): Ending['end'] {
  return rounds.length > 0 && rounds.every(({ outcome }) => outcome === 'rejected') ? 'guard_rejected' : 'gave_up'
}

function roundsUsed(rounds: readonly RepairRound[], most: number): string {
  const last = rounds.at(-1)
  const isGreenButLess = last?.outcome === 'green'
  if (isGreenButLess) return `green but fewer tests: ${last.findings.find(({ blocks }) => blocks)?.message ?? ''}`
  const refused = endOfRounds(rounds) === 'guard_rejected' ? ', and guards refused every patch' : ''
  return `${most === 1 ? 'the only round is' : `all ${most} rounds are`} used up${refused}`
}

function stop(end: Ending['end'], reason: string, advice: string): Decision {
  return { kind: 'stop', ending: { end, reason, advice } }
}
