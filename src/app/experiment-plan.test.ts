import { describe, expect, it } from 'vitest'
import { inFolder, problemLines } from '../config/plan.fixture.ts'
import type { Files } from '../config/plan.fixture.ts'
import { buildManifestFile, planExperiment } from './experiment-plan.ts'
import type { PlannedExperiment } from './experiment-plan.ts'
import { prepareManifests } from './experiment-prepare.ts'
import type { ExperimentOverrides } from './experiment-prepare.ts'

interface Around {
  readonly overrides?: ExperimentOverrides
  readonly env?: Readonly<Record<string, string>>
}

async function planned(files: Files, { overrides = {}, env = {} }: Around = {}): Promise<PlannedExperiment> {
  const { signal } = new AbortController()
  return inFolder(files, (cwd) => planExperiment('test_plan.yaml', overrides, { cwd, env, signal }))
}

async function problems(files: Files, around?: Around): Promise<string[]> {
  return problemLines(await planned(files, around).catch((reason: unknown) => reason))
}

const stub = 'catalog: [{ id: w, target: stub }]\nscenarios: [a]\n'

describe('what is wrong with a plan once it is used', () => {
  it('has the lines of the constraints that clash, and of each that cannot be read', async () => {
    const text = `${stub}mode: pairwise\nparameters: { a: [1, 2], b: [x, y] }\nconstraints:\n  - '[a] = 1'\n  - '[a] = 2'\n`
    expect(await problems({ 'test_plan.yaml': text })).toEqual([
      'test_plan.yaml:6: `w` on dataset `scenarios`: no row satisfies this model: 2 constraints clash: `[a] = 1` (line 6), `[a] = 2` (line 7)',
    ])
    const unread = `${stub}mode: pairwise\nparameters: { a: [1, 2] }\nconstraints:\n  - '[a] <> 1'\n  - '[c] = 2'\n  - '[a] ~ 2'\n`
    expect(await problems({ 'test_plan.yaml': unread })).toEqual([
      'test_plan.yaml:7: there is no parameter `c`',
      'test_plan.yaml:8: `~` has no meaning here',
    ])
  })

  it('has the lines of the constraints of a dataset, behind those of the plan that hold there', async () => {
    const text = `
catalog: [{ id: w, target: stub }]
mode: pairwise
parameters: { a: [1, 2], b: [x, y] }
constraints: 'IF [a] = 1 THEN [b] = "x"'
datasets:
  - name: d
    rows: [q]
    constraints: ['[nope] = 1']
`
    expect(await problems({ 'test_plan.yaml': text })).toEqual(['test_plan.yaml:9: there is no parameter `nope`'])
  })

  it('has the lines of all gates that cannot be checked', async () => {
    const text = `${stub}variants: [A, B]\ngates:\n  - a >> b\n  - zz > A\n  - B >= A - 0.02\n`
    const found = await problems({ 'test_plan.yaml': text })
    expect(found).toEqual([
      expect.stringContaining('test_plan.yaml:5: the gate `a >> b` cannot be used'),
      'test_plan.yaml:6: gate `zz > A`: no variant is called zz; there are A, B',
    ])
  })

  it('is a placeholder of a request that nothing fills, by variant', async () => {
    const text = `
catalog: [{ id: w, target: http, url: 'http://127.0.0.1:9/{{path}}', body: { q: '{{query}}', t: '{{tone}}' } }]
scenarios: [{ query: hi, path: a }]
variants: [{ id: A, inputs: { tone: dry } }, { id: B }]
`
    expect(await problems({ 'test_plan.yaml': text.replace('path: a', 'inputs: { path: a }') })).toEqual([
      expect.stringContaining('`w/B`: the request names `{{tone}}`, which no case has; add it'),
    ])
  })

  it('is said in the words of the option for what the command line gives', async () => {
    const error: unknown = await planned({ 'test_plan.yaml': stub }, { overrides: { strength: 7 } }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'usage_invalid', message: '`strength` must be at most 6, not 7' })
  })
})

