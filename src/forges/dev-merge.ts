import { isSettling, shownHead } from './dev-awkward.ts'
import type { DevMergeRequest, DevProject } from './dev-records.ts'
import { isFinished } from './dev-status.ts'
import { headPipeline, projectOf } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'
import { pipelineDetails, timeText, userView } from './dev-views.ts'
import { projectUrl } from './dev-world.ts'

/** Whether the title says that it is a draft. */
export const isDraft = (title: string): boolean => /^(draft:|\[draft\]|\(draft\))/i.test(title)

/** A merge request as GitLab shows it. Throws `git_failed`. */
export async function mergeRequestView(world: DevWorld, request: DevMergeRequest) {
  const project = projectOf(world, request.projectId)
  const status = await mergeStatus(world, project, request)
  const head = shownHead(world, request)
  return {
    id: request.id,
    iid: request.iid,
    project_id: request.projectId,
    title: request.title,
    description: request.description,
    state: request.state,
    draft: isDraft(request.title),
    work_in_progress: isDraft(request.title),
    source_branch: request.sourceBranch,
    target_branch: request.targetBranch,
    source_project_id: request.projectId,
    target_project_id: request.projectId,
    sha: request.sha,
    merge_commit_sha: request.mergeCommit ?? null,
    author: userView(world, request.author),
    labels: [],
    created_at: timeText(request.createdAt),
    updated_at: timeText(request.updatedAt),
    merge_status: status === 'conflict' ? 'cannot_be_merged' : status === 'checking' ? 'checking' : 'can_be_merged',
    detailed_merge_status: status,
    has_conflicts: status === 'conflict',
    web_url: `${projectUrl(world, project)}/-/merge_requests/${request.iid}`,
    references: { short: `!${request.iid}`, relative: `!${request.iid}`, full: `${project.path}!${request.iid}` },
    head_pipeline: head === undefined ? null : pipelineDetails(world, head),
    diff_refs: { head_sha: request.sha },
  }
}

/** `detailed_merge_status`: the first check that fails, in GitLab's order. Throws `git_failed`. */
export async function mergeStatus(world: DevWorld, project: DevProject, request: DevMergeRequest): Promise<string> {
  if (request.state !== 'opened') return 'not_open'
  if (isSettling(world, request)) return 'checking'
  if (isDraft(request.title)) return 'draft_status'
  const target = await world.git.ask(project.gitDirectory, [
    'rev-parse',
    '--verify',
    '--quiet',
    `refs/heads/${request.targetBranch}`,
  ])
  if (target === undefined) return 'broken_status'
  const ahead = await world.git.ask(project.gitDirectory, ['rev-list', '--count', `${target.trim()}..${request.sha}`])
  if (ahead === undefined || ahead.trim() === '0') return 'commits_status'
  if ((await mergedTree(world, project, request)) === undefined) return 'conflict'
  if (project.options.onlyAllowMergeIfPipelineSucceeds !== true) return 'mergeable'
  const head = headPipeline(world, request)
  if (head?.status === 'success') return 'mergeable'
  return head !== undefined && !isFinished(head.status) ? 'ci_still_running' : 'ci_must_pass'
}

/** The tree of source and target together; `undefined` where they are in conflict. */
async function mergedTree(
  world: DevWorld,
  { gitDirectory }: DevProject,
  request: DevMergeRequest,
): Promise<string | undefined> {
  const tree = await world.git.ask(gitDirectory, [
    'merge-tree',
    '--write-tree',
    `refs/heads/${request.targetBranch}`,
    request.sha,
  ])
  return tree?.split('\n')[0]
}

/** Merges with a merge commit; gives it, or `undefined` where the target moved meanwhile. Throws `git_failed`. */
export async function mergeNow(
  world: DevWorld,
  project: DevProject,
  request: DevMergeRequest,
): Promise<string | undefined> {
  const { gitDirectory } = project
  const branch = `refs/heads/${request.targetBranch}`
  const target = (await world.git.run(gitDirectory, ['rev-parse', '--verify', branch])).trim()
  const tree = await mergedTree(world, project, request)
  if (tree === undefined) return undefined
  const message = `Merge branch '${request.sourceBranch}' into '${request.targetBranch}'\n\n${request.title}\n\nSee merge request ${project.path}!${request.iid}`
  const parents = ['-p', target, '-p', request.sha]
  const commit = (await world.git.run(gitDirectory, ['commit-tree', tree, ...parents, '-m', message])).trim()
  const moved = await world.git.ask(gitDirectory, ['update-ref', branch, commit, target])
  return moved === undefined ? undefined : commit
}
