import type { Clock } from '../lib/clock.ts'
import type { CiRunner } from './ci.ts'
import type { DevGit } from './dev-git.ts'
import type { DevJob, DevMergeRequest, DevPipeline, DevProject } from './dev-records.ts'
import type { DevStore } from './dev-state.ts'

/** What all parts of a test GitLab share. */
export interface DevWorld {
  readonly folder: string
  readonly store: DevStore
  readonly git: DevGit
  readonly runner: CiRunner
  readonly clock: Clock
  readonly random: () => number
  readonly isAwkward: boolean
  /** Whole descriptions of commits whose pipelines were planned; see {@link descriptionKey}. */
  readonly descriptions: Map<string, string>
  readonly log: (line: string) => void
  /** Address without a slash at its end; known once the port is. */
  readonly url: () => string
  /** Aborts when the server closes. */
  readonly signal: AbortSignal
}

/** A project by its number or full path. */
export function findProject(world: DevWorld, key: string): DevProject | undefined {
  const wanted = key.toLowerCase()
  return world.store.state.projects.find(({ id, path }) => String(id) === key || path.toLowerCase() === wanted)
}

/** A project that is known to be there. */
export function projectOf(world: DevWorld, id: number): DevProject {
  const project = world.store.state.projects.find((other) => other.id === id)
  if (project === undefined) throw new RangeError(`no project ${id}`)
  return project
}

/** Pipeline by its number. */
export function findPipeline(world: DevWorld, id: number): DevPipeline | undefined {
  return world.store.state.pipelines.find((other) => other.id === id)
}

/** Jobs of a pipeline, oldest first, with those that were retried. */
export function jobsOf(world: DevWorld, pipelineId: number): DevJob[] {
  return world.store.state.jobs.filter((job) => job.pipelineId === pipelineId)
}

/** Jobs of a pipeline that count: the newest try of each. */
export function latestJobs(world: DevWorld, pipelineId: number): DevJob[] {
  return jobsOf(world, pipelineId).filter((job) => !job.isRetried)
}

/** The pipeline that stands for the head of a merge request: of its own event before one of the branch. */
export function headPipeline(world: DevWorld, request: DevMergeRequest): DevPipeline | undefined {
  const own = pipelinesOf(world, request).filter(({ sha }) => sha === request.sha)
  return own.findLast(({ source }) => source === 'merge_request_event') ?? own.at(-1)
}

/** Pipelines of a merge request, oldest first. */
export function pipelinesOf(world: DevWorld, request: DevMergeRequest): DevPipeline[] {
  return world.store.state.pipelines.filter(
    ({ projectId, ref, mergeRequest, source, createdAt, sha }) =>
      projectId === request.projectId &&
      source !== 'parent_pipeline' &&
      (mergeRequest === request.iid ||
        (ref === request.sourceBranch &&
          mergeRequest === undefined &&
          (createdAt >= request.createdAt || sha === request.sha))),
  )
}

/** Web address of a project. */
export const projectUrl = (world: DevWorld, project: DevProject): string => `${world.url()}/${project.path}`

/** What the whole description of a commit is found by. */
export const descriptionKey = (projectId: number, sha: string, file: string): string => `${projectId} ${sha} ${file}`
