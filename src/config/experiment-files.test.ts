import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { loadPlan } from './experiment-files.ts'
import { inFolder, planOf, problemsOf } from './plan.fixture.ts'

const environment = `
servers:
  default:
    base_url: http://dify.example/v1
    api_key: \${DIFY_API_KEY}
    rate_limit: { per_minute: 60, burst: 2 }
models:
  judge: { base_url: 'http://models.example/v1', model: q, api_key: '\${MODEL_KEY}' }
`

const catalog = `
workflows:
  - id: support
    target: dify
    app: chatflow
    dsl: dsl/support.yml
    parameters:
      - { name: tone, values: [formal, casual] }
      - { name: detail, type: number, values: [1, 2] }
`

const plan = `
name: support bot
workflows:
  - id: support
    datasets: [questions, talks]
pairwise_dimensions: [tone, detail]
datasets:
  - name: questions
    file: questions.csv
    scenarios:
      - { name: first, query: hello, inputs: { tone: formal }, expected: hi }
  - name: talks
    conversation_flows:
      - turns: [good morning, { user: and now, checks: [bye] }]
variants:
  - id: plain
  - id: polite
    patches:
      - { select: { title: LLM }, op: append, text: Be polite. }
    keys: { support: '\${OTHER_KEY}' }
execution:
  concurrency: 4
  retry: { max_attempts: 3 }
evaluation:
  judge: judge
  primary: helpful
  baseline: plain
  checks:
    - { type: judge, rubric: Is it helpful?, metric: helpful }
    - { type: python, file: checks.py }
gates: [polite >= plain - 0.02]
`

const whole = {
  'test_plan.yaml': plan,
  'env.yaml': environment,
  'workflows.yaml': catalog,
  'dsl/support.yml': 'app: { mode: advanced-chat }\n',
  'questions.csv': 'query,tone,detail,expected\nwhere is it?,,2,there\n',
  'checks.py': 'def check(output, context): return True\n',
}

