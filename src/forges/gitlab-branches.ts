import { z } from 'zod'
import type { Forge, ForgeBranch } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { hasStatus } from './gitlab-errors.ts'
import { encoded, flagField, shaField } from './gitlab-fields.ts'

const branchSchema: z.ZodType<ForgeBranch> = z
  .object({ name: z.string(), commit: z.object({ id: shaField }), protected: flagField, can_push: flagField })
  .transform(({ name, commit, protected: isProtected, can_push: canPush }) => ({
    name,
    sha: commit.id,
    isProtected,
    canPush,
  }))

const protectedSchema = z.object({ name: z.string() })

/** The calls about branches. */
export function branchCalls(api: GitLabApi): Pick<Forge, 'findBranch' | 'protectBranch'> {
  return {
    findBranch: (projectId, name, signal) =>
      api.find({ path: `/projects/${projectId}/repository/branches/${encoded(name)}`, schema: branchSchema }, signal),
    protectBranch: async (projectId, name, signal) => {
      const path = `/projects/${projectId}/protected_branches`
      const proof = (signal: AbortSignal) =>
        api.find({ path: `${path}/${encoded(name)}`, schema: protectedSchema }, signal)
      await api
        .change({ method: 'POST', path, body: { name }, schema: protectedSchema, proof }, signal)
        .catch(async (error: unknown) => {
          const isProtected = hasStatus(error, 409) && (await proof(signal)) !== undefined
          if (!isProtected) throw error
        })
    },
  }
}
