import type { RepairEnd, RepairPhase, RepairRound, RepairState } from '../domain/repair.ts'

/** Why a repair ends, and what a person can do about it. */
export interface Ending {
  readonly end: RepairEnd
  readonly reason: string
  readonly advice?: string | undefined
  /** Phase in which it is taken up again, where time or a person may cure the cause. */
  readonly resumeAt?: RepairPhase | undefined
}

/** The state in its next phase. */
export function move(state: RepairState, phase: RepairPhase, change: Partial<RepairState> = {}): RepairState {
  return { ...state, ...change, phase }
}

/** The state with its end decided; what is left is telling it. */
export function endWith(state: RepairState, ending: Ending): RepairState {
  return { ...state, ...ending, advice: ending.advice, resumeAt: ending.resumeAt, phase: 'finishing' }
}

/** The state with a further note for people; none stands there twice. */
export function withNote(state: RepairState, note: string): RepairState {
  return state.notes.includes(note) ? state : { ...state, notes: [...state.notes, note] }
}

/** The round that is worked on, where there is one. */
export function openRound(state: RepairState): RepairRound | undefined {
  const last = state.rounds.at(-1)
  return last?.outcome === 'open' ? last : undefined
}

/** The state with its last round changed. */
export function changeRound(state: RepairState, change: Partial<RepairRound>): RepairState {
  return { ...state, rounds: [...state.rounds.slice(0, -1), { ...lastRound(state), ...change }] }
}

/** The last round without a push: the next one begins with the same failure. */
export function closeRound(state: RepairState, change: Partial<RepairRound>): RepairState {
  const closed = { pendingAnswer: undefined, complaint: undefined, isCutOff: undefined, headSha: state.pushedSha }
  return move(changeRound(state, change), 'collecting', closed)
}

/** The round that a phase cannot be in without. */
export function lastRound(state: RepairState): RepairRound {
  return known(state.rounds.at(-1))
}

/** What an earlier phase has put into the state; a `TypeError` where a record was tampered with. */
export function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the record of the repair lacks what its phase needs')
  return value
}
