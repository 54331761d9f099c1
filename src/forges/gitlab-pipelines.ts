import { z } from 'zod'
import type { Forge, ForgePipeline, PipelineQuery } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { idField, optionalText, shaField, webField } from './gitlab-fields.ts'

/** A pipeline of a project; older hosts do not name the project in it. */
function pipelineSchema(projectId: number): z.ZodType<ForgePipeline> {
  return z
    .object({
      id: idField,
      project_id: idField.nullish(),
      sha: shaField,
      ref: z.string(),
      status: z.string(),
      source: optionalText,
      web_url: webField,
      yaml_errors: optionalText,
    })
    .transform((said) => ({
      id: said.id,
      projectId: said.project_id ?? projectId,
      sha: said.sha,
      ref: said.ref,
      status: said.status,
      source: said.source ?? '',
      webUrl: said.web_url,
      yamlErrors: said.yaml_errors,
    }))
}

/** Statuses of a pipeline that can still be stopped. */
const stoppable = new Set([
  'created',
  'waiting_for_resource',
  'preparing',
  'waiting_for_callback',
  'pending',
  'running',
  'manual',
  'scheduled',
])

const defaultLimit = 20

type Calls = Pick<Forge, 'pipelines' | 'pipeline' | 'createPipeline' | 'cancelPipeline'>

/** The calls about pipelines. */
export function pipelineCalls(api: GitLabApi): Calls {
  const listOf = (projectId: number): string => `/projects/${projectId}/pipelines`

  const pipeline: Forge['pipeline'] = (projectId, id, signal) =>
    api.read({ path: `${listOf(projectId)}/${id}`, schema: pipelineSchema(projectId) }, signal)

  const pipelines: Forge['pipelines'] = async (projectId, query, signal) => {
    const limit = query.limit ?? defaultLimit
    const { sha, ref, status } = query
    const per_page = String(Math.min(100, Math.max(1, limit)))
    const asked = { sha, ref, status, order_by: 'id', sort: 'desc', per_page }
    const found = new Map<number, ForgePipeline>()
    await collect(listOf(projectId), { query: asked, accept: () => true })
    if (query.mergeRequest !== undefined) {
      const path = `/projects/${projectId}/merge_requests/${query.mergeRequest}/pipelines`
      await collect(path, { query: { per_page }, accept: (each) => fits(each, query) })
    }
    return [...found.values()].sort((one, other) => other.id - one.id).slice(0, limit)

    async function collect(
      path: string,
      { query, accept }: { query: Record<string, string | undefined>; accept: (each: ForgePipeline) => boolean },
    ): Promise<void> {
      let taken = 0
      if (limit <= 0) return
      for await (const each of api.items({ path, query, schema: pipelineSchema(projectId) }, signal)) {
        if (!accept(each)) continue
        found.set(each.id, each)
        if (++taken >= limit) return
      }
    }
  }

  return {
    pipelines,
    pipeline,
    createPipeline: async (projectId, ref, signal) => {
      const [before] = await pipelines(projectId, { ref, limit: 1 }, signal)
      const proof = async (signal: AbortSignal): Promise<ForgePipeline | undefined> => {
        const since = await pipelines(projectId, { ref }, signal)
        return since.find(({ id, source }) => id > (before?.id ?? 0) && (source === 'api' || source === ''))
      }
      const path = `/projects/${projectId}/pipeline`
      const schema = pipelineSchema(projectId)
      return await api.change({ method: 'POST', path, body: { ref }, schema, proof }, signal)
    },
    cancelPipeline: async (projectId, id, signal) => {
      const path = `${listOf(projectId)}/${id}/cancel`
      const proof = async (signal: AbortSignal): Promise<ForgePipeline | undefined> => {
        const now = await pipeline(projectId, id, signal)
        return stoppable.has(now.status) ? undefined : now
      }
      await api.change({ method: 'POST', path, schema: pipelineSchema(projectId), proof }, signal)
    },
  }
}

/** Pipelines of a merge request run on a ref of their own, so the branch says nothing about them. */
function fits(pipeline: ForgePipeline, { sha, status }: PipelineQuery): boolean {
  return (sha ?? pipeline.sha) === pipeline.sha && (status ?? pipeline.status) === pipeline.status
}
