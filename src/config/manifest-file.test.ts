import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { manifestSchema, type RunManifest } from '../domain/manifest.ts'
import { isSecretKey } from './expansion.ts'
import { loadManifest, loadManifests } from './manifest-file.ts'
import { manifestsText, manifestText } from './manifest-text.ts'
import { resolveManifest } from './manifest-variables.ts'
import { inFolder, problemLines } from './plan.fixture.ts'

function manifest(parts: Partial<z.input<typeof manifestSchema>> = {}): RunManifest {
  return manifestSchema.parse({
    id: 'bot/plain',
    experiment: 'e',
    workflowId: 'bot',
    variantId: 'plain',
    workflow: { id: 'bot', target: 'dify' },
    variant: { id: 'plain' },
    cases: [],
    ...parts,
  })
}

const loaded = (name: string, text: string) => inFolder({ [name]: text }, (cwd) => loadManifest(name, { cwd }))

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const word = fc.stringMatching(/^[\p{L}][\p{L}\p{N} _.-]{0,8}$/u)
const reference = fc.stringMatching(/^\$\{[A-Z][A-Z_]{0,6}(:-[a-z]{0,3})?\}$/)
const bag = fc.dictionary(
  fc.oneof(word, fc.constantFrom('camelCase', 'snake_case', 'baseUrl', 'name')),
  fc.jsonValue({ maxDepth: 2 }),
  {
    maxKeys: 3,
  },
)
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

const check = fc.oneof(
  fc.record({
    type: fc.constant('equals'),
    value: fc.jsonValue({ maxDepth: 2 }),
    ignoreCase: fc.boolean(),
    not: fc.boolean(),
  }),
  fc.record({ type: fc.constant('contains'), value: text, mode: fc.constantFrom('all', 'any'), metric: word }),
  fc.record({ type: fc.constant('json_schema'), schema: bag }),
  fc.record({ type: fc.constant('json_path'), path: word, equals: fc.jsonValue({ maxDepth: 1 }), count: fc.nat() }),
  fc.record({ type: fc.constant('latency'), maxMs: fc.integer({ min: 1 }), turn: fc.constantFrom('each', 2) }),
  fc.record({ type: fc.constant('python'), code: text, timeoutSeconds: fc.integer({ min: 1, max: 600 }) }),
  fc.record({ type: fc.constant('judge'), rubric: text, scale: fc.constantFrom('binary', 5), reference: text }),
  fc.record({ type: fc.constant('function'), file: fc.constant('a.ts'), options: bag }),
)

const row = fc.record(
  {
    name: word,
    dataset: word,
    parameters: fc.dictionary(word, scalar, { maxKeys: 3 }),
    inputs: bag,
    vars: bag,
    query: text,
    checks: fc.array(check, { maxLength: 2 }),
    turns: fc.array(fc.record({ query: text, inputs: bag }), { minLength: 1, maxLength: 2 }),
    files: fc.array(fc.record({ url: word, type: fc.constantFrom('image', 'document') }), { maxLength: 1 }),
    metadata: bag,
  },
  { requiredKeys: ['name', 'dataset', 'inputs'] },
)

const patch = fc.oneof(
  fc.record({
    op: fc.constant('regex'),
    select: fc.record({ node: word, message: fc.constantFrom('system', 1) }),
    pattern: word,
    with: text,
  }),
  fc.record({
    op: fc.constant('template'),
    select: fc.record({ title: word }),
    text,
    variables: bag,
    times: fc.constantFrom('all', 2),
  }),
  fc.record({ op: fc.constant('set'), select: fc.record({ type: word, field: word }), value: scalar }),
)

