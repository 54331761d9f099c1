import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { cover } from '../../tests/support/cover.ts'
import { manifestSchema } from '../domain/manifest.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { planOf } from './cases.fixture.ts'
import type { PlanInput } from './cases.fixture.ts'
import { generateCases } from './cases.ts'
import { buildManifests } from './manifests.ts'
import type { BuiltManifests } from './manifests.ts'

const description = await readFile(new URL('../../tests/fixtures/dify/workflow.yml', import.meta.url), 'utf8')

async function build(input: PlanInput): Promise<BuiltManifests> {
  const plan = planOf(input)
  return buildManifests(plan, await generateCases(plan, { cover }), { patch: applyPatches })
}

async function failureOf(input: PlanInput): Promise<{ code: string; messages: readonly string[] }> {
  const error: unknown = await build(input).catch((thrown: unknown) => thrown)
  const { code, problems } = error as { code: string; problems: { message: string }[] }
  return { code, messages: problems.map(({ message }) => message) }
}

const support = { id: 'support', target: 'dify', dsl: 'support.yml', timeoutSeconds: 60 }
const environment = {
  servers: {
    default: {
      baseUrl: 'https://dify.example/v1',
      apiKey: '${DIFY_API_KEY}',
      concurrency: 4,
      rateLimit: { perMinute: 60 },
      publish: { route: 'console', email: 'a@b.example', password: '${DIFY_PASSWORD}' },
    },
  },
  models: {
    judge: { baseUrl: 'https://llm.example/v1', model: 'qwen3', apiKey: '${JUDGE_KEY}' },
    unused: { baseUrl: 'https://llm.example/v1', model: 'other' },
  },
  prices: { currency: 'CNY', models: { qwen3: { input: 1, output: 2 } } },
}
const append = { op: 'append' as const, select: { title: 'Sort', field: 'instruction' }, text: 'Be brief.' }
const variants = [{ id: 'baseline' }, { id: 'brief', patches: [append] }]

