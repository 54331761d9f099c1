import { changeRound, known, move, openRound } from './repair-state.ts'
import { GreenloopError } from '../domain/errors.ts'
import { repositoryOf } from './repair-context.ts'
import { takenAway } from './repair-ours.ts'
import type { Step } from './repair-context.ts'

/** Pushes the head of the run unless it is there already. */
export const pushing: Step = async (state, context) => {
  const branch = known(state.branch)
  const sha = known(state.headSha)
  const repository = await repositoryOf(state, context)
  const head = await repository.remoteHead(branch, context.signal)
  if (head !== sha) {
    if (head !== state.pushedSha) {
      throw new GreenloopError('repair_conflict', `somebody else pushed to ${branch} while the run worked on it`)
    }
    const away = openRound(state) === undefined ? undefined : await takenAway(state, context)
    if (away !== undefined) return away
    await repository.push({ sha, branch, expected: state.pushedSha }, context.signal)
  }
  const round = openRound(state)
  const told = round === undefined ? state : changeRound(state, { outcome: 'pushed', commit: sha })
  return move(told, 'mr_open', {
    pushedSha: sha,
    pipelineId: undefined,
    otherPipelines: undefined,
    greenPipelines: undefined,
    played: undefined,
    pendingAnswer: undefined,
    isCutOff: undefined,
    complaint: undefined,
    localOutput: undefined,
  })
}
