import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Comparison } from '../../src/domain/comparison.ts'
import { camelKeys } from '../../src/lib/snake-keys.ts'
import type { DifyCall, DifyScript } from '../support/dify-script.ts'
import { startDifyServer } from '../support/dify-server.ts'
import { experimentFolder } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { cli } from './cli.ts'

const key = 'app-canary-7732'

interface Judged {
  readonly mode: 'workflow' | 'advanced-chat'
  readonly script: (call: DifyCall) => DifyScript
  readonly dataset: object
  readonly evaluation: object
  readonly plan?: object
}

interface Line {
  readonly case_name: string
  readonly repeat: number
  readonly passed?: boolean
  readonly score?: number
  readonly scores: readonly { readonly name: string; readonly passed?: boolean; readonly error?: string }[]
}

/** Runs a plan against a Dify server. Gives verdicts by name of check for each result, in the order of case and repeat. */
async function judged({ mode, script, dataset, evaluation, plan }: Judged) {
  await using server = await startDifyServer({ apps: { [key]: { mode, script } } })
  await using folder = await experimentFolder({
    env: { servers: { default: { base_url: server.url, api_key: '${APP_KEY}' } } },
    workflows: [{ id: 'w', target: 'dify', app: mode === 'workflow' ? 'workflow' : 'chatflow' }],
    plan: { name: 'views', datasets: [{ name: 'd', ...dataset }], evaluation, ...plan },
  })
  const ended = await cli(['experiment', 'run', 'plan.yaml', '--run-id', 'r', '--no-progress'], {
    cwd: folder.path,
    env: { APP_KEY: key },
  })
  expect(ended.stderr).toBe('')
  const lines = (await folder.results()) as unknown as readonly Line[]
  const results = lines.toSorted((a, b) => a.case_name.localeCompare(b.case_name) || a.repeat - b.repeat)
  const verdicts = results.map(({ scores }) =>
    Object.fromEntries(scores.map(({ name, passed, error }) => [name, error === undefined ? passed : 'error'])),
  )
  return { code: ended.code, results, verdicts, comparison: await comparisonOf(folder) }
}

async function comparisonOf({ artifacts }: ExperimentFolder): Promise<Comparison> {
  return camelKeys(JSON.parse(await readFile(join(artifacts, 'comparison.json'), 'utf8'))) as Comparison
}

const word = (on: string, value: string, more: object = {}) => ({ name: on, type: 'contains', on, value, ...more })

describe('checks of nodes', () => {
  it('look at a node by id or title, its last round, its status and its error', async () => {
    const { verdicts, code } = await judged({
      mode: 'workflow',
      script: () => ({
        outputs: { answer: 'done' },
        nodes: [
          { id: '17000', title: 'Draft. v1', outputs: { text: 'a draft', list: [{ n: 3 }] }, inputs: { q: 'why' } },
          { id: '17001', title: '检索 docs', outputs: { 'a.b': 'dotted' } },
          { id: '17002', title: 'Fallback', status: 'exception', error: 'no model', outputs: {} },
          { id: 'loop', title: 'Loop', type: 'iteration', outputs: {} },
          { id: 'in', title: 'In', outputs: { text: 'round 1' }, inside: { iteration: 'loop', round: 1 } },
          { id: 'in', title: 'In', outputs: { text: 'round 2' }, inside: { iteration: 'loop', round: 2 } },
        ],
      }),
      dataset: { scenarios: [{ name: 'one' }] },
      evaluation: {
        checks: [
          word('node:17000.outputs.text', 'draft'),
          word('node:Draft. v1.inputs.q', 'why'),
          word('node:检索 docs.outputs.a.b', 'dotted'),
          word('node:Fallback.error', 'no model'),
          word('node:Fallback.status', 'exception'),
          word('node:In.outputs.text', 'round 2'),
          word('node:Gone.status', 'not_run'),
          word('node:Gone.outputs.text', 'x', { weight: 0 }),
          word('node:17000.outputs.gone', 'x', { weight: 0, not: true }),
          { name: 'path', type: 'json_path', on: 'node:17000.outputs', path: '$.list[0].n', equals: 3 },
        ],
      },
    })
    const [verdict = {}] = verdicts
    const failed = Object.keys(verdict).filter((name) => verdict[name] !== true)
    // What is not there fails, also where the check is turned round.
    expect(failed).toEqual(['node:Gone.outputs.text', 'node:17000.outputs.gone'])
    expect(code).toBe(0)
  })
})