describe('buildManifests', () => {
  it('makes one manifest for each workflow and variant, with everything that a run needs', async () => {
    const plan = {
      name: 'desk',
      repeats: 3,
      seed: 7,
      variants,
      datasets: [
        {
          name: 'd',
          scenarios: [{ query: 'a', checks: [{ type: 'judge' as const, rubric: 'good', model: 'judge' }] }],
        },
      ],
      execution: { concurrency: 20, timeoutSeconds: 30 },
      gates: ['brief >= baseline'],
      metadata: { team: 'desk' },
    }
    const built = await build({ plan, environment, workflows: [support], descriptions: { support: description } })
    const [baseline, brief] = built.manifests
    expect(built.manifests.map(({ id }) => id)).toEqual(['support/baseline', 'support/brief'])
    expect(brief).toMatchObject({
      experiment: 'desk',
      workflowId: 'support',
      variantId: 'brief',
      keyRef: '${DIFY_API_KEY}',
      baseFolder: '/home/user/plan',
      server: { apiKey: '${DIFY_API_KEY}', publish: { password: '${DIFY_PASSWORD}' } },
      models: { judge: { model: 'qwen3', apiKey: '${JUDGE_KEY}' } },
      prices: { currency: 'CNY' },
      repeats: 3,
      seed: 7,
      execution: { concurrency: 4, timeoutSeconds: 30, rateLimit: { perMinute: 60, burst: 1 } },
      gates: ['brief >= baseline'],
      metadata: { team: 'desk' },
    })
    expect(Object.keys(brief?.models ?? {})).toEqual(['judge'])
    expect(brief?.envFile).toBeUndefined()
    expect(brief?.dsl?.text).toContain('Be brief.')
    expect(baseline?.dsl?.text).toBe(description)
    expect(baseline?.dsl?.hash).not.toBe(brief?.dsl?.hash)
    expect(built.places['support/brief']).toHaveLength(1)
    expect(built.places['support/baseline']).toEqual([])
    for (const manifest of built.manifests) expect(manifestSchema.parse(manifest)).toEqual(manifest)
  })

  it('leaves secrets that are written out in their file, and says where they are', async () => {
    const secret = 'app-0123456789'
    const written = {
      servers: {
        default: {
          baseUrl: 'https://dify.example/v1',
          apiKey: secret,
          headers: { Authorization: `Bearer ${secret}`, 'X-Team': 'desk' },
          publish: { password: secret, token: secret },
        },
      },
      models: { judge: { baseUrl: 'https://llm.example/v1', model: 'm', apiKey: secret } },
    }
    const plan = { evaluation: { judge: 'judge' } }
    const { manifests } = await build({ plan, environment: written, workflows: [support] })
    expect(JSON.stringify(manifests)).not.toContain(secret)
    expect(manifests[0]).toMatchObject({
      envFile: '/home/user/plan/env.yaml',
      keyRef: '/home/user/plan/env.yaml: servers.default.api_key',
      server: { headers: { 'X-Team': 'desk' } },
    })
  })

  it('refuses keys that are written out where nothing could find them again, all together', async () => {
    const http = {
      id: 'web',
      target: 'http',
      http: { url: 'https://x.example', headers: { Authorization: 'Bearer abc' } },
    }
    const plan = { variants: [{ id: 'a', keys: { support: 'app-123' } }] }
    const workflows = [{ ...support, apiKey: 'app-456' }, http]
    const { code, messages } = await failureOf({ plan, environment, workflows })
    expect(code).toBe('plan_invalid')
    expect(messages).toHaveLength(3)
    expect(messages.join('\n')).not.toMatch(/app-123|app-456|abc/u)
    expect(messages[2]).toBe(
      'the header `Authorization` of workflow `web` is written out; write `${NAME}` and set NAME in the environment or in `.env`',
    )
  })

  it('lists the patches of all variants that do not fit together', async () => {
    const lost = { op: 'replace' as const, select: { title: 'Srot' }, text: 'x' }
    const plan = {
      variants: [
        { id: 'a', patches: [lost, append] },
        { id: 'b', patches: [lost] },
      ],
    }
    const { code, messages } = await failureOf({
      plan,
      environment,
      workflows: [support],
      descriptions: { support: description },
    })
    expect(code).toBe('patch_invalid')
    expect(messages.map((message) => message.slice(0, 12))).toEqual(
      ['variant `a`: ', 'variant `b`: '].map((text) => text.slice(0, 12)),
    )
  })

  it('refuses patches of a workflow without a description, and models that are not there', async () => {
    const plan = { variants, evaluation: { embeddings: 'vectors' } }
    const { code, messages } = await failureOf({ plan, environment, workflows: [{ id: 'support', target: 'dify' }] })
    expect(code).toBe('plan_invalid')
    expect(messages).toEqual([
      'a check names the model `vectors`, which the environment does not have',
      'variant `brief` patches `support`, which has no `dsl` in the catalog',
    ])
  })

  it('warns of variants that nothing distinguishes, and of patches that reach no server', async () => {
    const plan = {
      variants: [...variants, { id: 'twin', description: 'the same' }, { id: 'warm', sampling: { temperature: 1 } }],
    }
    const servers = { default: { baseUrl: 'https://dify.example/v1' } }
    const { warnings } = await build({
      plan,
      environment: { servers },
      workflows: [support],
      descriptions: { support: description },
    })
    expect(warnings).toEqual([
      '`support`: node 1711528917469 "Answer" retries by itself (3 times), which multiplies with the retries of the plan',
      'the patches of `support/brief` reach no server: set `publish.route` of `default`, or name the version that holds them',
      'nothing distinguishes `baseline` and `twin` on `support`',
    ])
  })

  it('warns of a parameter that cases vary and a variant sets', async () => {
    const parameters = { lang: ['en', 'ru', 'zh'] }
    const plan = {
      mode: 'cartesian' as const,
      parameters,
      variants: [{ id: 'a' }, { id: 'b', inputs: { lang: 'en' } }],
    }
    const { warnings } = await build({ plan })
    expect(warnings).toEqual(['`bot/b` sets `lang`, which its cases vary: 3 values come to the same call'])
  })

  it('takes the slower of two rate limits', async () => {
    const plan = { execution: { rateLimit: { perMinute: 30, burst: 9 } } }
    const servers = { default: { baseUrl: 'https://x.example', rateLimit: { perMinute: 600, burst: 3 } } }
    const { manifests } = await build({ plan, environment: { servers }, workflows: [support] })
    expect(manifests[0]?.execution.rateLimit).toEqual({ perMinute: 30, burst: 3 })
  })

  it('lets paths of catalog and environment start from the folder of the plan', async () => {
    const servers = { default: { baseUrl: 'https://x.example', caFile: 'ca.pem' } }
    const plan = planOf({
      environment: { servers },
      workflows: [{ id: 'm', target: 'module', file: 'run.ts', dsl: '/abs.yml' }],
    })
    const moved = { ...plan, folders: { ...plan.folders, catalog: '/home/user/catalog', environment: '/home/user' } }
    const { manifests } = buildManifests(moved, await generateCases(moved, { cover }), { patch: applyPatches })
    expect(manifests[0]).toMatchObject({
      workflow: { file: '../catalog/run.ts', dsl: '/abs.yml' },
      server: { caFile: '../ca.pem' },
    })
  })

  it('shares the cases of a workflow among its manifests', async () => {
    const scenarios = Array.from({ length: 2000 }, (_, at) => ({ query: `q${at}` }))
    const plan = { variants: [{ id: 'a' }, { id: 'b', prompt: 'x' }], datasets: [{ name: 'd', scenarios }] }
    const { manifests } = await build({ plan })
    expect(manifests.map(({ cases }) => cases.length)).toEqual([2000, 2000])
    expect(manifests[0]?.cases[0]).toBe(manifests[1]?.cases[0])
  })
})
