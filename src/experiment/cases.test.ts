import { assert, asyncProperty, dictionary, jsonValue, shuffledSubarray, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cover } from '../../tests/support/cover.ts'
import type { CaseSpec } from '../domain/case.ts'
import { planOf } from './cases.fixture.ts'
import type { PlanInput } from './cases.fixture.ts'
import { generateCases } from './cases.ts'
import type { GeneratedCases } from './cases.ts'

function generate(input: PlanInput): Promise<GeneratedCases> {
  return generateCases(planOf(input), { cover })
}

async function casesOf(input: PlanInput): Promise<readonly CaseSpec[]> {
  const { byWorkflow } = await generate(input)
  return Object.values(byWorkflow)[0] ?? []
}

async function problemsOf(input: PlanInput): Promise<readonly string[]> {
  const error: unknown = await generate(input).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'plan_invalid' })
  return (error as { problems: { message: string }[] }).problems.map(({ message }) => message)
}

const bot = {
  id: 'bot',
  target: 'stub',
  parameters: [
    { name: 'lang', values: ['en', 'ru', 'zh'] },
    { name: 'tone', values: ['dry', 'warm'] },
    { name: 'limit', type: 'number', default: 5 },
  ],
}

describe('generateCases', () => {
  it('makes one case of first values where a plan says nothing', async () => {
    const { byWorkflow, designs, warnings } = await generate({ workflows: [bot] })
    expect(byWorkflow['bot']).toHaveLength(1)
    expect(byWorkflow['bot']?.[0]).toMatchObject({
      name: 'default',
      dataset: 'default',
      parameters: { lang: 'en', tone: 'dry', limit: 5 },
      inputs: { lang: 'en', tone: 'dry', limit: 5 },
    })
    expect(designs).toMatchObject([{ mode: 'scenario_only', rows: 1, parameterRows: 1, cases: 1, product: 6 }])
    expect(warnings).toEqual([])
  })

  it('makes the same cases in whichever order rows and parameters stand, and keeps them when rows are added', async () => {
    const scenarios = ['a', 'b', 'c', 'd'].map((q) => ({ inputs: { q } }))
    const idsOf = async (rows: readonly object[], workflow: object = bot): Promise<string[]> => {
      const plan = { mode: 'pairwise' as const, datasets: [{ name: 'd', scenarios: [...rows] }] }
      const cases = await casesOf({ plan, workflows: [workflow] })
      return cases.map(({ id }) => id).sort()
    }
    const ids = await idsOf(scenarios)
    expect(new Set(ids)).toHaveLength(24)
    expect(await idsOf(scenarios.toReversed())).toEqual(ids)
    expect(await idsOf(scenarios, { ...bot, parameters: bot.parameters.toReversed() })).toEqual(ids)
    expect(await idsOf([{ inputs: { q: 'new' } }, ...scenarios])).toEqual(expect.arrayContaining(ids))
  })

  it('puts conversations before scenarios', async () => {
    const datasets = [
      {
        name: 'talk',
        scenarios: [{ query: 'one' }],
        conversationFlows: [{ turns: [{ query: 'hello' }, { query: 'and {{name}}?' }], inputs: { name: 'Ann' } }],
      },
    ]
    const cases = await casesOf({ plan: { datasets } })
    expect(cases.map(({ name }) => name)).toEqual(['hello', 'one'])
    expect(cases[0]?.turns?.map(({ query }) => query)).toEqual(['hello', 'and Ann?'])
  })

  it('combines each row with each combination, and names what is unusual', async () => {
    const plan = { pairwiseDimensions: ['lang', 'tone'], datasets: [{ name: 'd', scenarios: [{ query: 'hi' }] }] }
    const { byWorkflow, designs } = await generate({ plan, workflows: [bot] })
    const names = byWorkflow['bot']?.map(({ name }) => name)
    expect(names).toHaveLength(6)
    expect(names).toContain('hi')
    expect(names).toContain('hi [lang=zh, tone=warm]')
    expect(designs).toMatchObject([{ mode: 'pairwise', cases: 6, product: 6, saved: 0, tuples: { covered: 6 } }])
  })

  it('lets a row fix a parameter, and sends the value of the row', async () => {
    const scenarios = [{ inputs: { lang: 'fr' } }, { inputs: { tone: { mood: 'odd' } } }]
    const plan = { mode: 'cartesian' as const, datasets: [{ name: 'd', scenarios }] }
    const { byWorkflow, designs } = await generate({ plan, workflows: [bot] })
    const cases = byWorkflow['bot'] ?? []
    expect(cases.map(({ parameters }) => parameters)).toEqual([
      { lang: 'fr', tone: 'dry', limit: 5 },
      { lang: 'fr', tone: 'warm', limit: 5 },
      { lang: 'en', limit: 5 },
      { lang: 'ru', limit: 5 },
      { lang: 'zh', limit: 5 },
    ])
    expect(cases[2]?.inputs).toEqual({ lang: 'en', tone: { mood: 'odd' }, limit: 5 })
    expect(designs).toMatchObject([{ product: 5, cases: 5, parameterRows: 3 }])
  })

  it('takes values of the dataset before those of the plan, and those before the catalog', async () => {
    const datasets = [{ name: 'd', parameters: { lang: ['de'] } }]
    const plan = { parameters: { lang: ['it'], tone: ['loud', 'soft'] }, datasets }
    const [spec] = await casesOf({ plan, workflows: [bot] })
    expect(spec?.parameters).toEqual({ lang: 'de', tone: 'loud', limit: 5 })
  })

  it('leaves out parameters and constraints of the plan that only another workflow knows', async () => {
    const plan = {
      mode: 'cartesian' as const,
      parameters: { lang: ['en', 'ru'], size: ['s', 'm'] },
      constraints: ['IF [size] = "m" THEN [shade] = "red"', '[lang] <> "ru"'],
    }
    const other = {
      id: 'other',
      target: 'stub',
      parameters: [{ name: 'size' }, { name: 'shade', values: ['red', 'blue'] }],
    }
    const { byWorkflow, warnings } = await generate({ plan, workflows: [bot, other] })
    expect(byWorkflow['bot']?.map(({ parameters }) => parameters)).toEqual([
      { lang: 'en', tone: 'dry', limit: 5 },
      { lang: 'en', tone: 'warm', limit: 5 },
    ])
    expect(byWorkflow['other']).toHaveLength(3)
    expect(warnings.join('\n')).toContain('and is left out')
  })

  it('fills placeholders from inputs, parameters and vars, and tells of those that nothing fills', async () => {
    const scenarios = [
      {
        query: 'Say {{greeting}} in {{lang}} to {{who.name}} {{nobody}}',
        inputs: { greeting: '{{word}}!', who: { name: 'Li' }, list: ['{{limit}}'] },
        vars: { word: 'hello', expected: '{{word}} Li' },
        files: [{ path: 'img/{{lang}}.png', type: 'image' as const }],
      },
    ]
    const { byWorkflow, warnings } = await generate({
      plan: { datasets: [{ name: 'd', scenarios }] },
      workflows: [bot],
    })
    expect(byWorkflow['bot']?.[0]).toMatchObject({
      query: 'Say hello! in en to Li {{nobody}}',
      inputs: { greeting: 'hello!', list: [5] },
      vars: { word: 'hello', expected: 'hello Li' },
      files: [{ path: 'img/en.png' }],
    })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('nothing fills `{{nobody}}`')
  })

  it('merges what is the same, with the checks of both', async () => {
    const scenarios = [
      { query: 'hi', checks: [{ type: 'contains' as const, value: 'a' }] },
      { query: 'hi', checks: [{ type: 'contains' as const, value: 'b' }] },
    ]
    const datasets = [
      { name: 'first', scenarios, checks: [{ type: 'is_json' as const }] },
      { name: 'second', scenarios: [{ query: 'hi' }, { query: 'new' }] },
    ]
    const { byWorkflow, warnings, designs } = await generate({ plan: { datasets } })
    const [first, second] = byWorkflow['bot'] ?? []
    expect(first?.checks.map(({ type }) => type)).toEqual(['is_json', 'contains', 'contains'])
    expect(second?.query).toBe('new')
    expect(designs.map(({ cases }) => cases)).toEqual([1, 1])
    expect(warnings).toEqual([
      '`bot` on dataset `first`: a case is there already and is run once: "hi"',
      '`bot` on dataset `second`: a case is there already and is run once: "hi"',
    ])
  })

  it('gives ids that neither order of keys, nor names, checks, variants and datasets change', async () => {
    const check = asyncProperty(dictionary(string(), jsonValue(), { maxKeys: 4 }), string(), async (inputs, query) => {
      const rows = { inputs: { ...inputs, lang: 'en' }, query }
      const [a] = await casesOf({ plan: { datasets: [{ name: 'a', scenarios: [rows] }] }, workflows: [bot] })
      const turned = Object.fromEntries(Object.entries(rows.inputs).toReversed())
      const scenario = { query, inputs: turned, name: 'named', checks: [{ type: 'is_json' as const }] }
      const variants = [{ id: 'other', inputs: { more: 1 } }]
      const [b] = await casesOf({
        plan: { variants, datasets: [{ name: 'b', scenarios: [scenario] }] },
        workflows: [bot],
      })
      expect(b?.id).toBe(a?.id)
      expect(a?.id).toMatch(/^[0-9a-f]{16}$/u)
    })
    await assert(check, { numRuns: 50 })
  })

  it('keeps the ids of rows when others come and go', async () => {
    const words = ['a', 'b', 'c', 'd', 'e']
    const idsOf = async (queries: readonly string[]): Promise<Record<string, string>> => {
      const scenarios = queries.map((query) => ({ query }))
      const cases = await casesOf({ plan: { datasets: [{ name: 'd', scenarios }] } })
      return Object.fromEntries(cases.map(({ query = '', id }) => [query, id]))
    }
    const whole = await idsOf(words)
    const check = asyncProperty(shuffledSubarray(words, { minLength: 1 }), async (some) => {
      expect(whole).toMatchObject(await idsOf(some))
    })
    await assert(check, { numRuns: 20 })
  })

  it('lists every problem of all datasets together', async () => {
    const datasets = [
      { name: 'clash', constraints: ['[lang] = "en"', '[lang] = "ru"'], mode: 'pairwise' as const },
      { name: 'typo', constraints: ['[lnag] = "en"'], mode: 'pairwise' as const },
      { name: 'dims', pairwiseDimensions: ['lang', 'shade'], scenarios: [{ query: 'a' }, { query: 'b' }] },
    ]
    const needy = { ...bot, parameters: [...bot.parameters, { name: 'ticket', required: true }] }
    const problems = await problemsOf({
      plan: { datasets, workflows: [{ id: 'bot' }, { id: 'nobody' }] },
      workflows: [needy],
    })
    expect(problems).toHaveLength(5)
    expect(problems[0]).toContain('the catalog has no workflow `nobody`')
    expect(problems[1]).toContain('`bot` on dataset `clash`: no row satisfies this model: 2 constraints clash')
    expect(problems[2]).toContain('`bot` on dataset `typo`: there is no parameter `lnag`')
    expect(problems[3]).toContain('`shade` of pairwise_dimensions has no values')
    expect(problems[4]).toBe('`bot` on dataset `dims`: the required parameter `ticket` has no value: "a" and 5 more')
  })

  it('counts a required parameter as given by files, first turns and all variants', async () => {
    const needy = { id: 'bot', target: 'stub', parameters: [{ name: 'doc', type: 'file', required: true }] }
    const file = { url: 'https://x.example/a.pdf', input: 'doc' }
    const byFile = { datasets: [{ name: 'd', scenarios: [{ files: [file] }] }] }
    expect(await casesOf({ plan: byFile, workflows: [needy] })).toHaveLength(1)
    const flow = { turns: [{ query: 'look', inputs: { doc: 'x' } }] }
    const byTurn = { datasets: [{ name: 'd', conversationFlows: [flow] }] }
    expect(await casesOf({ plan: byTurn, workflows: [needy] })).toHaveLength(1)
    expect(await casesOf({ plan: { variants: [{ id: 'v', inputs: { doc: 1 } }] }, workflows: [needy] })).toHaveLength(1)
  })

  it('bounds the cases of cartesian by max_cases over all rows', async () => {
    const parameters = Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`p${at}`, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]),
    )
    const scenarios = Array.from({ length: 5 }, (_, at) => ({ query: `q${at}` }))
    const plan = { mode: 'cartesian' as const, maxCases: 100, parameters, datasets: [{ name: 'd', scenarios }] }
    const { byWorkflow, designs, warnings } = await generate({ plan })
    expect(byWorkflow['bot']).toHaveLength(100)
    expect(designs[0]?.product).toBe(5e12)
    expect(warnings).toHaveLength(1)
  })

  it('refuses more cases than memory holds before it makes them', async () => {
    const parameters = { a: Array.from({ length: 1000 }, (_, at) => at) }
    const scenarios = Array.from({ length: 1100 }, (_, at) => ({ query: `q${at}` }))
    const plan = { mode: 'cartesian' as const, maxCases: 10_000_000, parameters, datasets: [{ name: 'd', scenarios }] }
    const [problem] = await problemsOf({ plan })
    expect(problem).toContain('1100000 cases, more than 1000000')
  })

  it('shares combinations among ten thousand rows that give a parameter of their own', async () => {
    let calls = 0
    const counting: typeof cover = (request) => {
      calls++
      return cover(request)
    }
    const scenarios = Array.from({ length: 10_000 }, (_, at) => ({ inputs: { limit: at } }))
    const plan = { pairwiseDimensions: ['lang', 'tone'], datasets: [{ name: 'd', scenarios }] }
    const { byWorkflow } = await generateCases(planOf({ plan, workflows: [bot] }), { cover: counting })
    expect(byWorkflow['bot']).toHaveLength(60_000)
    expect(calls).toBe(1)
  })

  it('ends when it is cancelled', async () => {
    const made = generateCases(planOf({}), { cover, signal: AbortSignal.abort() })
    await expect(made).rejects.toMatchObject({ code: 'cancelled' })
  })
})
