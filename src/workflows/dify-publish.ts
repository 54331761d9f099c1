import { GreenloopError } from '../domain/errors.ts'
import type { ServerConfig } from '../domain/workflow.ts'
import { openConsole } from './dify-console.ts'
import type { DifyConsole } from './dify-console-admin.ts'
import type { AdminParts } from './dify-console-call.ts'
import { cloneName, clonePrefix, publishClones, publishPinned } from './dify-publish-clone.ts'
import { publishFiles } from './dify-publish-files.ts'
import { publishOpenapi } from './dify-publish-openapi.ts'
import type { CreatedThing, Published, PublishParts, PublishRequest } from './dify-publish-types.ts'
import { modeOf, readDsl } from './dify-dsl-document.ts'

/**
 * Puts each variant of a workflow on its server and checks that the server holds what was meant. By the console, one clone
 * holds all variants as published versions; where versions cannot be pinned, and for apps without versions, each variant
 * gets a clone. After a failure what was made is removed. Throws `plan_invalid` for what the route lacks, otherwise as
 * targets do.
 */
export async function publishVariants(request: PublishRequest, parts: PublishParts): Promise<Published> {
  const { route } = request.server.publish
  switch (route) {
    case 'files':
      return publishFiles(request)
    case 'openapi':
      return publishOpenapi(request, parts)
    case 'console':
      return publishByConsole(request, parts)
    case 'none':
      throw new GreenloopError('plan_invalid', `the server of ${request.workflow.id} says no way to publish patches`, {
        help: 'set `publish.route` of the server in env.yaml to `console`, `openapi` or `files`',
      })
  }
}

/** Longest time that removing after a failure may take. */
const rescueMs = 60_000

async function publishByConsole(request: PublishRequest, parts: PublishParts): Promise<Published> {
  const made: CreatedThing[] = []
  const onCreated = (thing: CreatedThing): void => {
    made.push(thing)
    parts.onCreated?.(thing)
  }
  const cleanup = (signal: AbortSignal): Promise<readonly string[]> => removeMade(request, made, { ...parts, signal })
  try {
    const admin = await openConsole(request.server, parts)
    const watched = { ...parts, onCreated }
    const single = hasVersions(request) && request.onePerVariant !== true
    const pinned = single ? await publishPinned(admin, request, watched) : undefined
    if (single && pinned === undefined) await removeThings(admin, made)
    return { ...(pinned ?? (await publishClones(admin, request, watched))), cleanup }
  } catch (error) {
    if (!request.server.publish.keep) {
      const left = await cleanup(AbortSignal.timeout(rescueMs))
      if (left.length > 0) throw withLeftovers(error, left)
    }
    throw error
  }
}

function withLeftovers(error: unknown, left: readonly string[]): unknown {
  if (!(error instanceof GreenloopError)) return error
  const help = `left behind: ${left.join('; ')}`
  const { code, message, problems, call } = error
  return new GreenloopError(code, message, { cause: error, help, problems, ...(call && { call }) })
}

function hasVersions({ variants }: PublishRequest): boolean {
  return variants.every(({ dsl, id }) => ['workflow', 'advanced-chat'].includes(modeOf(readDsl(dsl, id).value)))
}

/** Also finds clones whose making nobody saw the end of: they bear the name of the run and the workflow. */
async function removeMade(
  request: PublishRequest,
  made: CreatedThing[],
  parts: AdminParts,
): Promise<readonly string[]> {
  const { server } = request
  if (server.publish.keep) return made.filter(({ kind }) => kind === 'app').map(({ id }) => `app ${id} is kept`)
  try {
    const admin = await openConsole(server, parts)
    const left = [...(await removeThings(admin, made))]
    const name = cloneName(request)
    const found = (await admin.listApps(name)).filter((app) => /^(?:-\d+)?$/u.test(app.name.slice(name.length)))
    const unseen = found.filter(({ id }) => made.every((thing) => thing.id !== id))
    left.push(
      ...(await removeThings(
        admin,
        unseen.map(({ id }): CreatedThing => ({ kind: 'app', id })),
      )),
    )
    return left
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return [...made.map(({ kind, id }) => `${kind} ${id}`), error.message]
  }
}

/** Removes keys first, then apps, and takes them off the list; answers with what would not go. */
async function removeThings(admin: DifyConsole, made: CreatedThing[]): Promise<readonly string[]> {
  const left: string[] = []
  const order = [...made.filter(({ kind }) => kind === 'key'), ...made.filter(({ kind }) => kind === 'app')]
  for (const thing of order) {
    try {
      if (thing.kind === 'app') await admin.deleteApp(thing.id)
      else await admin.deleteKey(thing.appId ?? '', thing.id)
      made.splice(made.indexOf(thing), 1)
    } catch (error) {
      if (!(error instanceof GreenloopError)) throw error
      left.push(`${thing.kind} ${thing.id}: ${error.message}`)
    }
  }
  return left
}

/**
 * Removes the clones of a run, such as one that crashed, and gives their names; those of a run with a longer id stay.
 * Throws as {@link openConsole} does.
 */
export async function sweepClones(server: ServerConfig, tag: string, parts: AdminParts): Promise<readonly string[]> {
  const admin = await openConsole(server, parts)
  const begin = clonePrefix + tag
  const found = await admin.listApps(begin)
  const removed: string[] = []
  for (const { id, name } of found)
    if (/^-[0-9a-f]{4}(?:-\d+)?$/u.test(name.slice(begin.length)) && (await admin.deleteApp(id))) removed.push(name)
  return removed
}
