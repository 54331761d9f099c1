import { broughtIn } from './round-brought-in.ts'
import { endWith, known, move } from './repair-state.ts'
import { GreenloopError } from '../domain/errors.ts'
import { repositoryOf } from './repair-context.ts'
import type { Step } from './repair-context.ts'

/** Brings the commits of the host here, and looks whether there is anything to repair. */
export const syncing: Step = async (state, context) => {
  const { world, memory, signal } = context
  await repositoryOf(state, context)
  const ref = known(state.targetBranch)
  const baseSha = memory.branches?.get(ref)
  if (baseSha === undefined) throw new GreenloopError('forge_not_found', `the branch ${ref} is not there any more`)
  const synced = { ...state, baseSha }
  const { files } = await broughtIn(synced, context)
  if (files.length > 0) return move(synced, 'branching')
  const [newest] = await world.forge.pipelines(known(state.projectId), { sha: baseSha, ref, limit: 1 }, signal)
  if (newest?.status !== 'success' || newest.sha !== baseSha) return move(synced, 'branching')
  const reason = `nothing to repair: the newest pipeline of ${ref} at ${baseSha.slice(0, 12)} is green`
  return endWith(synced, { end: 'succeeded', reason })
}
