import { afterGate } from './step-gate.ts'
import { afterGreen } from './step-green.ts'
import { afterRed } from './step-red.ts'
import { changeRound, endWith, known } from './repair-state.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import type { Watched } from './watch.ts'
import { watchParts } from './repair-context.ts'
import { watchPipeline } from './watch.ts'

/** Watches the pipeline until something has to be decided, and decides it. */
export const polling: Step = async (state, context) => {
  const at = { projectId: known(state.projectId), pipelineId: known(state.pipelineId) }
  const watched = await watchPipeline(at, watchParts(context), context.signal)
  return decide(state, watched, context)
}

async function decide(state: RepairState, watched: Watched, context: RepairContext): Promise<RepairState> {
  switch (watched.kind) {
    case 'green':
      return afterGreen(state, watched, context)
    case 'red':
      return afterRed(judged(state), watched, context)
    case 'gate':
      return afterGate(state, watched, context)
    case 'stuck':
      return endWith(state, {
        end: 'blocked_gate',
        reason: `no runner takes ${watched.pending.map((job) => job.name).join(', ') || 'the jobs'}`,
        advice: 'Look at the runners of the project and the tags of the jobs, then `greenloop repair resume ID`.',
        resumeAt: 'polling',
      })
    case 'canceled':
      return endWith(state, {
        end: 'cancelled',
        reason: 'a person canceled the pipeline',
        advice: 'Start a new run if the branch should be repaired after all.',
      })
    case 'skipped':
      return endWith(state, {
        end: 'gave_up',
        reason: 'nothing ran: every job of the pipeline was skipped',
        advice: 'Look at the rules of the pipeline, and whether they let it run on branches below `greenloop/`.',
      })
  }
}

function judged(state: RepairState): RepairState {
  return state.rounds.at(-1)?.outcome === 'pushed' ? changeRound(state, { outcome: 'red' }) : state
}
