import { GreenloopError } from '../domain/errors.ts'
import type { CiJob, CiPlan, CiRunner } from './ci.ts'
import type { DevJob, DevPipeline, DevProject } from './dev-records.ts'
import { dropWork, openWork, tidyWork } from './dev-work.ts'
import { descriptionKey } from './dev-world.ts'
import type { DevWorld } from './dev-world.ts'

/** What a pipeline is to be made for. */
export interface NewPipeline {
  readonly project: DevProject
  readonly ref: string
  readonly sha: string
  readonly source: 'push' | 'api' | 'merge_request_event' | 'parent_pipeline'
  readonly user: string
  readonly file?: string | undefined
  readonly variables?: Readonly<Record<string, string>> | undefined
  readonly mergeRequest?: number | undefined
  readonly parentJob?: number | undefined
  /** Keeps a failed pipeline with the errors of the description, as a push does. */
  readonly keepsErrors?: boolean | undefined
}

/** A pipeline with its jobs, or why there is none. */
export type Creation =
  | { readonly kind: 'pipeline'; readonly pipeline: DevPipeline }
  | { readonly kind: 'errors'; readonly errors: readonly string[]; readonly pipeline?: DevPipeline | undefined }
  /** There is no description, or no job is for this reference. */
  | { readonly kind: 'nothing'; readonly reason: string }

/** Makes a pipeline and its jobs from the description at a commit. Nothing runs yet. Throws `git_failed`. */
export async function createDevPipeline(world: DevWorld, wanted: NewPipeline): Promise<Creation> {
  const { project, sha } = wanted
  const file = wanted.file ?? project.options.ciConfigPath ?? '.gitlab-ci.yml'
  const type = await world.git.ask(project.gitDirectory, ['cat-file', '-t', `${sha}:${file}`])
  if (type?.trim() !== 'blob') return { kind: 'nothing', reason: 'Missing CI config file' }
  const pipeline = pipelineRecord(world, wanted, file)
  const planned = await planOf(world, pipeline)
  if ('errors' in planned) {
    await dropWork(world, pipeline.id)
    if (wanted.keepsErrors !== true) return { kind: 'errors', errors: planned.errors }
    pipeline.status = 'failed'
    pipeline.yamlErrors = planned.errors.join('\n')
    pipeline.finishedAt = world.clock.now()
    add(world, pipeline, [])
    return { kind: 'errors', errors: planned.errors, pipeline }
  }
  const jobs = planned.plan.jobs.filter((job) => job.when !== 'never')
  if (jobs.length === 0) {
    await dropWork(world, pipeline.id)
    const reason =
      'Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.'
    return { kind: 'nothing', reason }
  }
  if (wanted.source === 'push') remember(world, descriptionKey(project.id, sha, file), planned.plan.merged)
  pipeline.stages = stagesOf(planned.plan)
  add(
    world,
    pipeline,
    jobs.map((job) => jobRecord(world, { pipeline, job })),
  )
  await tidyWork(world)
  return { kind: 'pipeline', pipeline }
}

/** The plan of a pipeline. A machine that cannot run any is told like a bad description, so that whoever pushed sees why. */
/** Descriptions that are kept. */
const mostDescriptions = 200

function remember({ descriptions }: DevWorld, key: string, merged: string): void {
  descriptions.set(key, merged)
  const [oldest] = descriptions.keys()
  if (descriptions.size > mostDescriptions && oldest !== undefined) descriptions.delete(oldest)
}

async function planOf(world: DevWorld, pipeline: DevPipeline): ReturnType<CiRunner['plan']> {
  const context = await openWork(world, pipeline)
  try {
    return await world.runner.plan(context, world.signal)
  } catch (error) {
    if (error instanceof GreenloopError && error.code === 'ci_failed')
      return { errors: [[error.message, error.why, error.help].filter((part) => part !== undefined).join('. ')] }
    throw error
  }
}

function add(world: DevWorld, pipeline: DevPipeline, jobs: readonly DevJob[]): void {
  world.store.state.pipelines.push(pipeline)
  world.store.state.jobs.push(...jobs)
  world.store.changed()
}

function pipelineRecord(world: DevWorld, wanted: NewPipeline, file: string): DevPipeline {
  const now = world.clock.now()
  return {
    id: world.store.nextId(),
    projectId: wanted.project.id,
    sha: wanted.sha,
    ref: wanted.ref,
    source: wanted.source,
    status: 'created',
    file,
    variables: { ...wanted.variables },
    stages: [],
    mergeRequest: wanted.mergeRequest,
    parentJob: wanted.parentJob,
    user: wanted.user,
    createdAt: now,
    updatedAt: now,
  }
}

/** Stages in their order, `.pre` and `.post` around them. */
function stagesOf({ stages, jobs }: CiPlan): string[] {
  const named = [...new Set([...stages, ...jobs.map(({ stage }) => stage)])]
  return ['.pre', ...named.filter((stage) => stage !== '.pre' && stage !== '.post'), '.post']
}

function jobRecord(
  world: DevWorld,
  { pipeline, job }: { readonly pipeline: DevPipeline; readonly job: CiJob },
): DevJob {
  return {
    id: world.store.nextId(),
    projectId: pipeline.projectId,
    pipelineId: pipeline.id,
    name: job.name,
    stage: job.stage,
    status: 'created',
    when: job.when,
    allowFailure: job.allowFailure,
    allowedExitCodes: [...job.allowedExitCodes],
    needs: job.needs === undefined ? undefined : [...job.needs],
    timeoutMs: job.timeoutMs,
    retry: { max: job.retry.max, when: [...job.retry.when] },
    startInMs: job.startInMs,
    trigger: job.trigger,
    isRetried: false,
    tries: 0,
    user: pipeline.user,
    createdAt: world.clock.now(),
  }
}
