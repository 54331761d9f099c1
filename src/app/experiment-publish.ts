import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import { now, sleep } from '../lib/clock.ts'
import { createHttpClient } from '../lib/http-client.ts'
import type { HttpClient } from '../lib/http-client.ts'
import { publishVariants, sweepClones } from '../workflows/dify-publish.ts'
import type { Published } from '../workflows/dify-publish-types.ts'
import type { Surroundings } from './surroundings.ts'

/** What a manifest runs on once its description was published, by the id of the manifest. */
export type PublishedVersions = Readonly<
  Record<string, { readonly version?: string | undefined; readonly apiKey?: string | undefined }>
>

/** Descriptions that are on their servers. */
export interface Publication {
  readonly versions: PublishedVersions
  /** Removes what was made for the run. Says in words what is left behind. */
  cleanup(): Promise<readonly string[]>
}

/** What is published, and where it is kept in mind. Heads have their variables filled in. */
export interface Publishing {
  readonly heads: readonly ManifestHead[]
  readonly runId: string
  /** Absolute folder of the run, for the route `files`. */
  readonly folder: string
  /** File that holds keys of clones while the run lasts, so that it can be resumed; nobody else may read it. */
  readonly memory: string
}

const cleanupMs = 60_000

/**
 * Puts the patched descriptions of a run on their servers, or finds those that an earlier process of the same run has put
 * there. Throws as servers do, with nothing left behind.
 */
export async function publishHeads(
  { heads, runId, folder, memory }: Publishing,
  { signal, onStep }: Pick<Surroundings, 'signal' | 'onStep'>,
): Promise<Publication> {
  const groups = [...Map.groupBy(heads.filter(isPublished), ({ workflowId }) => workflowId).values()]
  if (groups.length === 0) return { versions: {}, cleanup: async () => [] }
  const http = createHttpClient()
  const parts = { http, signal, now, sleep }
  const earlier = await remembered(memory)
  const done: Published[] = []
  const cleanup = async (): Promise<readonly string[]> => {
    const left = await removeAll({ groups, done, runId, http })
    await rm(memory, { force: true })
    http.close()
    return left
  }
  if (earlier !== undefined) return { versions: earlier, cleanup }
  try {
    const versions: [string, PublishedVersions[string]][] = []
    for (const group of groups) {
      onStep?.(`publishing ${group.length} variants of ${group[0]?.workflowId}`)
      const published = await publishVariants(requestOf(group, runId, folder), parts)
      done.push(published)
      for (const warning of published.warnings) onStep?.(warning)
      for (const { id, variantId } of group) versions.push([id, published.versions[variantId] ?? {}])
    }
    const all = Object.fromEntries(versions.map(([id, { version, apiKey }]) => [id, { version, apiKey }]))
    await mkdir(dirname(memory), { recursive: true })
    await writeFile(memory, JSON.stringify(all), { mode: 0o600 })
    return { versions: all, cleanup }
  } catch (error) {
    await cleanup()
    throw error
  }
}

/** Removes what a run had published whose process ended before it could. Says in words what is left behind. */
export async function removePublished({
  heads,
  runId,
  memory,
}: Omit<Publishing, 'folder'>): Promise<readonly string[]> {
  const groups = [...Map.groupBy(heads.filter(isPublished), ({ workflowId }) => workflowId).values()]
  if (groups.length === 0) return []
  const http = createHttpClient()
  try {
    return await removeAll({ groups, done: [], runId, http })
  } finally {
    http.close()
    await rm(memory, { force: true })
  }
}

/** Where the keys of clones are kept in mind: beside the store. */
export function publishMemory(store: string, runId: string): string {
  return join(dirname(store), 'published', `${runId}.json`)
}

const memorySchema = z.record(
  z.string(),
  z.strictObject({ version: z.string().optional(), apiKey: z.string().optional() }),
)

async function remembered(memory: string): Promise<PublishedVersions | undefined> {
  try {
    return memorySchema.parse(JSON.parse(await readFile(memory, 'utf8')))
  } catch {
    return undefined
  }
}

function isPublished({ workflow, server, dsl }: ManifestHead): boolean {
  return workflow.target === 'dify' && dsl?.text !== undefined && (server?.publish.route ?? 'none') !== 'none'
}

function requestOf(group: readonly ManifestHead[], runId: string, folder: string) {
  const [first] = group
  if (first?.workflow.target !== 'dify' || first.server === undefined)
    throw new GreenloopError('internal', 'only apps of Dify are published')
  const { workflow, server } = first
  const variants = group.map(({ variantId, dsl, variant }) => ({
    id: variantId,
    dsl: dsl?.text ?? '',
    hash: dsl?.hash ?? '',
    version: variant.versions[workflow.id],
    apiKey: variant.keys[workflow.id],
  }))
  return { server, workflow, variants, tag: runId, note: `greenloop run ${runId}`, folder: join(folder, 'variants') }
}

interface Removing {
  readonly groups: readonly (readonly ManifestHead[])[]
  readonly done: readonly Published[]
  readonly runId: string
  readonly http: HttpClient
}

/** The signal of the run may be what ended it, so removing has one of its own. */
async function removeAll({ groups, done, runId, http }: Removing): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(cleanupMs)
  const told = (error: unknown): readonly string[] => [error instanceof Error ? error.message : String(error)]
  const left: string[] = []
  for (const published of done) left.push(...(await published.cleanup(signal).catch(told)))
  if (done.length > 0) return left
  // An earlier process has made them.
  for (const [head] of groups) {
    const server = head?.server
    if (server?.publish.route === 'openapi')
      left.push(`the draft of the app of ${head?.workflowId} is as the run has put it; its published versions stay`)
    if (server?.publish.route !== 'console' || server.publish.keep) continue
    await sweepClones(server, runId, { http, signal, now, sleep }).catch((error: unknown) => left.push(...told(error)))
  }
  return left
}

/**
 * Refuses patches that no server would get to see: all variants would be the same workflow, and the comparison one of
 * chance. Throws `plan_invalid` with every one of them.
 */
export function refuseUnpublished(heads: readonly ManifestHead[]): void {
  const problems = heads.flatMap((head) => {
    const { id, variant, workflow } = head
    const isPlaced = variant.versions[workflow.id] !== undefined || variant.keys[workflow.id] !== undefined
    if (variant.patches.length === 0 || isPlaced || isPublished(head)) return []
    return [{ message: `the patches of ${id} reach no server` }]
  })
  const [first] = problems
  if (first === undefined) return
  throw new GreenloopError('plan_invalid', problems.length === 1 ? first.message : 'patches reach no server', {
    why: 'every variant would run the same workflow',
    help: 'set `publish.route` of the server in env.yaml, or name the version or key that holds the variant',
    problems,
  })
}
