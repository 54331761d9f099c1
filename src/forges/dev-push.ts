import { createDevPipeline } from './dev-create.ts'
import type { NewPipeline } from './dev-create.ts'
import type { DevMergeRequest, DevProject } from './dev-records.ts'
import type { DevRoom } from './dev-scope.ts'

/** A branch that moved. `undefined` stands for no branch. */
export interface BranchMove {
  readonly project: DevProject
  readonly branch: string
  readonly before: string | undefined
  readonly after: string | undefined
  readonly user: string
  /** Pushed with `-o ci.skip`. */
  readonly isSkipped?: boolean
}

/** Branches that differ between two looks at a repository. */
export function movedBranches(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly Pick<BranchMove, 'branch' | 'before' | 'after'>[] {
  const prefix = 'refs/heads/'
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((ref) => ref.startsWith(prefix) && before.get(ref) !== after.get(ref))
    .map((ref) => ({ branch: ref.slice(prefix.length), before: before.get(ref), after: after.get(ref) }))
}

/** What follows from a branch that moved: merge requests get the new head, a pipeline is made. Throws `git_failed`. */
export async function branchMoved(room: DevRoom, move: BranchMove): Promise<void> {
  const { world } = room
  const { project, branch, before, after, user } = move
  world.store.state.pushes.push({ projectId: project.id, branch, before, after, user })
  world.store.changed()
  if (after === undefined) return
  const requests = world.store.state.mergeRequests.filter(
    (one) => one.projectId === project.id && one.sourceBranch === branch && one.state === 'opened',
  )
  for (const request of requests) await moveHead(room, request, after)
  if (move.isSkipped === true || (await saysSkip(room, project, after))) return
  if (project.options.noPipelineOnPush !== true)
    await start(room, { project, ref: branch, sha: after, source: 'push', user, keepsErrors: true })
  for (const request of requests) await startForRequest(room, request, user)
}

/** Follows branches with open merge requests that moved while the server was away. A repository that is gone is a line of the log. */
export async function catchUp(room: DevRoom): Promise<void> {
  const { world } = room
  for (const project of world.store.state.projects)
    await catchUpProject(room, project).catch((error: unknown) => world.log(`${project.path}: ${String(error)}`))
}

async function catchUpProject(room: DevRoom, project: DevProject): Promise<void> {
  const open = room.world.store.state.mergeRequests.filter(
    ({ projectId, state }) => projectId === project.id && state === 'opened',
  )
  if (open.length === 0) return
  const refs = await room.world.git.refs(project.gitDirectory)
  const heads = new Map(open.map(({ sourceBranch, sha }) => [sourceBranch, sha]))
  for (const [branch, before] of heads) {
    const after = refs.get(`refs/heads/${branch}`)
    if (after !== undefined && after !== before)
      await branchMoved(room, { project, branch, before, after, user: 'root' })
  }
}

/** The pipeline of a merge request's own event, where the project has such. */
export async function startForRequest(room: DevRoom, request: DevMergeRequest, user: string): Promise<void> {
  const project = room.world.store.state.projects.find(({ id }) => id === request.projectId)
  if (project?.options.mrPipelines !== true) return
  const ref = `refs/merge-requests/${request.iid}/head`
  await start(room, { project, ref, sha: request.sha, source: 'merge_request_event', user, mergeRequest: request.iid })
}

/** Points a merge request and its reference at a commit. */
export async function moveHead({ world }: DevRoom, request: DevMergeRequest, sha: string): Promise<void> {
  const project = world.store.state.projects.find(({ id }) => id === request.projectId)
  if (project === undefined) return
  request.sha = sha
  request.changedAt = world.clock.now()
  request.updatedAt = request.changedAt
  await world.git.run(project.gitDirectory, ['update-ref', `refs/merge-requests/${request.iid}/head`, sha])
  world.store.changed()
}

async function start(room: DevRoom, wanted: NewPipeline): Promise<void> {
  const creation = await createDevPipeline(room.world, wanted)
  if (creation.kind === 'pipeline') room.scheduler.advance(creation.pipeline.id)
}

async function saysSkip({ world }: DevRoom, project: DevProject, sha: string): Promise<boolean> {
  const message = await world.git.run(project.gitDirectory, ['log', '-1', '--format=%B', sha, '--'])
  return /\[(ci skip|skip ci)\]/i.test(message)
}
