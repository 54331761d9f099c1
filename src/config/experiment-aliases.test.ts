import { describe, expect, it } from 'vitest'
import type { CheckSpec } from '../domain/check.ts'
import { checkSchema } from '../domain/check.ts'
import { experimentSchema } from '../domain/experiment.ts'
import { patchSchema } from '../domain/patch.ts'
import { catalogSchema, environmentSchema } from '../domain/workflow.ts'
import type { z } from 'zod'
import { parseText } from './document.ts'
import { splitPlan } from './plan-document.ts'
import { readPart } from './plan-view.ts'

/** The value as the schema has it, without the defaults that the test does not name. */
async function read<S extends z.ZodType>(schema: S, text: string): Promise<z.output<S>> {
  const { checked, problems } = readPart(schema, await parseText(text, 'test.yaml'))
  expect(problems).toEqual([])
  if (!checked.ok) throw new Error('the value does not follow its schema')
  return checked.value
}

const check = (text: string): Promise<CheckSpec> => read(checkSchema, text)
const patch = (text: string) => read(patchSchema, `{ select: LLM, ${text} }`)

async function plan(text: string) {
  const document = await parseText(text, 'test_plan.yaml')
  const { checked, problems } = readPart(experimentSchema, document, splitPlan(document).plan)
  expect(problems).toEqual([])
  if (!checked.ok) throw new Error('the plan does not follow its schema')
  return checked.value
}

describe('the one value of checks and patches', () => {
  it('may be called what is expected, or the value of a text', async () => {
    expect(await check('{ type: contains, expected: ok }')).toMatchObject({ type: 'contains', value: 'ok' })
    expect(await check('{ type: regex, expected: a+ }')).toMatchObject({ type: 'regex', pattern: 'a+' })
    expect(await patch('operation: append, value: be nice')).toMatchObject({ op: 'append', text: 'be nice' })
    expect(await patch('op: set, value: 1')).toMatchObject({ op: 'set', value: 1 })
  })
})

describe('other names in plans', () => {
  it('may be those of tools with test data and a strategy', async () => {
    const read = await plan(`
plan_id: p
workflows: [{ catalog_id: w, dataset_refs: [d] }, v]
test_data:
  datasets:
    d: { rows: [{ a: 1 }], dimensions: [tone] }
  strategy: { mode: all_pairs, engine_type: ipog, pairwise_dimensions: { tone: [x, y] }, max_cases: 5 }
prompt_optimization:
  - { variant_id: one }
  - two
`)
    expect(read).toMatchObject({
      name: 'p',
      workflows: [{ id: 'w', datasets: ['d'] }, { id: 'v' }],
      mode: 'pairwise',
      engine: 'IPO',
      maxCases: 5,
      pairwiseDimensions: ['tone'],
      parameters: { tone: ['x', 'y'] },
      datasets: [{ name: 'd', scenarios: [{ inputs: { a: 1 } }], pairwiseDimensions: ['tone'] }],
      variants: [{ id: 'one' }, { id: 'two' }],
    })
  })

  it.each([
    ['pairwise', 'pairwise'],
    ['all-pairs', 'pairwise'],
    ['full', 'cartesian'],
    ['product', 'cartesian'],
    ['scenario_only', 'scenario_only'],
    ['scenarios', 'scenario_only'],
  ])('the mode %s is %s, under any of its keys', async (name, mode) => {
    for (const text of [`mode: ${name}`, `cases_mode: ${name}`, `strategy: ${name}`, `generation: { mode: ${name} }`]) {
      expect(await plan(text)).toMatchObject({ mode })
    }
  })

  it('dimensions are names, values by name, or a list of both', async () => {
    const wanted = { pairwiseDimensions: ['a', 'b'], parameters: { a: [1, 2], b: [true] } }
    expect(await plan('pairwise_dimensions: { a: [1, 2], b: true }')).toMatchObject(wanted)
    expect(await plan('pairwise_dimensions: [{ name: a, values: [1, 2] }, { name: b, values: [true] }]')).toMatchObject(
      wanted,
    )
    expect(await plan('pairwiseDimensions: [a, b]\nparameters: [{ name: a, values: [1, 2] }]')).toMatchObject({
      pairwiseDimensions: ['a', 'b'],
      parameters: { a: [1, 2] },
    })
  })

  it('the policy has the names of manifests, and its parts may stand at the top', async () => {
    const wanted = {
      execution: {
        retry: { maxAttempts: 3, backoffSeconds: 2 },
        rateLimit: { perMinute: 60, burst: 2 },
        stop: { maxFailures: 4 },
        batchPauseSeconds: 5,
      },
    }
    const inside = `
execution_policy:
  retry_policy: { max_attempts: 3, backoff_seconds: 2 }
  rate_control: { per_minute: 60, burst: 2 }
  stop_conditions: { max_failures: 4 }
  backoff_seconds: 5
`
    const beside = `
retry_policy: { max_attempts: 3, backoff_seconds: 2 }
rate_control: { per_minute: 60, burst: 2 }
stop_conditions: { max_failures: 4 }
execution: { backoff_seconds: 5 }
`
    expect(await plan(inside)).toMatchObject(wanted)
    expect(await plan(beside)).toMatchObject(wanted)
  })

  it('checks may stand at the top, as a list or as the evaluation', async () => {
    const wanted = { evaluation: { checks: [{ type: 'contains', value: 'x' }] } }
    expect(await plan('validation: [x]')).toMatchObject(wanted)
    expect(await plan('assertions: { checks: [x], primary: score }')).toMatchObject(wanted)
    expect(await plan('evaluation: [x]')).toMatchObject(wanted)
    expect(await plan('assert: { type: contains, value: x }')).toMatchObject(wanted)
  })

  it('rows and conversations at the top are a dataset', async () => {
    const read = await plan('scenarios: [hello, { lang: de }]\nconversation_flows: [[hi, bye]]')
    expect(read.datasets).toMatchObject([
      {
        name: 'scenarios',
        scenarios: [{ query: 'hello' }, { inputs: { lang: 'de' } }],
        conversationFlows: [{ turns: [{ query: 'hi' }, { query: 'bye' }] }],
      },
    ])
  })

  it('a row without a known key is inputs, and what is expected is for checks', async () => {
    const read = await plan(
      'datasets: { d: { scenarios: [{ question: a, lang: b }, { inputs: { q: 1 }, expected: 2 }] } }',
    )
    expect(read.datasets[0]?.scenarios).toMatchObject([
      { inputs: { question: 'a', lang: 'b' }, vars: {} },
      { inputs: { q: 1 }, vars: { expected: 2 } },
    ])
  })

  it('a turn may be a message of a chat', async () => {
    const read = await plan(
      'datasets: [{ name: d, flows: [{ messages: [{ role: user, content: hi }, { user: bye }] }] }]',
    )
    expect(read.datasets[0]?.conversationFlows[0]?.turns).toMatchObject([{ query: 'hi' }, { query: 'bye' }])
  })

  it('a file alone is a dataset', async () => {
    expect(await plan('datasets: data/questions.csv')).toMatchObject({
      datasets: [{ name: 'questions', file: 'data/questions.csv' }],
    })
  })

  it('two names for one thing are a mistake that is shown', async () => {
    const document = await parseText('name: a\nplan_id: b\n', 'test_plan.yaml')
    const { problems } = readPart(experimentSchema, document)
    expect(problems).toMatchObject([{ message: '`plan_id` and `name` both mean `name`', place: { line: 2 } }])
  })
})

