import { GreenloopError } from '../domain/errors.ts'
import { known, move } from './repair-state.ts'
import { repositoryOf } from './repair-context.ts'
import { roundOfTrailer } from './round-commit.ts'
import type { CommitInfo } from '../domain/repository.ts'
import type { Step } from './repair-context.ts'

/** Longest part of the name that the repaired branch gives. */
const maxSlug = 60

/** Names the branch; one that is there already is taken over only if it is all our own. */
export const branching: Step = async (state, context) => {
  const { world, signal } = context
  const base = known(state.baseSha)
  const branch = `greenloop/${slugOf(known(state.targetBranch)).slice(0, maxSlug)}-${slugOf(world.runId)}`
  const repository = await repositoryOf(state, context)
  const head = await repository.remoteHead(branch, signal)
  if (head === undefined || head === base) return move(state, 'editing', { branch, pushedSha: head })
  const commits = await repository.log(head, base, signal)
  if (!isOurs(commits, base, world.runId)) {
    throw new GreenloopError('repair_conflict', `the branch ${branch} is there and has commits of somebody else`, {
      help: 'Delete the branch on the host, or start a new run.',
    })
  }
  const roundsBefore = Math.max(...commits.map((commit) => roundOfTrailer(commit.trailers, world.runId) ?? 0))
  return move(state, 'editing', { branch, pushedSha: head, ...(roundsBefore === 0 ? {} : { roundsBefore }) })
}

/** Whether commits, newest first, all carry the trailer of the run and stand on the base. */
function isOurs(commits: readonly CommitInfo[], base: string, runId: string): boolean {
  const oldest = commits.at(-1)
  if (oldest === undefined || oldest.parents[0] !== base) return false
  return commits.every((commit) => commit.parents.length === 1 && roundOfTrailer(commit.trailers, runId) !== undefined)
}

/** Lower-case letters, digits and single hyphens. */
function slugOf(text: string): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ['branch']
  return words.join('-')
}
