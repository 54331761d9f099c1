import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { cover } from '../../tests/support/cover.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { planOf } from './cases.fixture.ts'
import type { PlanInput } from './cases.fixture.ts'
import { generateCases } from './cases.ts'
import { estimatePlan } from './estimate.ts'
import type { EstimateOptions, PlanEstimate } from './estimate.ts'
import { promptedModels } from './estimate-dsl.ts'
import { buildManifests } from './manifests.ts'

const workflowApp = await fixture('workflow')

function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../tests/fixtures/dify/${name}.yml`, import.meta.url), 'utf8')
}

async function estimate(input: PlanInput, options?: EstimateOptions): Promise<PlanEstimate> {
  const plan = planOf(input)
  const cases = await generateCases(plan, { cover })
  return estimatePlan(buildManifests(plan, cases, { patch: applyPatches }).manifests, cases.designs, options)
}

const model = { id: 'chat', target: 'openai', model: 'm', system: 'x'.repeat(400) }
const servers = { default: { baseUrl: 'https://llm.example/v1' } }
const prices = { currency: 'EUR', models: { m: { input: 1, output: 2 } } }
const exact = { answerTokens: { low: 100, high: 100 }, latencySeconds: 2 }

describe('estimatePlan', () => {
  it('counts turns as calls, and sends earlier turns again', async () => {
    const flow = { turns: [{ query: 'a'.repeat(40) }, { query: 'b'.repeat(40) }, { query: 'c'.repeat(40) }] }
    const datasets = [{ name: 'd', conversationFlows: [flow], scenarios: [{ query: 'd'.repeat(80) }] }]
    const plan = { repeats: 5, variants: [{ id: 'a' }, { id: 'b', prompt: 'y'.repeat(800) }], datasets }
    const made = await estimate({ plan, workflows: [model], environment: { servers, prices } }, exact)
    expect(made).toMatchObject({ workflows: 1, variants: 2, cases: 2, trials: 20, calls: 40, judgeCalls: 0 })
    // A trial of each case: 4 prompts of 100 (or 200) tokens, queries of 10 + 20 + 30 + 20, three answers sent again.
    const input = 5 * (4 * 100 + 80 + 3 * 100) + 5 * (4 * 200 + 80 + 3 * 100)
    const output = 5 * 4 * 100 * 2
    expect(made.tokens).toEqual({ low: input + output, high: input + output })
    expect(Number(made.cost?.low)).toBeCloseTo((input + 2 * output) / 1e6, 12)
    expect(made.cost).toMatchObject({ high: made.cost?.low, currency: 'EUR' })
  })

  it('gives no cost where a price is missing, and says which', async () => {
    const made = await estimate({ workflows: [model], environment: { servers } })
    expect(made.cost).toBeUndefined()
    expect(made.notes).toContain('there is no cost: `prices` of the environment lack m')
    expect(made.tokens?.high).toBeGreaterThan(made.tokens?.low ?? 0)
  })

  it('gives no tokens for workflows whose models nobody knows', async () => {
    const made = await estimate({ environment: { prices } })
    expect(made.tokens).toBeUndefined()
    expect(made.cost).toBeUndefined()
    expect(made.notes.at(-1)).toContain('nobody knows which models `bot` asks')
  })

  it('counts judges by samples and turns, embeddings, and preferences in both orders', async () => {
    const checks = [
      { type: 'judge' as const, rubric: 'r'.repeat(400), samples: 3, turn: 'each' as const },
      { type: 'similarity' as const, value: 'x', method: 'embedding' as const },
    ]
    const scenarios = [{ query: 'q', checks: [{ type: 'judge' as const, rubric: 'good' }] }]
    const datasets = [{ name: 'd', conversationFlows: [{ turns: [{ query: 'a' }, { query: 'b' }] }], scenarios }]
    const evaluation = { checks, judge: 'j', preference: { rubric: 'better' } }
    const plan = { repeats: 2, variants: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], datasets, evaluation }
    const environment = { servers, models: { j: { baseUrl: 'https://llm.example/v1', model: 'm' } }, prices }
    const made = await estimate({ plan, workflows: [model], environment })
    // For each variant and repeat: 6 and 3 samples of the first, one of the row; 2 orders of 2 variants on 2 cases.
    expect(made.judgeCalls).toBe(3 * 2 * (6 + 3 + 1) + 2 * 2 * 2 * 2)
    expect(made.embeddingCalls).toBe(3 * 2 * 2)
    expect(made.judgeTokens.low).toBeGreaterThan(3 * 2 * 9 * 100)
    expect(made.cost).toBeUndefined()
    const { preference, ...rest } = evaluation
    const priced = await estimate({ plan: { ...plan, evaluation: rest }, workflows: [model], environment })
    expect(preference.rubric).toBe('better')
    expect(Number(priced.cost?.high)).toBeGreaterThan(Number(priced.cost?.low))
  })

  it('bounds the duration by rate limit, width and the longest conversation', async () => {
    const scenarios = Array.from({ length: 60 }, (_, at) => ({ query: `q${at}` }))
    const datasets = [{ name: 'd', scenarios }]
    const slow = { ...servers.default, rateLimit: { perMinute: 10, burst: 10 } }
    const input = (execution: object, server: object): PlanInput => ({
      plan: { datasets, execution },
      workflows: [model],
      environment: { servers: { default: server } },
    })
    const limited = await estimate(input({ concurrency: 8 }, slow), exact)
    expect(limited.duration).toEqual({ seconds: 302, limitedBy: 'rate_limit', latencySeconds: 2 })
    const narrow = await estimate(input({ concurrency: 8 }, { ...servers.default, concurrency: 2 }), exact)
    expect(narrow.duration).toEqual({ seconds: 60, limitedBy: 'concurrency', latencySeconds: 2 })
    const wide = await estimate(input({ concurrency: 1000 }, servers.default), exact)
    expect(wide.duration).toEqual({ seconds: 2, limitedBy: 'conversation', latencySeconds: 2 })
    expect(estimatePlan([], []).duration.seconds).toBe(0)
  })

  it('says what covering arrays save', async () => {
    const parameters = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, [1, 2, 3]]))
    const made = await estimate({ plan: { parameters, pairwiseDimensions: Object.keys(parameters) } })
    expect(made.savings?.product).toBe(729)
    expect(made.savings?.cases).toBeLessThan(20)
    expect(made.savings?.share).toBeGreaterThan(0.97)
    expect((await estimate({ plan: { parameters } })).savings).toBeUndefined()
  })

  it('reads models and prompts of a description', async () => {
    const environment = { servers, prices: { models: { 'gpt-4o-mini': { input: 1, output: 1 } } } }
    const workflows = [{ id: 'support', target: 'dify', dsl: 'support.yml' }]
    const made = await estimate({ workflows, environment, descriptions: { support: workflowApp } })
    expect(made.tokens?.low).toBeGreaterThan(50)
    expect(made.tokens?.high).toBeGreaterThan(made.tokens?.low ?? Infinity)
  })
})

describe('promptedModels', () => {
  it('finds the models of every kind of app with the tokens of their prompts', async () => {
    for (const name of ['workflow', 'chatflow', 'chat', 'agent-chat', 'completion']) {
      const models = promptedModels(await fixture(name))
      expect(models.length, name).toBeGreaterThan(0)
      expect(
        models.every(({ model: each, tokens }) => typeof each === 'string' && tokens > 3),
        name,
      ).toBe(true)
    }
  })

  it('finds none in what is no description', () => {
    expect(promptedModels('a: [')).toEqual([])
    expect(promptedModels('[1, 2]')).toEqual([])
    expect(promptedModels('')).toEqual([])
  })
})
