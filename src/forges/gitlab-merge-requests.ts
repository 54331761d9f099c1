import { z } from 'zod'
import type { Forge, MergeRequest } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { hasStatus } from './gitlab-errors.ts'
import { idField, optionalText, shaField, webField } from './gitlab-fields.ts'

/** A merge request, and the project that its branch lies in. */
interface Listed {
  readonly request: MergeRequest
  readonly sourceProjectId: number | undefined
}

const mergeRequestSchema = z
  .object({
    iid: idField,
    source_project_id: idField.nullish(),
    title: z.string(),
    description: optionalText,
    draft: z.boolean().nullish(),
    work_in_progress: z.boolean().nullish(),
    state: z.enum(['opened', 'closed', 'merged', 'locked']),
    source_branch: z.string(),
    target_branch: z.string(),
    sha: shaField.nullish(),
    web_url: webField,
    detailed_merge_status: optionalText,
    merge_status: optionalText,
    head_pipeline: z.object({ id: idField, sha: shaField, status: z.string() }).nullish(),
  })
  .transform((said): Listed => {
    const request = {
      iid: said.iid,
      title: said.title,
      description: said.description ?? '',
      isDraft: said.draft ?? said.work_in_progress ?? /^(?:draft|wip):/i.test(said.title),
      state: said.state,
      sourceBranch: said.source_branch,
      targetBranch: said.target_branch,
      sha: said.sha ?? '',
      webUrl: said.web_url,
      mergeStatus: said.detailed_merge_status ?? said.merge_status ?? 'unchecked',
      headPipeline: said.head_pipeline ?? undefined,
    }
    return { request, sourceProjectId: said.source_project_id ?? undefined }
  })

const plainSchema: z.ZodType<MergeRequest> = mergeRequestSchema.transform(({ request }) => request)

type State = 'opened' | 'all'

type Calls = Pick<Forge, 'findMergeRequest' | 'mergeRequest' | 'openMergeRequest' | 'updateMergeRequest'>

/** The calls about merge requests. */
export function mergeRequestCalls(api: GitLabApi): Calls {
  const listOf = (projectId: number): string => `/projects/${projectId}/merge_requests`

  const newest = async (
    projectId: number,
    { branch, state }: { readonly branch: string; readonly state: State },
    signal: AbortSignal,
  ): Promise<MergeRequest | undefined> => {
    const query = { source_branch: branch, state, order_by: 'created_at', sort: 'desc' }
    for await (const each of api.items({ path: listOf(projectId), query, schema: mergeRequestSchema }, signal)) {
      const { sourceProjectId, request } = each
      // Anybody may open one from a fork, from a branch of the same name.
      if ((sourceProjectId ?? projectId) === projectId && request.sourceBranch === branch) return request
    }
    return undefined
  }

  const mergeRequest: Forge['mergeRequest'] = (projectId, iid, signal) =>
    api.find({ path: `${listOf(projectId)}/${iid}`, schema: plainSchema }, signal)

  return {
    mergeRequest,
    findMergeRequest: (projectId, branch, signal) => newest(projectId, { branch, state: 'all' }, signal),
    openMergeRequest: async (projectId, request, signal) => {
      const { sourceBranch: branch, targetBranch, title, description } = request
      const proof = (signal: AbortSignal) => newest(projectId, { branch, state: 'opened' }, signal)
      const open = await proof(signal)
      if (open !== undefined) return open
      const body = { source_branch: branch, target_branch: targetBranch, title, description }
      const change = { method: 'POST', path: listOf(projectId), body, schema: plainSchema, proof } as const
      return await api.change(change, signal).catch(async (error: unknown) => {
        const found = hasStatus(error, 409)
          ? ((await named(error, projectId, signal)) ?? (await proof(signal)))
          : undefined
        if (found === undefined) throw error
        return found
      })
    },
    updateMergeRequest: (at, change, signal) => {
      const path = `${listOf(at.projectId)}/${at.iid}`
      const proof = async (signal: AbortSignal): Promise<MergeRequest | undefined> => {
        const now = await api.read({ path, schema: plainSchema }, signal)
        const isDone =
          (change.title ?? now.title) === now.title &&
          (change.description ?? now.description).trim() === now.description.trim()
        return isDone ? now : undefined
      }
      const body = { title: change.title, description: change.description }
      return api.change({ method: 'PUT', path, body, schema: plainSchema, proof }, signal)
    },
  }

  /** The one that a refusal names: "Another open merge request already exists for this source branch: !12". */
  async function named(error: unknown, projectId: number, signal: AbortSignal): Promise<MergeRequest | undefined> {
    const iid = error instanceof Error ? /!(\d{1,9})/.exec(error.message)?.[1] : undefined
    return iid === undefined ? undefined : await mergeRequest(projectId, Number(iid), signal)
  }
}
