import { GreenloopError } from '../domain/errors.ts'
import type { DifyAdmin } from './dify-console-admin.ts'
import { readDsl } from './dify-dsl-document.ts'
import { differences, meaningOf } from './dify-dsl-meaning.ts'
import type { PublishVariant } from './dify-publish-types.ts'

/** Where a variant was put. */
export interface PutVariant {
  readonly variant: PublishVariant
  readonly appId: string
  /** Unset: the app itself, for apps without versions. */
  readonly version?: string | undefined
}

const pathsShown = 10
/** What servers take out of a description: knowledge bases of another workspace, secrets, credentials. */
const stripped = /(?:^|\.)(?:dataset_ids|datasets|credential\w*|credentials|secret\w*|authorization)(?:[ .]|$)/u

/**
 * Reads back what was published and compares it with what was meant. Answers with warnings. Throws `target_refused` with
 * the paths that differ.
 */
export async function verifyPublished(
  admin: DifyAdmin,
  { variant, appId, version }: PutVariant,
): Promise<readonly string[]> {
  const meant = meaningOf(readDsl(variant.dsl, variant.id).value)
  const found = meaningOf(readDsl(await admin.exportApp(appId, version), `the export of ${appId}`).value)
  const all = differences(meant, found)
  const changed = all.filter((path) => !stripped.test(path))
  if (changed.length > 0) {
    const more = changed.length > pathsShown ? ` and ${changed.length - pathsShown} more` : ''
    const paths = changed.slice(0, pathsShown).join(', ')
    throw new GreenloopError(
      'target_refused',
      `the server holds another variant ${variant.id} than was sent: ${paths}${more}`,
      {
        help: 'somebody may have edited the app meanwhile, or the server is too old for the description',
        problems: changed.map((path) => ({ message: `${path} differs` })),
      },
    )
  }
  const extra = nodesOf(found) - nodesOf(meant)
  const missing = await admin.missingDependencies(appId)
  return [
    ...all.map((path) => `variant ${variant.id}: the server dropped ${path} (another workspace, or a secret)`),
    ...(extra > 0 ? [`variant ${variant.id}: the server holds ${extra} nodes more than was sent`] : []),
    ...(missing.length > 0 ? [`variant ${variant.id}: the server lacks the plugins ${missing.join(', ')}`] : []),
  ]
}

function nodesOf({ workflow }: Readonly<Record<string, unknown>>): number {
  const nodes = (workflow as { readonly nodes?: object } | undefined)?.nodes
  return Object.keys(nodes ?? {}).length
}
