import { z } from 'zod'
import type { Forge } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { hasStatus } from './gitlab-errors.ts'

const changeSchema = z
  .object({ old_path: z.string(), new_path: z.string() })
  .transform((change) => [change.old_path, change.new_path])

const changesSchema = z.object({ changes: z.array(changeSchema) }).transform(({ changes }) => changes)

/** The call for the paths that a merge request changes; of a renamed file both. */
export function changeCalls(api: GitLabApi): Pick<Forge, 'changedPaths'> {
  return {
    changedPaths: async ({ projectId, iid }, signal) => {
      const path = `/projects/${projectId}/merge_requests/${iid}`
      const paths = new Set<string>()
      try {
        for await (const change of api.items({ path: `${path}/diffs`, schema: changeSchema }, signal)) {
          for (const each of change) paths.add(each)
        }
      } catch (error) {
        if (!hasStatus(error, 404)) throw error
        // Hosts before 15.7 know only this one, and give it whole.
        const changes = await api.read({ path: `${path}/changes`, schema: changesSchema }, signal)
        for (const each of changes.flat()) paths.add(each)
      }
      return [...paths]
    },
  }
}
