import { baselineAt, isRun } from './round-baseline.ts'
import { collect } from './round-collect.ts'
import { currentJobs } from './jobs.ts'
import { endWith, known, move } from './repair-state.ts'
import { mayGoOn } from './stop.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import { takenAway } from './repair-ours.ts'

/** Gathers what the failed pipeline says, and opens a round of repair if one more is allowed. */
export const collecting: Step = async (state, context) => {
  const away = await takenAway(state, context)
  if (away !== undefined) return away
  const { diagnosis } = await collect(state, context)
  const based = state.baselineJobs === undefined ? await withBaseline(state, context) : state
  const decision = mayGoOn(based, diagnosis.signature, context.world.policy)
  if (decision.kind === 'stop') return endWith(based, decision.ending)
  const number = (state.roundsBefore ?? 0) + state.rounds.length + 1
  context.world.emit({ kind: 'step', text: `round ${number}: ${diagnosis.failing.map(({ name }) => name).join(', ')}` })
  return move(based, 'diagnosing', {
    rounds: [
      ...based.rounds,
      {
        number,
        pipelineId: known(based.pipelineId),
        failing: diagnosis.failing,
        signature: diagnosis.signature,
        strategy: decision.strategy,
        outcome: 'open',
        explanation: '',
        diff: '',
        findings: [],
        tokens: 0,
        costUsd: 0,
      },
    ],
  })
}

/** What the first pipeline ran is what later ones have to run too. */
async function withBaseline(state: RepairState, context: RepairContext): Promise<RepairState> {
  const all = await context.world.forge.jobs(known(state.projectId), known(state.pipelineId), context.signal)
  const jobs = currentJobs(all)
  const baseline = await baselineAt(state, jobs, context)
  return { ...state, baseline, baselineJobs: jobs.filter(isRun).map(({ name }) => name) }
}
