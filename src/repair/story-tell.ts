import { known } from './repair-state.ts'
import { markerOf, storyOf } from './story.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairWorld } from './world.ts'

/** Writes the comment of the run, or brings it up to date; nothing where there is no merge request. */
export async function tellStory(state: RepairState, world: RepairWorld, signal: AbortSignal): Promise<void> {
  if (state.mergeRequest === undefined) return
  const at = { projectId: known(state.projectId), iid: state.mergeRequest.iid }
  const body = world.redactor.text(storyOf(state, world.runId))
  await world.forge.putNote(at, { marker: markerOf(world.runId), body }, signal)
}

/** What of a state the comment tells while the run goes on: it is written anew only where this has changed. */
export function chapterOf({ mergeRequest, rounds, flaky, retries }: RepairState): string {
  if (mergeRequest === undefined) return ''
  return JSON.stringify([rounds.map(({ outcome, number }) => [number, outcome]), flaky, retries])
}
