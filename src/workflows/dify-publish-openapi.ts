import { GreenloopError } from '../domain/errors.ts'
import type { DifyAdmin } from './dify-console-admin.ts'
import { openOpenapi } from './dify-console-openapi.ts'
import { at, modeOf, readDsl, textOf } from './dify-dsl-document.ts'
import { canPin, clonePrefix, putVersion } from './dify-publish-clone.ts'
import type { Published, PublishedVariant, PublishParts, PublishRequest } from './dify-publish-types.ts'

/**
 * Publishes all variants as versions of an app that a person has set aside for it, for `/openapi/v1` makes no keys. Its
 * name begins with `greenloop-`, so that the app people use is never overwritten. Afterwards the draft is what it was.
 * Throws `plan_invalid` where there is no such app or it has no versions, otherwise as targets do.
 */
export async function publishOpenapi(request: PublishRequest, parts: PublishParts): Promise<Published> {
  const { server, workflow } = request
  const { appId } = workflow
  const key = workflow.apiKey ?? server.apiKey
  if (appId === undefined || key === undefined) throw unfit(`${workflow.id} has no \`app_id\` or no \`api_key\``)
  const admin = await openOpenapi(server, parts)
  const draft = await admin.exportApp(appId)
  const original = readDsl(draft, `the app ${appId}`).value
  const name = textOf(at(original, ['app', 'name'])) ?? ''
  if (!name.startsWith(clonePrefix)) throw unfit(`the app ${appId} is called "${name}"`)
  if (!['workflow', 'advanced-chat'].includes(modeOf(original))) throw unfit(`the app "${name}" has no versions`)
  const cleanup = async (signal: AbortSignal): Promise<readonly string[]> => {
    if (server.publish.keep) return [`the draft of "${name}" is kept as it is`]
    const again = await openOpenapi(server, { ...parts, signal })
    await again.importApp(draft, { appId, name })
    return [`the published versions of "${name}" stay; its draft is what it was`]
  }
  try {
    return { ...(await putAll(admin, request, { ...parts, appId, key, name })), cleanup }
  } catch (error) {
    if (!parts.signal.aborted) await cleanup(parts.signal)
    throw error
  }
}

/** The app that is set aside. */
interface Aside extends PublishParts {
  readonly appId: string
  readonly key: string
  readonly name: string
}

async function putAll(admin: DifyAdmin, request: PublishRequest, aside: Aside): Promise<Omit<Published, 'cleanup'>> {
  const { appId, key, name } = aside
  const versions: Record<string, PublishedVariant> = {}
  const warnings: string[] = []
  for (const variant of request.variants) {
    const put = await putVersion(admin, { request, variant, appId, name })
    if (variant === request.variants[0] && !(await canPin(request, { version: put.version, key }, aside))) {
      throw new GreenloopError('target_refused', 'the server does not run versions by their id', {
        help: 'publish by `console` or `files`, which give each variant an app of its own',
      })
    }
    versions[variant.id] = { appId, version: put.version }
    warnings.push(...put.warnings)
  }
  return { versions, warnings }
}

function unfit(what: string): GreenloopError {
  return new GreenloopError('plan_invalid', `${what}; /openapi/v1 publishes into an app that is set aside for it`, {
    help: 'copy the app under a name that begins with `greenloop-`, and give its `app_id` and `api_key` to the workflow; or publish by `console`',
  })
}