describe('a plan with its files', () => {
  it('is read with environment, catalog, datasets and descriptions', async () => {
    const loaded = await planOf(whole, { DIFY_API_KEY: 'k', MODEL_KEY: 'm', OTHER_KEY: 'o' })
    expect(loaded.warnings).toEqual([])
    expect(loaded.experiment).toMatchObject({
      name: 'support bot',
      workflows: [{ id: 'support', datasets: ['questions', 'talks'] }],
      execution: { concurrency: 4, retry: { maxAttempts: 3, backoffMultiplier: 2 } },
      evaluation: { judge: 'judge', primary: 'helpful', checks: [{ type: 'judge' }, { type: 'python' }] },
    })
    expect(loaded.environment.servers['default']).toMatchObject({ apiKey: '${DIFY_API_KEY}' })
    expect(loaded.catalog.workflows).toMatchObject([{ id: 'support', target: 'dify', server: 'default' }])
    expect(loaded.descriptions).toEqual({ support: 'app: { mode: advanced-chat }\n' })
  })

  it('has the rows of dataset files behind the scenarios that it writes itself', async () => {
    const { experiment } = await planOf(whole)
    const [questions, talks] = experiment.datasets
    expect(questions?.scenarios).toEqual([
      {
        name: 'first',
        query: 'hello',
        inputs: { tone: 'formal' },
        vars: { expected: 'hi' },
        files: [],
        checks: [],
        metadata: {},
      },
      {
        query: 'where is it?',
        inputs: { detail: 2 },
        vars: { expected: 'there' },
        files: [],
        checks: [],
        metadata: {},
      },
    ])
    expect(talks?.conversationFlows[0]?.turns).toMatchObject([
      { query: 'good morning' },
      { query: 'and now', checks: [{ type: 'contains', value: 'bye' }] },
    ])
  })

  it('warns of variables that are not set, with their place, and goes on', async () => {
    const { warnings } = await planOf(whole, { DIFY_API_KEY: 'k' })
    expect(warnings.map(({ message, place }) => `${place?.file}:${place?.line}: ${message}`)).toEqual([
      'env.yaml:8: the variable `MODEL_KEY` is not set',
      'test_plan.yaml:20: the variable `OTHER_KEY` is not set',
    ])
  })

  it('warns of keys that stand in a file, and does not show them', async () => {
    const { warnings } = await planOf({ ...whole, 'env.yaml': environment.replace('${DIFY_API_KEY}', 'app-topsecret') })
    const [found] = warnings.filter(({ message }) => message.startsWith('a key stands'))
    expect(found).toMatchObject({
      place: { file: 'env.yaml', line: 5 },
      help: expect.stringContaining('${DIFY_API_KEY}'),
    })
    expect(JSON.stringify(warnings)).not.toContain('topsecret')
  })

  it('may be JSON, lie in another folder, and name its files', async () => {
    const files = {
      'plans/a.json': { env: '../env.yaml', catalog: '../${CATALOG}.yaml' },
      'env.yaml': environment,
      'workflows.yaml': catalog.replace('dsl: dsl/support.yml', ''),
    }
    const loaded = await inFolder(files, (cwd) => loadPlan('plans/a.json', { cwd, env: { CATALOG: 'workflows' } }))
    expect(loaded.experiment.variants).toMatchObject([{ id: 'baseline' }])
    expect(loaded.catalog.workflows).toHaveLength(1)
  })

  it('may hold environment and catalog itself', async () => {
    const loaded = await planOf({
      'test_plan.yaml': `
env:
  base_url: http://dify.example/v1
  api_key: \${KEY}
workflows:
  - { id: answer, type: workflow, inputs: [question], datasets: [d] }
datasets:
  d: { scenarios: [{ question: why }] }
`,
    })
    expect(loaded.environment.servers).toMatchObject({ default: { baseUrl: 'http://dify.example/v1' } })
    expect(loaded.catalog.workflows).toMatchObject([
      { id: 'answer', app: 'workflow', parameters: [{ name: 'question' }] },
    ])
    expect(loaded.experiment.workflows).toEqual([{ id: 'answer', datasets: ['d'] }])
    expect(loaded.experiment.datasets[0]?.scenarios[0]?.inputs).toEqual({ question: 'why' })
    expect(loaded.warnings[0]).toMatchObject({ place: { line: 4 } })
  })

  it('says what is missing where there is no catalog', async () => {
    expect(await problemsOf({ 'test_plan.yaml': 'name: alone\n' })).toEqual([
      'test_plan.yaml:1: there is no catalog, so no workflow to try',
    ])
  })

  it('cannot be read where it is not there', async () => {
    const error: unknown = await planOf({ 'test_pan.yaml': '' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'file_missing', help: 'did you mean `test_pan.yaml`?' })
  })
})

const badPlan = `name: bad
workflows:
  - bott
  - id: bot
    datasets: [questons]
datasets:
  - name: questions
    file: q.csv
    pairwise_dimensions: [tone, colour, free]
  - name: questions
    file: nowhere.csv
variants:
  - id: a
    versions: { bto: v1 }
  - id: a
    patches:
      - { select: LLM, append: more }
      - { select: LLM, oops: more }
execution:
  concurency: 3
evaluation:
  judge: nobody
  primary: speed
  baseline: c
  checks:
    - { type: contians, value: x }
    - { type: python, file: nothere.py }
    - { type: contains }
    - { type: similarity, value: x, method: embedding }
`

const badCatalog = `- id: bot
  server: prod
  parameters:
    - { name: tone, values: [a, b] }
    - { name: free }
    - { name: n, type: number }
    - { name: tone }
- id: mod
  target: module
  file: nothere.ts
- id: weird
  target: difi
`

const badEnvironment = `servers:
  default:
    base_url: http://x/v1
    api_key: 12345
    rate_limit: { per_minut: 3 }
`

