import { GreenloopError } from '../domain/errors.ts'
import type { DifyAdmin, DifyConsole, VersionMark } from './dify-console-admin.ts'
import { sha256 } from '../lib/hash.ts'
import { adminCall } from './dify-console-call.ts'
import { modeOf, readDsl } from './dify-dsl-document.ts'
import type { Published, PublishedVariant, PublishParts, PublishRequest, PublishVariant } from './dify-publish-types.ts'
import { verifyPublished } from './dify-publish-verify.ts'

/** What publishing gives before there is a way to clean up. */
type Put = Omit<Published, 'cleanup'>

/**
 * Publishes all variants as versions of one clone with one key. `undefined` where the server does not let anybody run a
 * version by its id.
 */
export async function publishPinned(
  admin: DifyConsole,
  request: PublishRequest,
  parts: PublishParts,
): Promise<Put | undefined> {
  const [first] = request.variants
  if (first === undefined) return { versions: {}, warnings: [] }
  const { appId, key } = await createClone(admin, { request, variant: first, name: cloneName(request) }, parts)
  const versions: Record<string, PublishedVariant> = {}
  const warnings: string[] = []
  // The draft is one slot for all, so one variant goes after the other.
  for (const variant of request.variants) {
    const put = await putVersion(admin, { request, variant, appId, name: cloneName(request) })
    if (variant === first && !(await canPin(request, { version: put.version, key }, parts))) return undefined
    versions[variant.id] = { appId, version: put.version, apiKey: key }
    warnings.push(...put.warnings)
  }
  return { versions, warnings }
}

/** Gives each variant an app and a key of its own. */
export async function publishClones(admin: DifyConsole, request: PublishRequest, parts: PublishParts): Promise<Put> {
  const versions: Record<string, PublishedVariant> = {}
  const warnings: string[] = []
  for (const [index, variant] of request.variants.entries()) {
    const name = `${cloneName(request)}-${index + 1}`
    const { appId, key } = await createClone(admin, { request, variant, name }, parts)
    const isGraph = ['workflow', 'advanced-chat'].includes(modeOf(readDsl(variant.dsl, variant.id).value))
    const version = isGraph ? await admin.publish(appId, markOf(request, variant)) : undefined
    warnings.push(...(await verifyPublished(admin, { variant, appId, version })))
    versions[variant.id] = { appId, apiKey: key }
  }
  return { versions, warnings }
}

/** What the names of all apps begin with that are made here. */
export const clonePrefix = 'greenloop-'

/** Name of the clone of a workflow in a run; clones of single variants have a number behind it. */
export function cloneName({ tag, workflow }: PublishRequest): string {
  return `${clonePrefix}${tag}-${sha256(workflow.id).slice(0, 4)}`
}

interface CloneOrder {
  readonly request: PublishRequest
  readonly variant: PublishVariant
  readonly name: string
}

async function createClone(admin: DifyConsole, { variant, name }: CloneOrder, parts: PublishParts) {
  const { appId } = await admin.importApp(variant.dsl, { name })
  parts.onCreated?.({ kind: 'app', id: appId })
  const { id, token } = await admin.createKey(appId)
  parts.onCreated?.({ kind: 'key', id, appId })
  return { appId, key: token }
}

/** One variant and the app that it is put over. */
export interface VersionOrder {
  readonly request: PublishRequest
  readonly variant: PublishVariant
  readonly appId: string
  /** Name that the app keeps. */
  readonly name: string
}

/** Times that a variant is put again when somebody else had a hand in the draft. */
const mostTries = 2

/** Imports a variant over an app, publishes it, and checks the version. */
export async function putVersion(admin: DifyAdmin, { request, variant, appId, name }: VersionOrder) {
  for (let attempt = 1; ; attempt++) {
    const imported = await admin.importApp(variant.dsl, { appId, name })
    if (imported.appId !== appId) {
      throw new GreenloopError(
        'target_garbled',
        `the server made the app ${imported.appId} in place of changing ${appId}`,
      )
    }
    const version = await admin.publish(appId, markOf(request, variant))
    try {
      const warnings = await verifyPublished(admin, { variant, appId, version })
      return { version, warnings: [...imported.warnings, ...warnings] }
    } catch (error) {
      if (!(error instanceof GreenloopError) || error.problems.length === 0 || attempt === mostTries) throw error
    }
  }
}

function markOf({ note }: PublishRequest, { hash, id }: PublishVariant): VersionMark {
  return { name: `gl-${hash.slice(0, 8)}`, comment: `${id} ${note}`.trim().slice(0, 100) }
}

/** A version and the key of its app. */
interface Pinned {
  readonly version: string
  readonly key: string
}

/**
 * Whether the server lets the key run a version by its id. The request lacks what a run needs, so it is refused before
 * anything runs; only how it is refused counts.
 */
export async function canPin(request: PublishRequest, { version, key }: Pinned, parts: PublishParts): Promise<boolean> {
  const { server, variants } = request
  const mode = modeOf(readDsl(variants[0]?.dsl ?? '').value)
  const path = mode === 'workflow' ? `workflows/${encodeURIComponent(version)}/run` : 'chat-messages'
  const address = `${server.baseUrl.replace(/\/+$/u, '')}/${path}`
  if (!URL.canParse(address))
    throw new GreenloopError('plan_invalid', `\`${server.baseUrl}\` is no address of a server`)
  const { status } = await adminCall(
    {
      method: 'POST',
      url: new URL(address),
      headers: { ...server.headers, authorization: `Bearer ${key}` },
      body: mode === 'workflow' ? {} : { workflow_id: version },
      accept: [400, 403, 404, 422],
      secrets: [key, ...Object.values(server.headers)],
    },
    parts,
  )
  return status !== 403
}
