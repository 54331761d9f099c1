import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { testEnvironment } from '../config/test-environment.ts'
import { resolveManifest } from '../config/manifest-variables.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { Embed, Provider } from '../domain/ports.ts'
import type { Target } from '../domain/target.ts'
import type { ModelConfig } from '../domain/workflow.ts'
import { createEvaluator } from '../experiment/evaluate.ts'
import type { Evaluator } from '../experiment/evaluate.ts'
import { perMillion, addDecimals } from '../lib/decimal.ts'
import { sleep, systemClock } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { openAiEmbeddings } from '../llm/embeddings.ts'
import { createProvider } from '../llm/provider-table.ts'
import { createHttpClient } from '../lib/http-client.ts'
import type { HttpClient } from '../lib/http-client.ts'
import { createTarget } from '../workflows/target-table.ts'
import type { PublishedVersions } from './experiment-publish.ts'
import type { Surroundings } from './surroundings.ts'

/** Everything that trials of an experiment are made with, opened when it is first needed. */
export interface Stage {
  /** Heads with every variable filled in. They hold secrets: never stored, never shown. */
  readonly heads: readonly ManifestHead[]
  /** Texts that must not be shown or stored. */
  readonly secrets: readonly string[]
  readonly target: (manifest: number) => Promise<Target>
  readonly evaluator: (manifest: number) => Evaluator
  readonly model: (manifest: number, name: string) => Provider
  /** Tells where descriptions were published, before the first trial. */
  use(published: PublishedVersions): void
  close(): Promise<void>
}

/** Fills in the variables of manifests. Throws `variable_missing` with all that are not set. */
export async function openStage(
  heads: readonly ManifestHead[],
  { cwd, env }: Pick<Surroundings, 'cwd' | 'env'>,
): Promise<Stage> {
  let published: PublishedVersions = {}
  const resolved = await Promise.all(heads.map((head) => resolveManifest({ ...head, cases: [] }, { cwd, env })))
  const filled = resolved.map(({ manifest: { cases: _none, ...head } }) => head)
  const clients = new Map<string, Promise<HttpClient>>()
  const targets = new Map<number, Promise<Target>>()
  const evaluators = new Map<number, Evaluator>()
  const at = (manifest: number): ManifestHead => {
    const head = filled[manifest]
    if (head === undefined) throw new GreenloopError('manifest_invalid', `there is no manifest ${manifest}`)
    return head
  }
  const folderOf = (head: ManifestHead): string => head.baseFolder ?? cwd
  const openTarget = async (head: ManifestHead): Promise<Target> => {
    const ca = head.server?.caFile === undefined ? undefined : resolve(folderOf(head), head.server.caFile)
    const client = kept(clients, ca ?? '', () => openClient(ca))
    return createTarget(setupOf(head, folderOf(head), published), { http: await client, clock: systemClock })
  }
  return {
    heads: filled,
    get secrets() {
      return [...new Set([...resolved.flatMap(({ secrets }) => secrets), ...keysOf(published)])]
    },
    target: (manifest) => kept(targets, manifest, () => openTarget(at(manifest))),
    evaluator: (manifest) => kept(evaluators, manifest, () => openEvaluator(at(manifest), folderOf(at(manifest)), env)),
    model: (manifest, name) => modelOf(at(manifest), name),
    use: (given) => {
      published = given
    },
    close: async () => {
      const opened = await Promise.allSettled([...targets.values()])
      await Promise.all(opened.flatMap((target) => (target.status === 'fulfilled' ? target.value.close() : [])))
      await Promise.all([...evaluators.values()].map((evaluator) => evaluator.close()))
      for (const client of await Promise.allSettled([...clients.values()]))
        if (client.status === 'fulfilled') client.value.close()
    },
  }
}

function kept<K, V>(made: Map<K, V>, key: K, make: () => V): V {
  const known = made.get(key)
  if (known !== undefined) return known
  const fresh = make()
  made.set(key, fresh)
  return fresh
}

async function openClient(caFile: string | undefined): Promise<HttpClient> {
  if (caFile === undefined) return createHttpClient()
  try {
    return createHttpClient({ ca: await readFile(caFile, 'utf8') })
  } catch (cause) {
    throw new GreenloopError('file_missing', `the certificate \`${caFile}\` cannot be read`, { cause })
  }
}

function setupOf(head: ManifestHead, folder: string, published: PublishedVersions) {
  const { workflow, server, variant, prices, dsl } = head
  const own = published[head.id]
  const ofVariant = Object.hasOwn(variant.keys, workflow.id) ? variant.keys[workflow.id] : undefined
  const version = Object.hasOwn(variant.versions, workflow.id) ? variant.versions[workflow.id] : undefined
  return {
    workflow,
    server,
    apiKey: own?.apiKey ?? ofVariant ?? workflow.apiKey ?? server?.apiKey,
    version: own?.version ?? dsl?.published ?? version ?? (workflow.target === 'dify' ? workflow.version : undefined),
    folder,
    prices,
  }
}

function keysOf(published: PublishedVersions): string[] {
  return Object.values(published).flatMap(({ apiKey }) => apiKey ?? [])
}

function openEvaluator(head: ManifestHead, folder: string, env: Surroundings['env']): Evaluator {
  const names = Object.keys(head.models)
  const models = Object.fromEntries(names.map((name) => [name, modelOf(head, name)]))
  const embed = Object.fromEntries(names.map((name) => [name, embedOf(head, name)]))
  const { workflow, variant, prices, evaluation } = head
  return createEvaluator(
    {
      evaluation,
      folder,
      targetModel: variant.model ?? (workflow.target === 'openai' ? workflow.model : undefined),
    },
    {
      models,
      embed,
      environment: testEnvironment(env),
      priceOf: (name, { inputTokens, outputTokens }) => {
        const price = prices.models[head.models[name]?.model ?? name]
        if (price === undefined) return undefined
        const amount = addDecimals([perMillion(price.input, inputTokens), perMillion(price.output, outputTokens)])
        return { amount, currency: prices.currency, source: 'price_table' }
      },
    },
  )
}

function configOf({ models }: ManifestHead, name: string): ModelConfig {
  const config = Object.hasOwn(models, name) ? models[name] : undefined
  if (config !== undefined) return config
  throw new GreenloopError('plan_invalid', `there is no model \`${name}\` in the environment file`)
}

const longestAnswerBytes = 8 * 1024 * 1024

function modelOf(head: ManifestHead, name: string): Provider {
  const { baseUrl, model, apiKey, headers, temperature, maxTokens, timeoutSeconds } = configOf(head, name)
  const totalMs = timeoutSeconds * 1000
  return createProvider(
    {
      mode: 'http',
      endpoint: baseUrl,
      model,
      apiKey,
      headers,
      temperature: temperature ?? 0,
      maxTokens: maxTokens ?? 2048,
      thinking: undefined,
      stream: true,
      timeouts: { connectMs: Math.min(totalMs, 10_000), firstByteMs: totalMs, idleMs: totalMs, totalMs },
      maxAnswerBytes: longestAnswerBytes,
      retry: { maxAttempts: 3, baseMs: 500, maxWaitMs: 20_000 },
    },
    { clock: { sleep }, random, onCall: () => {} },
  )
}

function embedOf(head: ManifestHead, name: string): Embed {
  const { baseUrl, model, apiKey, headers, timeoutSeconds } = configOf(head, name)
  return openAiEmbeddings({ baseUrl, model, apiKey, headers, timeoutMs: timeoutSeconds * 1000 })
}
