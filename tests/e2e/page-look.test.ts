import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hasBrowser, openPageForge, openPageLab } from '../support/page-lab.ts'
import type { PageForge, PageLab } from '../support/page-lab.ts'
import { root } from './cli.ts'

const shots = join(root, 'artifacts', 'page-tests')
const examples = join(root, 'examples')
/** Pages whose pictures are kept in every language; of the others, the English ones. */
const seenInEach: ReadonlySet<string> = new Set([
  'runs',
  'new',
  'run',
  'test-failed',
  'experiment',
  'repair',
  'history',
])

describe.runIf(hasBrowser)('every page', () => {
  let forge: PageForge
  let lab: PageLab
  let paths: Readonly<Record<string, string>>

  beforeAll(async () => {
    await rm(shots, { recursive: true, force: true })
    await mkdir(shots, { recursive: true })
    forge = await openPageForge()
    lab = await openPageLab({
      env: forge.env,
      fill: async (folder) => {
        for (const name of ['suites', 'calculator', 'samples-node', 'experiments', 'answers'])
          await cp(join(examples, name), join(folder, name), { recursive: true })
        await forge.fill(folder)
      },
    })
    paths = await fillUp(lab)
  }, 120_000)
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]()
    await forge?.[Symbol.asyncDispose]()
  })

  const looks = [
    ['en', ['light', 1400], ['dark', 400]],
    ['ru', ['dark', 1400], ['light', 400]],
    ['zh-CN', ['light', 1400], ['dark', 400]],
  ] as const

  it.concurrent.each(looks)(
    'is accessible and fits, in %s, light and dark, wide and narrow',
    async (locale, wide, narrow) => {
      const page = await lab.open('/', { locale })
      const flaws: string[] = []
      for (const [name, path] of Object.entries(paths)) {
        // Every page in every language; what a page shows by its tabs and filters, in English.
        if (locale !== 'en' && path.includes('?')) continue
        await page.goto(`${lab.url}${path}`)
        await settled(page)
        for (const [index, [colorScheme, width]] of [wide, narrow].entries()) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 900 })
          flaws.push(
            ...(await lab.flaws(page, index > 0)).map((flaw) => `${path}, ${colorScheme}, ${width} px: ${flaw}`),
          )
          if (locale !== 'en' && !seenInEach.has(name)) continue
          await page.screenshot({ path: join(shots, `${name}-${locale}-${colorScheme}-${width}.png`), fullPage: true })
        }
      }
      await page.context().close()
      expect(flaws).toEqual([])
      // Of the run that is not there.
      expect(lab.faults.filter((fault) => !fault.includes('/v1/runs/none'))).toEqual([])
    },
    180_000,
  )
})

/** Waits until a page shows what it has. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await vi.waitUntil(() => page.evaluate('document.querySelector(".loading, .spinner, [aria-busy=true]") === null'), {
    timeout: 20_000,
  })
}

/** Something of every kind; the paths of all pages by the names of their pictures. */
async function fillUp(lab: PageLab): Promise<Record<string, string>> {
  const { api, folder } = lab
  const tests = () => ({
    body: {
      request: { framework: 'node' as const, tests: ['samples-node/samples.test.mjs'], testTimeoutSeconds: 2 },
      execution: { retries: 1, testTimeoutSeconds: 2 },
    },
  })
  const first = await api.call('startExecution', tests())
  const repair = await api.call('startRepair', { body: { config: 'repair.yaml' } })
  const suites = await api.call('listSuites', {})
  const suiteId = suites.items.find(({ path }) => path === 'suites/calculator.json')?.id ?? ''
  await lab.ended(first.id)
  await rm(join(folder, 'flaky-node.marker'), { force: true })
  const second = await api.call('startExecution', tests())
  const pipeline = await api.call('startPipeline', { body: { suiteId, framework: 'node' } })
  await Promise.all([first, repair, second, pipeline].map(({ id }) => lab.ended(id)))
  const plans = await api.call('listPlans', {})
  const experiment = await api.call('startExperiment', { body: { planId: plans.items[0]?.id, repeats: 1 } })
  const gated = await api.call('startRepair', { body: { config: 'gated.yaml' } })
  await lab.ended(experiment.id)
  await lab.ended(gated.id)
  await api.call('writeSecret', { params: { name: 'cloud-key' }, body: { value: 'a-secret-of-nobody' } })
  const model = { endpoint: 'http://127.0.0.1:9/v1', model: 'qwen3-coder', secret: 'cloud-key' }
  await api.call('writeModel', { params: { name: 'cloud' }, body: model })
  await api.call('createToken', { body: { name: 'pipeline', scope: 'run', expiresInDays: 30 } })
  const hook = await api.call('createWebhook', {
    body: { url: 'http://127.0.0.1:9/hook', events: ['run.finished', 'repair.gate'], allowPrivate: true },
  })
  await api.call('testWebhook', { params: { id: hook.id } })
  await writeFile(
    join(folder, 'suites', 'broken.json'),
    JSON.stringify({ schema: 'greenloop.suite/v1', name: 'Broken', cases: [{ id: 3 }] }, undefined, 2),
  )
  const broken = (await api.call('listSuites', {})).items.find(({ path }) => path === 'suites/broken.json')?.id
  const tasks = await api.call('listTasks', { params: { id: second.id }, query: { limit: 200 } })
  const seqOf = (verdict: string) => tasks.items.find((task) => task.verdict === verdict)?.seq
  const trials = await api.call('listTasks', { params: { id: experiment.id }, query: { limit: 1 } })
  const run = `/runs/${second.id}`
  return {
    runs: '/',
    'runs-none': '/?search=nothing+like+it',
    new: '/new',
    'new-suite': `/new?suite=${suiteId}`,
    'new-tests': '/new?kind=tests',
    'new-experiment': '/new?kind=experiment',
    'new-repair': '/new?kind=repair',
    run,
    'run-log': `${run}?tab=log`,
    'run-artifacts': `${run}?tab=artifacts`,
    'run-timeline': `${run}?tab=timeline`,
    'run-script': `/runs/${pipeline.id}?tab=script`,
    'run-answer': `/runs/${pipeline.id}?tab=answer`,
    'run-experiment': `/runs/${experiment.id}`,
    'test-failed': `${run}/tests/${seqOf('failed')}`,
    'test-flaky': `${run}/tests/${seqOf('flaky')}`,
    'test-trial': `/runs/${experiment.id}/tests/${trials.items[0]?.seq}`,
    history: '/history',
    'history-flaky': '/history?tab=flaky',
    'history-compare': `/history?tab=compare&base=${first.id}&run=${second.id}`,
    experiments: '/experiments',
    experiment: `/experiments/${experiment.id}`,
    'experiment-comparison': `/experiments/${experiment.id}?tab=comparison`,
    'experiment-suspects': `/experiments/${experiment.id}?tab=suspects`,
    repairs: '/repairs',
    repair: `/repairs/${repair.id}`,
    'repair-gate': `/repairs/${gated.id}`,
    combinations: '/combinations',
    suites: '/suites',
    suite: `/suites/${suiteId}`,
    'suite-broken': `/suites/${broken}`,
    health: '/health',
    'settings-models': '/settings',
    ...Object.fromEntries(
      ['secrets', 'tokens', 'webhooks', 'audit', 'all', 'look'].map((tab) => [
        `settings-${tab}`,
        `/settings?tab=${tab}`,
      ]),
    ),
    login: '/login',
    'not-found': '/nowhere',
    'run-gone': '/runs/none',
  }
}
