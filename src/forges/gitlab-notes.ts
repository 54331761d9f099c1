import { z } from 'zod'
import type { Forge } from '../domain/forge.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { flagField, idField } from './gitlab-fields.ts'

const noteSchema = z.object({
  id: idField,
  body: z.string(),
  system: flagField,
  author: z.object({ username: z.string() }).nullish(),
})

type Note = z.output<typeof noteSchema>

const newestNotes = 200

/** The call that keeps one comment of ours on a merge request; `username` says whose comments are ours. */
export function noteCalls(api: GitLabApi, username: (signal: AbortSignal) => Promise<string>): Pick<Forge, 'putNote'> {
  const find = async (path: string, marker: string, signal: AbortSignal): Promise<Note | undefined> => {
    const own = await username(signal)
    const query = { sort: 'desc', order_by: 'created_at' }
    let seen = 0
    for await (const note of api.items({ path, query, schema: noteSchema }, signal)) {
      // Others may quote the marker, but their comments are not ours to change.
      if (!note.system && note.body.includes(marker) && (note.author?.username ?? own) === own) return note
      if (++seen === newestNotes) return undefined
    }
    return undefined
  }
  return {
    putNote: async ({ projectId, iid }, { marker, body }, signal) => {
      const path = `/projects/${projectId}/merge_requests/${iid}/notes`
      const proof = async (signal: AbortSignal): Promise<Note | undefined> => {
        const note = await find(path, marker, signal)
        return note?.body.trim() === body.trim() ? note : undefined
      }
      const there = await find(path, marker, signal)
      if (there?.body.trim() === body.trim()) return
      const change =
        there === undefined
          ? ({ method: 'POST', path, proof: (signal: AbortSignal) => find(path, marker, signal) } as const)
          : ({ method: 'PUT', path: `${path}/${there.id}`, proof } as const)
      await api.change({ ...change, body: { body }, schema: noteSchema }, signal)
    },
  }
}
