import { describe, expect, it } from 'vitest'
import { loadManifests } from './manifest-file.ts'
import { inFolder, planOf, problemsOf } from './plan.fixture.ts'

const stub = 'catalog: { w: { target: stub } }\nscenarios: [x]\n'

describe('plans as other tools write them', () => {
  it('say for each workflow what it is tried on, with which variants', async () => {
    const text = `
plan_id: 客服回复
test_data:
  datasets:
    - dataset_id: вопросы
      scenarios: [{ scenario_id: 场景一, inputs: { 问题: 我的订单在哪里？ } }]
      conversation_flows: [{ flow_id: 多轮, turns: [{ user: 你好 }] }]
strategy: { mode: pairwise, pairwise_dimensions: [язык, тон] }
workflows:
  - catalog_id: 回复
    dataset_refs: [вопросы]
    prompt_optimization: { variants: [{ variant_id: 原版, prompt: a }, { variant_id: новый, prompt: b }] }
execution:
  concurrency: 4
  batch_size: 10
  rate_control: { per_minute: 600, burst: 20 }
  retry_policy: { max_attempts: 3, backoff_seconds: 0.1 }
  stop_conditions: { max_failures: 5 }
  backoff_seconds: 2
`
    const catalog = { 回复: { target: 'stub', parameters: { 问题: 'string', язык: ['ru', 'zh'], тон: ['a', 'b'] } } }
    const { experiment } = await planOf({ 'test_plan.yaml': text, 'workflows.yaml': catalog })
    expect(experiment).toMatchObject({
      name: '客服回复',
      mode: 'pairwise',
      workflows: [{ id: '回复', datasets: ['вопросы'], variants: ['原版', 'новый'] }],
      variants: [{ id: '原版' }, { id: 'новый', prompt: 'b' }],
      execution: {
        batchSize: 10,
        batchPauseSeconds: 2,
        rateLimit: { perMinute: 600, burst: 20 },
        retry: { maxAttempts: 3, backoffSeconds: 0.1 },
        stop: { maxFailures: 5 },
      },
    })
  })

  it('may describe a variant alike in several workflows, and not otherwise', async () => {
    const entries = (second: string): string =>
      `${stub}workflows: [{ id: w, variants: [{ id: A, prompt: x }] }, { id: v, target: stub, prompt_variants: ${second} }]\n`
    const alike = await planOf({ 'test_plan.yaml': entries('{ A: { prompt: x } }') })
    expect(alike.experiment.variants.map(({ id }) => id)).toEqual(['A'])
    expect(await problemsOf({ 'test_plan.yaml': entries('{ A: { prompt: y } }') })).toEqual([
      'test_plan.yaml:3: the variant `A` is there twice; the first is on line 3 of test_plan.yaml',
    ])
  })

  it('lose nothing: what is said twice, or stands where nobody reads it, is a problem', async () => {
    const text = `${stub}mode: pairwise\nstrategy: { mode: cartesian }\nprompt_optimization:\n  enabled: true\n  variants: [A]\nworkflows: [{ id: w, variants: [zz] }]\n`
    expect(await problemsOf({ 'test_plan.yaml': text })).toEqual([
      'test_plan.yaml:4: `mode` is said here and on line 3 as well',
      'test_plan.yaml:6: unknown key `enabled` beside `variants`',
      'test_plan.yaml:8: there is no variant `zz`',
    ])
  })

  it('may hold their catalog, which then goes before a file of the usual name', async () => {
    const { catalog, files } = await planOf({ 'test_plan.yaml': stub, 'workflows.yaml': 'other: { target: stub }' })
    expect(catalog.workflows.map(({ id }) => id)).toEqual(['w'])
    expect(files.catalog).toContain('test_plan.yaml')
  })

  it('may have a single constraint as a text', async () => {
    const { experiment, places } = await planOf({ 'test_plan.yaml': `${stub}constraints: '[a] = 1'\n` })
    expect(experiment.constraints).toEqual(['[a] = 1'])
    expect(places?.constraints).toMatchObject([{ file: 'test_plan.yaml', line: 3 }])
  })
})

describe('secrets and variables in plans', () => {
  it('a key that would become part of manifests is refused where it stands, and never shown', async () => {
    const text = `${stub}variants:\n  - { id: A, keys: { w: app-LITERAL } }\nworkflows:\n  - { id: w }\n`
    const files = {
      'test_plan.yaml': text.replace(
        '{ target: stub }',
        '{ target: http, url: "http://a.test", headers: { X-Api-Key: hdr-LITERAL } }',
      ),
    }
    const problems = await problemsOf(files)
    expect(problems).toEqual([
      'test_plan.yaml:1: a key stands in the file as it is, and would be committed with it',
      'test_plan.yaml:4: a key stands in the file as it is, and would be committed with it',
    ])
  })

  it('a workflow that the plan does not try may hold what it likes', async () => {
    const catalog = { a: { target: 'stub' }, b: { target: 'dify', api_key: 'app-LITERAL' } }
    const { warnings } = await planOf({ 'test_plan.yaml': 'workflows: [a]\n', 'workflows.yaml': catalog })
    expect(warnings.map(({ message }) => message)).toEqual([
      'a key stands in the file as it is, and would be committed with it',
    ])
  })

  it('a variable in a text of the plan is told to be no variable, where it was surely meant as one', async () => {
    const plan = (prompt: string) => ({ 'test_plan.yaml': `${stub}variants: [{ id: A, prompt: '${prompt}' }]\n` })
    const told = async (prompt: string) =>
      (await planOf(plan(prompt), { SET: 'x' })).warnings.map(({ place }) => place?.line)
    expect(await told('is ${SET}')).toEqual([3])
    expect(await told('is ${UNSET:-y}')).toEqual([3])
    expect(await told('is ${UNSET} and $${SET}')).toEqual([])
  })
})

describe('the words for what does not fit', () => {
  it('name the keys of the kind of check or patch that is meant', async () => {
    const text = `${stub}checks: [{ type: latency, max_ms: 5, pattern: x }]\n`
    const error: unknown = await planOf({ 'test_plan.yaml': text }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ message: 'unknown key `pattern` in `checks[0]`' })
    const { help } = error as { readonly help: string }
    expect(help).toContain('`max_ms`')
    expect(help).not.toContain('pattern')
  })

  it('tell a plan from manifests', async () => {
    const manifests = { 'test_plan.yaml': 'manifests: [{ id: a/b }]\n' }
    await expect(planOf(manifests)).rejects.toMatchObject({ help: expect.stringContaining('manifest run') })
    await inFolder({ 'plan.yaml': stub }, async (cwd) => {
      const reading = loadManifests('plan.yaml', { cwd })
      await expect(reading).rejects.toMatchObject({ help: expect.stringContaining('experiment run') })
    })
  })

  it('explain patterns and open bounds', async () => {
    const text = `${stub}variants: [{ id: 'a b' }]\nevaluation: { alpha: 0.5 }\n`
    expect(await problemsOf({ 'test_plan.yaml': text })).toEqual([
      'test_plan.yaml:3: `variants[0].id` cannot be "a b": letters, digits, `.`, `_` and `-` make an id',
      'test_plan.yaml:4: `evaluation.alpha` must be less than 0.5, not 0.5',
    ])
  })

  it('name an alias without its anchor', async () => {
    expect(await problemsOf({ 'test_plan.yaml': 'a: &x [1]\nb: *y\nc: *x\n' })).toEqual([
      'test_plan.yaml:2: nothing above is called `&y`',
    ])
  })
})
