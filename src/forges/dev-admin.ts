import { z } from 'zod'
import { sha256 } from '../lib/hash.ts'
import { faultRules } from './dev-faults.ts'
import type { Faults } from './dev-faults.ts'
import { made, ok, refused } from './dev-http.ts'
import type { DevHandler, DevRoute } from './dev-http.ts'
import { devOptions } from './dev-records.ts'
import { roles, withRole } from './dev-scope.ts'
import type { DevRoom } from './dev-scope.ts'
import { findProject } from './dev-world.ts'

/** A request as the log has it: never a value of its body, never a token. */
export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly keys: readonly string[]
}

const newToken = z.strictObject({
  token: z.string().min(1),
  username: z.string().min(1),
  access_level: z.number().int().optional(),
  scopes: z.array(z.string()).optional(),
  expires_at: z.string().optional(),
  revoked: z.boolean().optional(),
})

/** Routes below `/_dev`: faults, options, tokens, the log and counters. */
export function adminRoutes(room: DevRoom, faults: Faults, log: readonly LoggedRequest[]): readonly DevRoute[] {
  const admin = (handler: DevHandler): DevHandler => withRole(roles.maintainer, handler)
  return [
    ['POST', '/_dev/faults', admin(({ body }) => checked(faultRules, body, ({ rules }) => faults.set(rules)))],
    ['GET', '/_dev/log', admin(() => ok(log))],
    ['GET', '/_dev/counts', admin(() => ok(counts(room)))],
    ['POST', '/_dev/projects/:id/options', admin(setOptions(room))],
    ['POST', '/_dev/tokens', admin(addToken(room))],
  ]
}

function checked<T>(schema: z.ZodType<T>, body: unknown, use: (value: T) => void) {
  const parsed = schema.safeParse(body)
  if (!parsed.success) return refused(400, z.prettifyError(parsed.error))
  use(parsed.data)
  return ok({})
}

function setOptions({ world, scheduler }: DevRoom): DevHandler {
  return ({ params, body }) => {
    const project = findProject(world, params['id'] ?? '')
    if (project === undefined) return refused(404, '404 Project Not Found')
    return checked(devOptions.strict(), body, (options) => {
      Object.assign(project.options, options)
      world.store.changed()
      for (const { id, projectId, yamlErrors } of world.store.state.pipelines)
        if (projectId === project.id && yamlErrors === undefined) scheduler.advance(id)
    })
  }
}

function addToken({ world }: DevRoom): DevHandler {
  return ({ body }) => {
    const reply = checked(newToken, body, (given) => {
      const hash = sha256(given.token)
      const { tokens } = world.store.state
      const known = tokens.findIndex((token) => token.hash === hash)
      if (known >= 0) tokens.splice(known, 1)
      tokens.push({
        id: world.store.nextId(),
        hash,
        username: given.username,
        accessLevel: given.access_level ?? roles.developer,
        scopes: given.scopes ?? ['api'],
        expiresOn: given.expires_at,
        isRevoked: given.revoked ?? false,
      })
      world.store.changed()
    })
    return reply.status === 200 ? made({}) : reply
  }
}

/** What there is of each kind, so that a test sees what was made twice. */
function counts({ world }: DevRoom) {
  const { mergeRequests, pipelines, notes, pushes, jobs } = world.store.state
  const tally = (keys: readonly string[]): Record<string, number> => {
    const found = new Map<string, number>()
    for (const key of keys) found.set(key, (found.get(key) ?? 0) + 1)
    return Object.fromEntries(found)
  }
  return {
    merge_requests: mergeRequests.length,
    notes: notes.length,
    jobs: jobs.length,
    pipelines: pipelines.length,
    pipelines_by_sha: tally(pipelines.map(({ sha }) => sha)),
    pushes_by_branch: tally(pushes.map(({ branch }) => branch)),
  }
}