describe('checks of conversations', () => {
  it('look at one turn, each, any, the last, or the whole', async () => {
    const turns = [
      { query: 'hello', checks: [word('text', 'HELLO', { name: 'own' })] },
      { query: 'and', checks: [word('text', 'BYE', { name: 'own of the second' })] },
      { query: 'bye' },
    ]
    const { verdicts, results } = await judged({
      mode: 'advanced-chat',
      script: ({ query }) => ({ text: query.toUpperCase() }),
      dataset: { conversation_flows: [{ name: 'talk', turns }] },
      evaluation: {
        pass_share: 0.5,
        checks: [
          word('text', 'BYE', { name: 'last' }),
          word('text', 'HELLO', { name: 'first', turn: 1 }),
          word('text', 'AND', { name: 'any', turn: 'any' }),
          { name: 'each', type: 'regex', pattern: '^[A-Z]+$', turn: 'each' },
          word('text', 'HELLO', { name: 'not each', turn: 'each' }),
          word('conversation', 'HELLO', { name: 'whole' }),
          word('text', 'x', { name: 'fourth', turn: 4 }),
          word('text', 'HELLO', { name: 'not', not: true, turn: 'last' }),
        ],
      },
    })
    expect(verdicts[0]).toEqual({
      last: true,
      first: true,
      any: true,
      each: true,
      'not each': false,
      whole: true,
      fourth: false,
      not: true,
      own: true,
      'own of the second': false,
    })
    expect(results[0]).toMatchObject({ passed: true, score: 0.7 })
  })
})

describe('repeats, weights and shares', () => {
  it('give pass@k and pass^k without bias, and the weighted score', async () => {
    // The third trial of each case fails; one server call each, so that the number of the call decides.
    const seen = new Map<string, number>()
    const { results, comparison } = await judged({
      mode: 'workflow',
      script: ({ inputs }) => {
        const name = String(inputs['q'])
        const count = (seen.get(name) ?? 0) + 1
        seen.set(name, count)
        return { outputs: { text: name === 'steady' || count < 3 ? 'yes' : 'no' } }
      },
      dataset: { scenarios: ['steady', 'shaky'].map((q) => ({ name: q, inputs: { q } })) },
      evaluation: {
        pass_share: 0.75,
        checks: [
          word('text', 'yes', { weight: 3 }),
          { name: 'never', type: 'equals', value: 'maybe', weight: 1 },
          { name: 'informs', type: 'equals', value: 'maybe', weight: 0 },
        ],
      },
      plan: { repeats: 3, execution: { concurrency: 1 } },
    })
    expect(results.map(({ score }) => score)).toHaveLength(6)
    expect(results.filter(({ passed }) => passed === true)).toHaveLength(5)
    expect(new Set(results.map(({ score }) => score))).toEqual(new Set([0, 0.75]))
    const [summary] = comparison.summaries
    // shaky has 2 of 3: pass@2 = 1 - C(1,2)/C(3,2) = 1, pass^2 = C(2,2)/C(3,2) = 1/3; steady has 1 for both.
    expect(summary?.passAt.map(({ k }) => k)).toEqual([1, 2, 3])
    expect(summary?.passAt[0]).toMatchObject({ passAtK: expect.closeTo(5 / 6), passHatK: expect.closeTo(5 / 6) })
    expect(summary?.passAt[1]).toMatchObject({ passAtK: 1, passHatK: expect.closeTo(2 / 3) })
    expect(summary?.passAt[2]).toMatchObject({ passAtK: 1, passHatK: 0.5 })
    expect(summary?.flaky).toBe(0.5)
  })
})