describe('other names in checks', () => {
  it.each<[string, Partial<CheckSpec>]>([
    ['refund', { type: 'contains', value: 'refund' }],
    ['{ type: icontains, value: x }', { type: 'contains', ignoreCase: true }],
    ['{ type: contains-any, value: [x, y] }', { type: 'contains', mode: 'any' }],
    ['{ type: contains-all, value: [x, y] }', { type: 'contains', mode: 'all' }],
    ['{ type: not-contains, value: x }', { type: 'contains', not: true }],
    ['{ not-contains: x }', { type: 'contains', not: true }],
    ['{ type: starts-with, value: x }', { type: 'starts_with', value: 'x' }],
    ['{ type: regex, value: "a+" }', { type: 'regex', pattern: 'a+' }],
    ['{ type: is-json }', { type: 'is_json' }],
    ['{ type: is-json, value: { type: object } }', { type: 'json_schema', schema: { type: 'object' } }],
    ['{ is_json: true }', { type: 'is_json' }],
    ['{ path: $.a, equals: 1 }', { type: 'json_path', path: '$.a', equals: 1 }],
    ['{ type: latency, threshold: 500 }', { type: 'latency', maxMs: 500 }],
    ['{ latency: { max_seconds: 2 } }', { type: 'latency', maxMs: 2000 }],
    ['{ type: cost, threshold: 0.5 }', { type: 'cost', max: 0.5 }],
    ['{ type: similar, value: x, threshold: 0.5 }', { type: 'similarity', method: 'embedding', threshold: 0.5 }],
    ['{ type: levenshtein, value: x }', { type: 'similarity', method: 'levenshtein' }],
    ['{ type: llm-rubric, value: good }', { type: 'judge', rubric: 'good' }],
    ['{ judge: good }', { type: 'judge', rubric: 'good' }],
    ['{ type: javascript, value: "file://a.ts:polite" }', { type: 'function', file: 'a.ts', export: 'polite' }],
    ['{ type: python, value: "file://a.py:polite" }', { type: 'python', file: 'a.py', function: 'polite' }],
    ['{ type: python, value: "len(output) > 3" }', { type: 'python', code: 'len(output) > 3' }],
  ])('%s', async (text, wanted) => {
    expect(await check(text)).toMatchObject(wanted)
  })

  it('turning round twice is not turning round', async () => {
    expect(await check('{ type: not-equals, not: true, value: x }')).toMatchObject({ not: false })
  })
})