const workflow = fc.oneof(
  fc.record({
    id: fc.constant('bot'),
    target: fc.constant('dify'),
    apiKey: reference,
    appId: word,
    parameters: fc.array(
      fc.record({ name: word, default: scalar, values: fc.array(scalar, { minLength: 1, maxLength: 2 }) }),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    id: fc.constant('bot'),
    target: fc.constant('http'),
    http: fc.record({
      url: word,
      body: fc.jsonValue({ maxDepth: 2 }),
      headers: fc.dictionary(
        word.filter((name) => !isSecretKey(name)),
        text,
      ),
      runId: word,
      conversationId: word,
    }),
  }),
  fc.record({ id: fc.constant('bot'), target: fc.constant('openai'), model: word, system: text, sampling: bag }),
  fc.record({
    id: fc.constant('bot'),
    target: fc.constant('module'),
    file: word,
    timeoutSeconds: fc.integer({ min: 1, max: 99 }),
  }),
  fc.record({ id: fc.constant('bot'), target: fc.constant('stub'), stub: bag }),
)

const anyManifest = fc
  .record({
    workflow,
    variant: fc.record({
      id: fc.constant('plain'),
      patches: fc.array(patch, { maxLength: 2 }),
      inputs: bag,
      sampling: bag,
      versions: fc.dictionary(word, text),
      keys: fc.dictionary(word, reference),
    }),
    server: fc.option(
      fc.record({
        baseUrl: word,
        apiKey: reference,
        rateLimit: fc.record({ perMinute: fc.integer({ min: 1 }) }),
        publish: fc.record({ token: reference, consoleUrl: word }),
      }),
      { nil: undefined },
    ),
    models: fc.dictionary(
      word,
      fc.record({ baseUrl: word, model: word, apiKey: reference, maxTokens: fc.integer({ min: 1 }) }),
      { maxKeys: 2 },
    ),
    prices: fc.record({
      currency: word,
      models: fc.dictionary(word, fc.record({ input: fc.nat(), output: fc.nat() }), { maxKeys: 2 }),
    }),
    rows: fc.array(row, { maxLength: 3 }),
    dsl: fc.option(fc.record({ hash: word, text }), { nil: undefined }),
    execution: fc.record({
      concurrency: fc.integer({ min: 1, max: 9 }),
      batchSize: fc.integer({ min: 1 }),
      retry: fc.record({ maxAttempts: fc.integer({ min: 1, max: 9 }), backoffSeconds: fc.nat(9) }),
      stop: fc.record({ maxCostUsd: fc.integer({ min: 1 }) }),
    }),
    evaluation: fc.record({
      checks: fc.array(check, { maxLength: 2 }),
      passShare: fc.constantFrom(0.5, 1),
      judge: word,
    }),
    gates: fc.array(text, { maxLength: 2 }),
    metadata: bag,
    keyRef: text,
    baseFolder: text,
  })
  .map(({ rows, ...parts }) => {
    const cases = rows.map((one, index) => ({ ...one, id: index.toString(16).padStart(16, '0') }))
    return manifest({ ...parts, cases } as Partial<z.input<typeof manifestSchema>>)
  })

describe('a manifest as a file', () => {
  it('is read as it was written, as YAML and as JSON', async () => {
    await inFolder({}, async (cwd) => {
      await fc.assert(
        fc.asyncProperty(anyManifest, fc.constantFrom('yaml' as const, 'json' as const), async (written, format) => {
          const name = `run_manifest.${format}`
          await writeFile(join(cwd, name), manifestText(written, format))
          // JSON knows no -0, which equals 0 for everybody else.
          const expected: unknown = format === 'json' ? JSON.parse(JSON.stringify(written)) : defined(written)
          expect(defined(await loadManifest(name, { cwd }))).toStrictEqual(expected)
        }),
        { numRuns: 60 },
      )
    })
  })

  it('has its keys in snake_case, and what users named as they named it', () => {
    const written = manifestText(
      manifest({
        server: { baseUrl: 'http://x', rateLimit: { perMinute: 5 } },
        cases: [{ id: '0123456789abcdef', name: 'a', dataset: 'd', inputs: { camelCase: 1 } }],
      }),
    )
    for (const key of ['base_url:', 'per_minute:', 'workflow_id:', 'camelCase:', 'max_attempts:']) {
      expect(written).toContain(key)
    }
    expect(written).not.toMatch(/undefined|perMinute|&a1/u)
  })

  it('may be one of several', async () => {
    const both = [manifest(), manifest({ id: 'bot/polite', variantId: 'polite', variant: { id: 'polite' } })]
    await inFolder({ 'm.yaml': manifestsText(both), 'm.json': manifestsText(both, 'json') }, async (cwd) => {
      expect(await loadManifests('m.yaml', { cwd })).toEqual(both)
      expect(await loadManifests('m.json', { cwd })).toEqual(both)
      await expect(loadManifest('m.yaml', { cwd })).rejects.toMatchObject({ code: 'manifest_invalid' })
    })
  })

  it('is refused with every problem and its line', async () => {
    const error: unknown = await loaded(
      'm.yaml',
      `id: a
experiment: e
workflow_id: bot
variant_id: b
workflow: { id: bott, target: dify, vresion: x }
variant: { id: b, patches: [{ op: replce, select: { node: n }, text: x }] }
repeats: 0
cases:
  - { id: 0123456789abcdef, name: a, dataset: d, inputs: {} }
  - { id: 0123456789abcdef, name: b, dataset: d, inputs: {} }
  - { id: short, name: b, dataset: d, inputs: {} }
`,
    ).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'manifest_invalid' })
    expect(problemLines(error).map((line) => line.replace(/ \(.*/u, ''))).toEqual([
      'm.yaml:3: `workflow_id` is `bot`, but the workflow is `bott`',
      'm.yaml:5: unknown key `vresion` in `workflow`',
      'm.yaml:6: there is no op `replce`',
      'm.yaml:7: `repeats` must be at least 1, not 0',
      'm.yaml:10: the case `0123456789abcdef` is there twice',
      'm.yaml:11: `cases[2].id` cannot be "short": an id is 16 hexadecimal digits',
    ])
  })
})

