import { changeRound, endWith, known, lastRound, move, withNote } from './repair-state.ts'
import { fullPipeline } from './round-full.ts'
import { lostWithin } from './round-lost.ts'
import type { ForgeJob } from '../domain/forge.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairContext } from './repair-context.ts'
import type { Watched } from './watch.ts'

type Green = Extract<Watched, { kind: 'green' }>

/** What follows from a green pipeline: the end, unless tests or jobs got lost on the way. */
export async function afterGreen(state: RepairState, green: Green, context: RepairContext): Promise<RepairState> {
  const noted = green.warnings.reduce(withNote, withFlaky(state, green.jobs))
  const [next, ...others] = state.otherPipelines ?? []
  if (next !== undefined) {
    const greenPipelines = [...(state.greenPipelines ?? []), known(state.pipelineId)]
    return move(noted, 'polling', { pipelineId: next, otherPipelines: others, greenPipelines })
  }
  if (noted.rounds.at(-1)?.outcome !== 'pushed') return unchanged(noted, context)
  const findings = await lostWithin(noted, context)
  const all = [...lastRound(noted).findings, ...findings]
  if (findings.some(({ blocks }) => blocks)) {
    const full = await fullPipeline(noted, findings, context)
    if (full !== undefined) {
      const greenPipelines = [...(noted.greenPipelines ?? []), known(noted.pipelineId)]
      return move(noted, 'polling', { pipelineId: full.id, greenPipelines })
    }
    return move(changeRound(noted, { outcome: 'green', findings: all }), 'collecting')
  }
  const told = changeRound(noted, { outcome: 'green', findings: all })
  const { number } = lastRound(told)
  return endWith(told, {
    end: 'succeeded',
    reason: `the pipeline of ${known(told.pushedSha).slice(0, 12)} is green after ${number} round${number === 1 ? '' : 's'}`,
    advice: adviceFor(told, context),
  })
}

function withFlaky(state: RepairState, jobs: readonly ForgeJob[]): RepairState {
  const passed = new Set(jobs.filter(({ status }) => status === 'success').map(({ name }) => name))
  if (state.rounds.some(({ outcome }) => outcome !== 'malformed' && outcome !== 'rejected')) return state
  const flaky = (state.reruns ?? []).filter((name) => passed.has(name))
  return { ...state, flaky: [...new Set([...state.flaky, ...flaky])] }
}

/** Green without a patch: the files that were brought in are fine, or a failure did not come again. */
function unchanged(state: RepairState, context: RepairContext): RepairState {
  const sha = known(state.pushedSha).slice(0, 12)
  if (state.pushedSha === state.baseSha) {
    const why =
      state.flaky.length === 0 ? '' : `: ${state.flaky.join(', ')} failed and then passed with nothing changed`
    return endWith(state, {
      end: 'succeeded',
      reason: `the pipeline of ${sha} is green without a change${why}`,
      advice: 'There is nothing to merge; close the merge request.',
    })
  }
  return endWith(state, {
    end: 'succeeded',
    reason: `the pipeline of ${sha} is green with the files that were brought in`,
    advice: adviceFor(state, context),
  })
}

function adviceFor(state: RepairState, { world }: RepairContext): string {
  const review = 'Review the merge request and merge it. Greenloop never merges.'
  return world.forge.afterGreen?.(known(state.branch)) ?? review
}