describe('other names in patches', () => {
  it.each([
    ['replace: new', { op: 'replace', text: 'new' }],
    ['append: more', { op: 'append', text: 'more' }],
    ['prepend: more', { op: 'prepend', text: 'more' }],
    ['set: 0.2', { op: 'set', value: 0.2 }],
    ['template: "{{ original }}!"', { op: 'template', text: '{{ original }}!' }],
    ['regex: "a+", with: b', { op: 'regex', pattern: 'a+', with: 'b' }],
    ['find: "a.b", with: "$1"', { op: 'regex', pattern: String.raw`a\.b`, with: '$$1' }],
    ['strategy: { mode: append, content: more }', { op: 'append', text: 'more' }],
    [
      'strategy: { mode: template, template: t, variables: { a: 1 } }',
      { op: 'template', text: 't', variables: { a: 1 } },
    ],
    ['strategy: replace, text: new', { op: 'replace', text: 'new' }],
  ])('%s', async (text, wanted) => {
    expect(await patch(text)).toMatchObject({ select: { title: 'LLM' }, ...wanted })
  })

  it.each([
    ['{ by_id: n1 }', { node: 'n1' }],
    ['{ by_label: Answer }', { title: 'Answer' }],
    ['{ by_type: llm, by_role: system }', { type: 'llm', message: 'system' }],
  ])('the selector %s', async (selector, select) => {
    expect(await read(patchSchema, `{ selector: ${selector}, replace: x }`)).toMatchObject({ select })
  })

  it('a text that is found is replaced as it stands', async () => {
    const read = await patch('find: "(a) $5?", with: "$& $1"')
    if (read.op !== 'regex') throw new Error('a regex was expected')
    expect('pay (a) $5? now'.replace(new RegExp(read.pattern, read.flags), read.with)).toBe('pay $& $1 now')
  })
})

describe('other names in catalogs', () => {
  it('workflows stand in a list or under their ids', async () => {
    const wanted = {
      workflows: [
        { id: 'a', target: 'dify' },
        { id: 'b', target: 'http', http: { url: '/x' } },
      ],
    }
    expect(await read(catalogSchema, '{ a: {}, b: { url: /x } }')).toMatchObject(wanted)
    expect(await read(catalogSchema, '[{ id: a }, { workflow_id: b, kind: http, url: /x }]')).toMatchObject(wanted)
    expect(
      await read(catalogSchema, 'workflows: { a: { type: dify }, b: { type: rest, http: { url: /x } } }'),
    ).toMatchObject(wanted)
  })

  it('parameters are names, types, values or objects by name', async () => {
    const catalog = await read(
      catalogSchema,
      `
a:
  dsl_path: a.yml
  inputs:
    tone: [x, y]
    count: number
    detail: { type: select, options: [low, high] }
    note: { type: paragraph }
b: { type: chatflow, parameters: [one, two] }
`,
    )
    expect(catalog.workflows).toMatchObject([
      {
        dsl: 'a.yml',
        parameters: [
          { name: 'tone', values: ['x', 'y'] },
          { name: 'count', type: 'number' },
          { name: 'detail', type: 'select', values: ['low', 'high'] },
          { name: 'note', type: 'string' },
        ],
      },
      { app: 'chatflow', parameters: [{ name: 'one' }, { name: 'two' }] },
    ])
  })
})

describe('other names in environments', () => {
  it.each([
    'base_url: http://x/v1\napi_key: ${K}\nrate_limit: { per_minute: 5 }',
    'dify: { url: http://x/v1, token: "${K}", limits: { rate_limit: 5 } }',
    'server: { endpoint: http://x/v1, key: "${K}", rate_limit: { rpm: 5 } }',
    'servers: { default: { base_url: http://x/v1, apiKey: "${K}", rateLimit: { perMinute: 5 } } }',
    'dify: http://x/v1\napi_key: ${K}\nlimits: { rate_limit: 5 }'.replace('dify: http', 'base_url: http'),
  ])('%s', async (text) => {
    expect(await read(environmentSchema, text)).toMatchObject({
      servers: { default: { baseUrl: 'http://x/v1', apiKey: '${K}', rateLimit: { perMinute: 5 } } },
    })
  })

  it('an address alone is a server', async () => {
    expect(await read(environmentSchema, 'dify: http://x/v1')).toMatchObject({
      servers: { default: { baseUrl: 'http://x/v1' } },
    })
  })
})