/** What a file can hold: without members that are `undefined`. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
      member === undefined ? [] : [[key, defined(member)]],
    ),
  )
}

describe('secrets of a manifest', () => {
  const withSecrets = manifest({
    workflow: { id: 'bot', target: 'dify', apiKey: 'app-literal1' },
    variant: { id: 'plain', keys: { bot: 'app-literal2', other: '${OTHER_KEY}' } },
    server: {
      baseUrl: 'http://${HOST}/v1',
      apiKey: 'app-literal3',
      headers: { 'X-Api-Key': 'literal4', 'X-Team': 'a' },
      publish: { route: 'console', email: 'a@b.c', password: 'literal5' },
    },
    models: { judge: { baseUrl: 'http://m', model: 'm', apiKey: 'literal6' } },
    keyRef: 'env.yaml: servers.default.api_key',
    envFile: 'env.yaml',
  })

  it('are left out of files, and what says where they are stays', async () => {
    const written = manifestText(withSecrets)
    expect(written).not.toContain('literal')
    const read = await loaded('m.yaml', written)
    expect(read).toMatchObject({ keyRef: 'env.yaml: servers.default.api_key', envFile: 'env.yaml' })
    expect(read.variant.keys).toEqual({ other: '${OTHER_KEY}' })
    expect(read.server).toMatchObject({ headers: { 'X-Team': 'a' }, publish: { route: 'console', email: 'a@b.c' } })
  })

  it('are read from the environment file, and from variables, and are told', async () => {
    const files = {
      'm.yaml': manifestText(withSecrets),
      'env.yaml': `
servers:
  default:
    base_url: http://elsewhere/v1
    api_key: app-literal3
    headers: { X-Api-Key: '\${HEADER}' }
    publish: { password: literal5 }
models: { judge: { base_url: http://m, model: m, api_key: literal6 } }
`,
    }
    await inFolder(files, async (cwd) => {
      const read = await loadManifest('m.yaml', { cwd })
      const env = { HOST: 'h', HEADER: 'header-value', OTHER_KEY: 'other-value' }
      const { manifest: resolved, secrets } = await resolveManifest(read, { env, cwd })
      expect(resolved.server).toMatchObject({
        baseUrl: 'http://h/v1',
        apiKey: 'app-literal3',
        headers: { 'X-Api-Key': 'header-value', 'X-Team': 'a' },
        publish: { password: 'literal5' },
      })
      expect(resolved.models).toMatchObject({ judge: { apiKey: 'literal6' } })
      expect(resolved.variant.keys).toEqual({ other: 'other-value' })
      expect(secrets.toSorted()).toEqual(['app-literal3', 'header-value', 'literal5', 'literal6', 'other-value'])
    })
  })

  it('are no secrets in a model, which is filled in as well', async () => {
    const bare = manifest({ workflow: { id: 'bot', target: 'stub' }, variant: { id: 'a', model: '${SIZE:-small}' } })
    const { manifest: resolved, secrets } = await resolveManifest(bare, { env: { SIZE: 'large' }, cwd: '/' })
    expect([resolved.variant.model, secrets]).toEqual(['large', []])
  })

  it('are all named where they are not set', async () => {
    const error: unknown = await resolveManifest(
      manifest({
        server: { baseUrl: '${HOST}', apiKey: '${KEY}' },
        models: { j: { baseUrl: '${M:-x}', model: '${N}' } },
      }),
      { env: { KEY: '' }, cwd: '/' },
    ).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'variable_missing' })
    expect(problemLines(error).map((line) => line.replace(/^.*variable/u, ''))).toEqual([
      ' `HOST` is not set',
      ' `KEY` is not set',
      ' `N` is not set',
    ])
  })

  it('are not looked for in what belongs to the user', async () => {
    const written = manifest({
      workflow: { id: 'bot', target: 'openai', model: '${MODEL}', system: 'echo ${HOME}' },
      cases: [{ id: '0123456789abcdef', name: 'a', dataset: 'd', inputs: { script: '${HOME}' } }],
    })
    const { manifest: resolved } = await resolveManifest(written, { env: { MODEL: 'm', HOME: '/root' }, cwd: '/' })
    expect(resolved.workflow).toMatchObject({ model: 'm', system: 'echo ${HOME}' })
    expect(resolved.cases[0]?.inputs).toEqual({ script: '${HOME}' })
  })
})