describe('what is worth a word in a plan', () => {
  it('are gates about what the command line leaves out, which are not checked', async () => {
    const text = `${stub}variants: [A, B]\ngates: ['B > A', 'pass_rate(A) >= 0.5']\n`
    const { manifests, warnings } = await planned({ 'test_plan.yaml': text }, { overrides: { variants: ['A'] } })
    expect(manifests.map(({ id }) => id)).toEqual(['w/A'])
    expect(warnings).toEqual(['the gate `B > A` is not checked: the command line leaves out what it speaks of'])
  })

  it('are such gates of manifests as well', async () => {
    const text = `${stub}variants: [A, B]\ngates: ['B > A', 'pass_rate(A) >= 0.5']\n`
    await inFolder({ 'test_plan.yaml': text }, async (cwd) => {
      const steps: string[] = []
      const where = {
        cwd,
        env: {},
        signal: new AbortController().signal,
        onStep: (step: string) => void steps.push(step),
      }
      await buildManifestFile('test_plan.yaml', { out: 'm.json', overrides: {} }, where)
      const kept = await prepareManifests('m.json', { variants: ['A'] }, where)
      expect(kept.map(({ gates }) => gates)).toEqual([['pass_rate(A) >= 0.5']])
      expect(steps.at(-1)).toContain('`B > A` is not checked')
    })
  })

  it('are placeholders of checks and prompts that some rows do not fill', async () => {
    const text = `
catalog: [{ id: w, target: http, url: 'http://127.0.0.1:9/', body: { p: '{{prompt}}' } }]
variants: [{ id: A, prompt: 'Say {{word}}' }]
scenarios: [{ inputs: { word: a }, expected: x }, { inputs: { word: b } }, { inputs: { other: c } }]
checks: [{ contains: '{{expected}}' }]
`
    const { warnings } = await planned({ 'test_plan.yaml': text })
    expect(warnings).toEqual([
      expect.stringMatching(/^`w\/A`: the prompt names `\{\{word\}\}`, which is missing in "[^"]*"$/u),
      expect.stringMatching(/^`w`: the check ".*" names `\{\{expected\}\}`, which is missing in "[^"]*" and 1 more$/u),
    ])
  })

  it('are pairs that an engine leaves out', async () => {
    const parameters = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`p${at}`, [1, 2, 3]]))
    const plan = { catalog: [{ id: 'w', target: 'stub' }], scenarios: ['a'], mode: 'pairwise', parameters }
    const { designs, warnings } = await planned({ 'test_plan.yaml': plan }, { overrides: { engine: 'naive' } })
    expect(designs[0]).toMatchObject({ isCut: true, strength: 2 })
    expect(warnings).toEqual([expect.stringContaining('`naive` stops at 100000 combinations, and pairs are missing')])
    const whole = await planned({ 'test_plan.yaml': plan })
    expect([whole.designs[0]?.isCut, whole.warnings]).toEqual([false, []])
    expect(whole.designs[0]?.tuples).toEqual({ covered: (20 * 19 * 9) / 2, infeasible: 0 })
  })

  it('are rows that are more than the most cases, and costs that nobody can know', async () => {
    const text = `
env: { servers: { default: 'http://127.0.0.1:9/v1' } }
catalog: [{ id: w, target: openai, model: m, prompt: '{{query}}' }]
scenarios: [a, b, c]
mode: cartesian
max_cases: 2
checks: [{ type: cost, max: 1 }]
`
    const { warnings } = await planned({ 'test_plan.yaml': text })
    expect(warnings).toEqual([
      '`w` on dataset `scenarios`: max_cases is 2, but every one of the 3 rows is tried once',
      '`w/baseline` is judged by its cost, which nobody knows: add `m` to `prices` of the environment',
    ])
  })
})

describe('variants of single workflows', () => {
  const text = `
catalog: { a: { target: stub }, b: { target: stub }, c: { target: stub } }
scenarios: [x]
workflows:
  - catalog_id: a
    prompt_optimization: { variants: [{ variant_id: A, prompt: x }, { variant_id: B }] }
  - { id: b, variants: [A] }
  - { id: c }
`
  it('are tried with these alone, and the others without a change', async () => {
    const { manifests } = await planned({ 'test_plan.yaml': text })
    expect(manifests.map(({ id }) => id)).toEqual(['a/A', 'a/B', 'b/A', 'c/baseline'])
    const chosen = await planned({ 'test_plan.yaml': text }, { overrides: { variants: ['B'] } })
    expect(chosen.manifests.map(({ id }) => id)).toEqual(['a/B'])
  })

  it('a gate about them names the workflow', async () => {
    expect(await problems({ 'test_plan.yaml': `${text}gates: ['B > A']\n` })).toEqual([
      'test_plan.yaml:9: gate `B > A`: `b` is not tried with `B`',
      'test_plan.yaml:9: gate `B > A`: `c` is not tried with `B` and `A`',
    ])
    const { warnings } = await planned({ 'test_plan.yaml': `${text}gates: ['a: B > A']\n` })
    expect(warnings).toEqual([])
  })
})
