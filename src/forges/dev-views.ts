import type { DevJob, DevNote, DevPipeline, DevProject, DevToken } from './dev-records.ts'
import { shownStatus } from './dev-awkward.ts'
import { findPipeline, projectOf, projectUrl } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** Time as GitLab writes it; null where there is none. */
export const timeText = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString()

/** A user, as it stands in other resources. */
export function userView(world: DevWorld, username: string): Record<string, unknown> {
  const token = world.store.state.tokens.find((other) => other.username === username)
  const name = username === 'root' ? 'Administrator' : username
  return { id: token?.id ?? 1, username, name, state: 'active', web_url: `${world.url()}/${username}` }
}

/** The resource of a project, for whoever asks. */
export function projectView(world: DevWorld, project: DevProject, about: { token: DevToken; isEmpty: boolean }) {
  const url = projectUrl(world, project)
  const slash = project.path.lastIndexOf('/')
  const name = project.path.slice(slash + 1)
  const namespace = project.path.slice(0, slash)
  const group = world.store.state.groups.find(({ path }) => path === namespace)
  return {
    id: project.id,
    name,
    path: name,
    name_with_namespace: project.path.replaceAll('/', ' / '),
    path_with_namespace: project.path,
    description: null,
    created_at: timeText(project.createdAt),
    default_branch: about.isEmpty ? null : project.defaultBranch,
    visibility: project.visibility,
    web_url: url,
    http_url_to_repo: `${url}.git`,
    ssh_url_to_repo: `git@127.0.0.1:${project.path}.git`,
    archived: project.options.archived === true,
    empty_repo: about.isEmpty,
    ci_config_path: project.options.ciConfigPath ?? '',
    jobs_enabled: true,
    builds_access_level: 'enabled',
    merge_requests_enabled: true,
    only_allow_merge_if_pipeline_succeeds: project.options.onlyAllowMergeIfPipelineSucceeds === true,
    namespace: {
      id: group?.id ?? 0,
      kind: 'group',
      path: namespace.slice(namespace.lastIndexOf('/') + 1),
      full_path: namespace,
    },
    permissions: {
      project_access: { access_level: about.token.accessLevel, notification_level: 3 },
      group_access: null,
    },
  }
}

/** A pipeline as lists have it. */
export function pipelineView(world: DevWorld, pipeline: DevPipeline, status = shownStatus(world, pipeline)) {
  const project = projectOf(world, pipeline.projectId)
  return {
    id: pipeline.id,
    iid: pipeline.id,
    project_id: pipeline.projectId,
    sha: pipeline.sha,
    ref: pipeline.ref,
    status,
    source: pipeline.source,
    created_at: timeText(pipeline.createdAt),
    updated_at: timeText(pipeline.updatedAt),
    web_url: `${projectUrl(world, project)}/-/pipelines/${pipeline.id}`,
    name: null,
  }
}

/** A pipeline as it stands alone. */
export function pipelineDetails(world: DevWorld, pipeline: DevPipeline, status = shownStatus(world, pipeline)) {
  const { startedAt, finishedAt } = pipeline
  return {
    ...pipelineView(world, pipeline, status),
    before_sha: '0'.repeat(40),
    tag: false,
    yaml_errors: pipeline.yamlErrors ?? null,
    user: userView(world, pipeline.user),
    started_at: timeText(startedAt),
    finished_at: timeText(finishedAt),
    committed_at: null,
    duration: startedAt === undefined || finishedAt === undefined ? null : Math.round((finishedAt - startedAt) / 1000),
    queued_duration: null,
    coverage: null,
    detailed_status: { icon: `status_${status}`, text: status, label: status, group: status },
  }
}

/** A job; a bridge with its downstream pipeline where it is one. */
export function jobView(world: DevWorld, job: DevJob, status = shownStatus(world, job)) {
  const pipeline = findPipeline(world, job.pipelineId)
  const project = projectOf(world, job.projectId)
  const { startedAt, finishedAt } = job
  const view = {
    id: job.id,
    name: job.name,
    stage: job.stage,
    status,
    ref: pipeline?.ref ?? '',
    tag: false,
    coverage: null,
    allow_failure: job.allowFailure,
    created_at: timeText(job.createdAt),
    started_at: timeText(startedAt),
    finished_at: timeText(finishedAt),
    erased_at: null,
    scheduled_at: timeText(status === 'scheduled' ? job.scheduledAt : undefined),
    duration: startedAt === undefined || finishedAt === undefined ? null : (finishedAt - startedAt) / 1000,
    queued_duration: null,
    user: userView(world, job.user),
    commit: pipeline === undefined ? null : { id: pipeline.sha, short_id: pipeline.sha.slice(0, 8) },
    pipeline: pipeline === undefined ? null : pipelineView(world, pipeline),
    failure_reason: job.failureReason ?? undefined,
    web_url: `${projectUrl(world, project)}/-/jobs/${job.id}`,
    project: { ci_job_token_scope_enabled: false },
    exit_code: job.exitCode,
  }
  if (job.trigger === undefined) return { ...view, artifacts: [], runner: null, tag_list: [] }
  const downstream = job.downstream === undefined ? undefined : findPipeline(world, job.downstream)
  return { ...view, downstream_pipeline: downstream === undefined ? null : pipelineView(world, downstream) }
}

/** A comment. */
export function noteView(world: DevWorld, note: DevNote) {
  return {
    id: note.id,
    type: null,
    body: note.body,
    author: userView(world, note.author),
    created_at: timeText(note.createdAt),
    updated_at: timeText(note.updatedAt),
    system: note.isSystem,
    noteable_id: note.iid,
    noteable_iid: note.iid,
    noteable_type: 'MergeRequest',
    project_id: note.projectId,
    resolvable: false,
    internal: false,
  }
}
