import type { Forge, ForgeJob } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { isOutOfSight } from './gitlab-errors.ts'
import { jobSchema } from './gitlab-job-schemas.ts'

const depthLimit = 3
const pipelineLimit = 20

/** A pipeline whose jobs are wanted. */
interface Spot {
  readonly projectId: number
  readonly pipelineId: number
}

type Calls = Pick<Forge, 'jobs' | 'retryJob' | 'playJob' | 'trace'>

/** The calls about jobs. */
export function jobCalls(api: GitLabApi): Calls {
  const at = (projectId: number, jobId: number): string => `/projects/${projectId}/jobs/${jobId}`
  const job = (projectId: number, jobId: number, signal: AbortSignal): Promise<ForgeJob> =>
    api.read({ path: at(projectId, jobId), schema: jobSchema({ projectId, kind: 'job' }) }, signal)
  return {
    jobs: (projectId, pipelineId, signal) => jobTree(api, { projectId, pipelineId }, signal),
    retryJob: (projectId, jobId, signal) => {
      const proof = async (signal: AbortSignal): Promise<ForgeJob | undefined> => {
        const { name, pipelineId } = await job(projectId, jobId, signal)
        const all = await jobsOf(api, { projectId, pipelineId }, signal)
        return all.find((each) => each.kind === 'job' && each.name === name && each.id > jobId && !each.isRetried)
      }
      const schema = jobSchema({ projectId, kind: 'job' })
      return api.change({ method: 'POST', path: `${at(projectId, jobId)}/retry`, schema, proof }, signal)
    },
    playJob: (projectId, jobId, signal) => {
      const proof = async (signal: AbortSignal): Promise<ForgeJob | undefined> => {
        const now = await job(projectId, jobId, signal)
        return now.status === 'manual' || now.status === 'scheduled' ? undefined : now
      }
      const schema = jobSchema({ projectId, kind: 'job' })
      return api.change({ method: 'POST', path: `${at(projectId, jobId)}/play`, schema, proof }, signal)
    },
    trace: (projectId, jobId, signal) => api.download(`${at(projectId, jobId)}/trace`, signal),
  }
}

/** Jobs of a pipeline and of those that it started, level by level. What may not be seen is left with its bridge alone. */
async function jobTree(api: GitLabApi, root: Spot, signal: AbortSignal): Promise<readonly ForgeJob[]> {
  const seen = new Set([keyOf(root)])
  const all = [...(await jobsOf(api, root, signal))]
  let level = belowOf(all)
  for (let depth = 1; depth <= depthLimit && level.length > 0; depth++) {
    const found: ForgeJob[] = []
    for (const spot of level) {
      if (seen.has(keyOf(spot)) || seen.size >= pipelineLimit) continue
      seen.add(keyOf(spot))
      found.push(...(await jobsOf(api, spot, signal).catch(nothingSeen)))
    }
    all.push(...found)
    level = belowOf(found)
  }
  return all
}

const keyOf = ({ projectId, pipelineId }: Spot): string => `${projectId}/${pipelineId}`

function belowOf(jobs: readonly ForgeJob[]): readonly Spot[] {
  return jobs.flatMap(({ downstream }) => (downstream === undefined ? [] : [downstream]))
}

function nothingSeen(error: unknown): readonly ForgeJob[] {
  if (isOutOfSight(error)) return []
  throw error
}

/** Jobs and bridges of one pipeline, retried ones too. */
async function jobsOf(api: GitLabApi, spot: Spot, signal: AbortSignal): Promise<readonly ForgeJob[]> {
  const path = `/projects/${spot.projectId}/pipelines/${spot.pipelineId}`
  const query = { include_retried: 'true' }
  const schemas = { job: jobSchema({ ...spot, kind: 'job' }), bridge: jobSchema({ ...spot, kind: 'bridge' }) }
  const jobs: ForgeJob[] = []
  for await (const job of api.items({ path: `${path}/jobs`, query, schema: schemas.job }, signal)) jobs.push(job)
  for await (const job of api.items({ path: `${path}/bridges`, schema: schemas.bridge }, signal)) jobs.push(job)
  return withRetried(jobs)
}

/** Within one pipeline the newest job of a name stands for it. */
function withRetried(jobs: readonly ForgeJob[]): readonly ForgeJob[] {
  const newest = new Map<string, number>()
  for (const { name, id } of jobs) newest.set(name, Math.max(id, newest.get(name) ?? 0))
  return jobs.map((job) => (newest.get(job.name) === job.id ? job : { ...job, isRetried: true }))
}
