import { codeSpan } from './story-text.ts'
import { roundDetails, roundRow } from './story-round.ts'
import type { RepairEnd, RepairState } from '../domain/repair.ts'

/** Longest comment, in characters; the host takes 1,000,000. */
const maxStory = 200_000
/** Rounds whose diffs are shown: the last ones. */
const shownDiffs = 4
const mostNotes = 20

/** How the comment of a run is found again: one line of it that nobody sees. */
export function markerOf(runId: string): string {
  return `<!-- greenloop:${runId} -->`
}

const headlines: Readonly<Record<RepairEnd, string>> = {
  succeeded: 'the pipeline is green',
  gave_up: 'gave up',
  guard_rejected: 'guards refused every patch',
  blocked_gate: 'waits for a person',
  auth_failed: 'the token may not do this',
  project_not_found: 'project, branch or pipeline not found',
  llm_unavailable: 'the model cannot be used',
  timed_out: 'out of time',
  cancelled: 'cancelled',
}

/** The comment that tells a run: Markdown in which text from outside stands in code alone. */
export function storyOf(state: RepairState, runId: string): string {
  const { rounds } = state
  const details = rounds
    .map((round, index) => roundDetails(round, index >= rounds.length - shownDiffs))
    .filter((text) => text !== '')
  const head = [
    markerOf(runId),
    `**Greenloop: ${headline(state)}**`,
    ...ending(state),
    ...table(state),
    ...facts(state),
  ]
  const kept: string[] = []
  let room = maxStory - head.join('\n\n').length
  // The newest rounds tell most: older ones go first where the room is short.
  for (const text of details.toReversed()) {
    room -= text.length + 2
    if (room < 0) break
    kept.unshift(text)
  }
  return [...head, ...kept].join('\n\n')
}

function headline({ end, rounds }: RepairState): string {
  return end === undefined ? `at work${rounds.length === 0 ? '' : `, round ${rounds.at(-1)?.number}`}` : headlines[end]
}

function ending({ reason, advice }: RepairState): readonly string[] {
  const told = reason === undefined ? [] : [`How it ended: ${codeSpan(reason)}`]
  return advice === undefined || advice === '' ? told : [...told, `What you can do: ${codeSpan(advice)}`]
}

function table({ rounds }: RepairState): readonly string[] {
  if (rounds.length === 0) return []
  const head = ['| Round | Failing | Outcome | Local proof | Commit |', '|---|---|---|---|---|']
  return [[...head, ...rounds.map(roundRow)].join('\n')]
}

function facts(state: RepairState): readonly string[] {
  const retries = Object.entries(state.retries).map(([name, count]) => `${codeSpan(name)} ×${count}`)
  const lines = [
    ...(state.flaky.length === 0 ? [] : [`- Flaky, passed when run again: ${state.flaky.map(codeSpan).join(', ')}`]),
    ...(retries.length === 0 ? [] : [`- Run again because runners failed: ${retries.join(', ')}`]),
    ...state.notes.slice(0, mostNotes).map((note) => `- Note: ${codeSpan(note)}`),
    ...(state.tokens === 0 ? [] : [`- Model: ${state.tokens} tokens${cost(state)}`]),
  ]
  return lines.length === 0 ? [] : [lines.join('\n')]
}

function cost({ costUsd }: RepairState): string {
  return costUsd === 0 ? '' : `, $${costUsd.toFixed(4)}`
}