describe('mistakes in the files of a plan', () => {
  const files = {
    'test_plan.yaml': badPlan,
    'workflows.yaml': badCatalog,
    'env.yaml': badEnvironment,
    'q.csv': 'query,n\nhi,x\nlong,1,2\n',
  }

  it('are all listed at once, by file and line', async () => {
    expect(await problemsOf(files)).toEqual([
      'test_plan.yaml:3: there is no workflow `bott`',
      'test_plan.yaml:5: there is no dataset `questons`',
      'test_plan.yaml:9: there is no parameter `colour`',
      'test_plan.yaml:9: the parameter `free` has no values to combine',
      'test_plan.yaml:10: the dataset `questions` is there twice; the first is on line 7 of test_plan.yaml',
      'test_plan.yaml:11: there is no file `nowhere.csv`',
      'test_plan.yaml:14: there is no workflow `bto`',
      'test_plan.yaml:15: the variant `a` is there twice; the first is on line 13 of test_plan.yaml',
      'test_plan.yaml:16: the variant `a` patches a description, but `bot` has no `dsl`',
      'test_plan.yaml:18: `op` is missing',
      'test_plan.yaml:20: unknown key `concurency` in `execution`',
      'test_plan.yaml:22: there is no model `nobody`',
      'test_plan.yaml:23: there is no metric `speed`',
      'test_plan.yaml:24: there is no variant `c`',
      'test_plan.yaml:26: there is no type `contians`',
      'test_plan.yaml:27: the check names a file that does not exist: `nothere.py`',
      'test_plan.yaml:28: `evaluation.checks[2].value` is missing',
      'test_plan.yaml:29: the check `similarity` needs a model, and none is named',
      'env.yaml:4: `servers.default.api_key` must be text, not 12345',
      'env.yaml:5: unknown key `per_minut` in `servers.default.rate_limit`',
      'workflows.yaml:2: there is no server `prod`',
      'workflows.yaml:7: the parameter `tone` is there twice; the first is on line 4 of workflows.yaml',
      'workflows.yaml:10: the workflow names a file that does not exist: `nothere.ts`',
      'workflows.yaml:12: there is no target `difi`',
      'q.csv:2: `n` must be a number, not "x"',
      'q.csv:3: the row has 3 cells, but there are 2 columns',
    ])
  })

  it('come with the nearest name', async () => {
    const error: unknown = await planOf(files).catch((reason: unknown) => reason)
    const helps = error instanceof GreenloopError ? error.problems.map(({ help }) => help) : []
    for (const name of ['bot', 'questions', 'contains', 'concurrency', 'per_minute', 'dify']) {
      expect(helps).toContain(`did you mean \`${name}\`?`)
    }
  })

  it('do not show the line of a key', async () => {
    const error: unknown = await planOf(files).catch((reason: unknown) => reason)
    const problems = error instanceof GreenloopError ? error.problems : []
    const ofKey = problems.find(({ message }) => message.includes('api_key'))
    expect(ofKey?.place).toMatchObject({ file: 'env.yaml', line: 4 })
    expect(ofKey?.place?.text).toBeUndefined()
  })

  it('are listed together with files that cannot be read', async () => {
    const lines = await problemsOf({
      'test_plan.yaml': 'workflows: [a]\nenv: nowhere.yaml\nrepeats: 0\n',
      'workflows.yaml': 'workflows:\n  - id: a\n   dsl: x\n',
    })
    expect(lines).toContain('test_plan.yaml:2: there is no file `nowhere.yaml`')
    expect(lines).toContain('test_plan.yaml:3: `repeats` must be at least 1, not 0')
    expect(lines.some((line) => line.startsWith('workflows.yaml:3:'))).toBe(true)
  })

  it('a workflow with an address of its own needs no server', async () => {
    const loaded = await planOf({
      'test_plan.yaml': 'name: a\n',
      'workflows.yaml': 'web: { url: "http://a.example/run", method: POST }\nfake: { target: stub }\n',
    })
    expect(loaded.catalog.workflows).toMatchObject([
      { target: 'http', http: { url: 'http://a.example/run' } },
      { target: 'stub' },
    ])
    expect(
      await problemsOf({ 'test_plan.yaml': 'name: a\n', 'workflows.yaml': 'web: { http: { url: /run } }\n' }),
    ).toEqual([
      'workflows.yaml:1: the workflow `web` runs on the server `default`, which the environment does not have',
    ])
  })
})
