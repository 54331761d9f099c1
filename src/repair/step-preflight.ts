import type { ForgeProject } from '../domain/forge.ts'
import { endWith, move } from './repair-state.ts'
import { findOrMake } from './step-preflight-project.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RepairContext, Step } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'

/** Role that may push and open merge requests. */
const developer = 30

/** Who asks, what the token may do, which project and branch are meant. */
export const preflight: Step = async (state, context) => {
  const { world, signal } = context
  demandBox(context)
  const identity = await world.forge.identify(signal)
  if (identity.scopes !== undefined && !identity.scopes.includes('api')) {
    const has = identity.scopes.join(', ') || 'none'
    return refused(state, `the token of ${identity.username} lacks the scope \`api\`; it has ${has}`)
  }
  const found = await findOrMake(state, context)
  if ('end' in found) return found.end
  const { project } = found
  context.memory.project = project
  const named = { ...state, projectId: project.id, projectPath: project.path }
  const missing = whatIsMissing(named, project)
  if (missing !== undefined) return missing
  return onBranch(named, project, context)
}

/** Throws `sandbox_unavailable` before anything was made, where local proof is demanded and cannot be had. */
function demandBox({ world }: RepairContext): void {
  if (world.policy.validation.sandbox !== 'required' || !('missing' in world.box)) return
  throw new GreenloopError(
    'sandbox_unavailable',
    `local proof is required and no sandbox can be had: ${world.box.missing}`,
  )
}

function whatIsMissing(state: RepairState, project: ForgeProject): RepairState | undefined {
  if (project.isArchived) {
    const advice = 'Unarchive it, then `greenloop repair resume ID`.'
    return refused(state, `the project ${project.path} is archived: nobody can push to it`, advice)
  }
  const level = project.accessLevel
  if (level === undefined || level >= developer) return undefined
  const reason = `the token has the role ${level} in ${project.path}, and pushing needs Developer (${developer})`
  return refused(state, reason)
}

const otherToken =
  'Use a token with the scope `api` and at least the role Developer, then `greenloop repair resume ID`.'

function refused(state: RepairState, reason: string, advice = otherToken): RepairState {
  return endWith(state, { end: 'auth_failed', reason, advice, resumeAt: 'preflight' })
}

async function onBranch(state: RepairState, project: ForgeProject, context: RepairContext): Promise<RepairState> {
  const { world, target, signal } = context
  let name = target.ref ?? project.defaultBranch
  if (target.mergeRequest !== undefined) {
    const request = await world.forge.mergeRequest(project.id, target.mergeRequest, signal)
    if (request === undefined) return nothingThere(state, `there is no merge request !${target.mergeRequest}`)
    name = request.sourceBranch
  }
  if (name === undefined) return nothingThere(state, `the project ${project.path} has no branch yet`)
  const branch = await world.forge.findBranch(project.id, name, signal)
  if (branch === undefined) return nothingThere(state, `there is no branch ${name} in ${project.path}`)
  return move(state, 'syncing', { targetBranch: name })
}

function nothingThere(state: RepairState, reason: string): RepairState {
  const advice = 'Name a branch that exists (`project.ref`), or push a first commit.'
  return endWith(state, { end: 'project_not_found', reason, advice })
}
