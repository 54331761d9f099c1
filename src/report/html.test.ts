import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { coverage, execution, manyTests, nastyExecution, testResult } from '../../tests/fixtures/executions.ts'
import type { Execution } from '../domain/run.ts'
import { toDigest } from './digest.ts'
import { readPageAssets, toHtml } from './html.ts'
import { toSummary } from './summary.ts'

const executablePath = '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
if (!hasBrowser) console.log(`skipped: the report page is tested in ${executablePath} (apt-get install chromium)`)

const assets = await readPageAssets()
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const pictures = join(import.meta.dirname, '../../test-artifacts')
const render = (run: Execution) => toHtml(run, { assets, digest: toDigest(run) })
const figure = { name: 'test_add_speed', testId: 'x', unit: 's', rounds: 5, min: 1e-7, max: 3e-3 } as const
const full = execution({
  coverage: coverage(),
  benchmarks: [{ ...figure, mean: 2e-5, median: 1.9e-5, p95: 2.5e-5, stddev: 1e-6 }],
  sandbox: { tier: 'userns', gaps: ['memory is not limited'] },
  problems: [{ kind: 'note', message: 'coverage of subprocesses was not measured' }],
})

describe('toHtml', () => {
  it('refers to nothing outside itself', () => {
    const html = render(full)
    expect(html).not.toMatch(/(?:src|href)="(?!#)/)
    expect(html).not.toMatch(/url\(|@import|https?:/)
    expect(html).toContain("default-src 'none'")
  })

  it('ends its scripts only where it means to, whatever the tests print', () => {
    const html = render(nastyExecution())
    expect(html.match(/<\/script>/gi)).toHaveLength(2)
    expect(html).not.toMatch(/\u001b|<!--/)
    expect(html.slice(html.indexOf('id="data"'))).not.toMatch(/\u2028/)
  })

  it('is the same for the same run', () => {
    expect(render(full)).toBe(render(full))
  })
})

describe.skipIf(!hasBrowser)('the page in a browser', () => {
  let browser: Browser
  let folder = ''
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    folder = await mkdtemp(join(tmpdir(), 'greenloop-page-'))
    await mkdir(pictures, { recursive: true })
  })
  afterAll(async () => {
    await browser.close()
    await rm(folder, { recursive: true })
  })

  async function open(run: Execution, options: BrowserContextOptions = {}) {
    const path = join(folder, `${Math.floor(performance.now() * 1000)}.html`)
    await writeFile(path, render(run))
    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options })
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('request', (request) => request.url().startsWith('file:') || faults.push(request.url()))
    await page.goto(pathToFileURL(path).href)
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }

  const rows = (page: Page) => page.locator('details.test')
  const filter = (page: Page, name: RegExp) => page.getByRole('button', { name })
  const widest = (page: Page) =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1400, 400]) {
      it(`is accessible and never scrolls sideways: ${colorScheme}, ${width} px`, async () => {
        await using opened = await open(full, { colorScheme, viewport: { width, height: 1000 }, bypassCSP: true })
        const { page, faults } = opened
        await page.locator('details.test.flaky > summary').click()
        await page.evaluate('scrollTo(0, 0)')
        await page.screenshot({ path: join(pictures, `report-${colorScheme}-${width}.png`), fullPage: true })
        await page.addScriptTag({ path: axe })
        const result: { violations: { id: string; nodes: unknown }[] } = await page.evaluate(
          "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
        )
        expect(result.violations.map(({ id, nodes }) => `${id} ${JSON.stringify(nodes).slice(0, 400)}`)).toEqual([])
        expect(await widest(page)).toBe(0)
        expect(faults).toEqual([])
      })
    }
  }

  it('filters by the numbers of the summary, and keeps the choice in the address', async () => {
    await using opened = await open(full)
    const { page } = opened
    const { summary } = toSummary(full, {})
    await filter(page, /^Failed/).click()
    expect(await rows(page).count()).toBe(summary.failed)
    expect(await filter(page, /^Failed/).textContent()).toBe(`Failed ${summary.failed}`)
    await filter(page, /^Flaky/).click()
    expect(await rows(page).count()).toBe(summary.flaky)
    await filter(page, /^Slow/).click()
    expect(await rows(page).locator('.name').allTextContents()).toEqual(['test_sleeps_for_ever'])
    expect(page.url()).toMatch(/#filter=slow$/)
    await page.reload()
    expect(await rows(page).count()).toBe(1)
    await filter(page, /^All/).click()
    expect(await rows(page).count()).toBe(summary.total)
  })

  it('finds tests by name, case and error', async () => {
    await using opened = await open(full)
    const { page } = opened
    for (const [query, name] of [
      ['ROUNDS', 'test_divide_rounds'],
      ['calc-1', 'test_add[1-2]'],
      ['could not open', 'test_needs_database'],
    ] as const) {
      await page.getByRole('searchbox').fill(query)
      expect(await rows(page).locator('.name').allTextContents()).toEqual([expect.stringContaining(name)])
    }
  })

  it('shows attempts as tabs, the first failure first, and moves between them by keyboard', async () => {
    await using opened = await open(full)
    const { page } = opened
    const row = page.locator('details.test.flaky')
    await row.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await row.getByRole('tab', { selected: true }).textContent()).toBe('Attempt 1 failed')
    await row.getByRole('tab', { selected: true }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await row.getByRole('tab', { selected: true }).textContent()).toBe('Attempt 2 passed')
    expect(await row.getByRole('tabpanel').allTextContents()).toEqual([expect.stringContaining('nothing printed')])
  })

  it('marks what differs between expected and actual', async () => {
    await using opened = await open(full)
    const { page } = opened
    const row = page.locator('details.test[open]')
    expect(await row.locator('.chosen ins').textContent()).toBe('')
    expect(await row.locator('.chosen del').textContent()).toBe('.5')
  })

  it('copies failures for a model and the command that runs a test again', async () => {
    await using opened = await open(full, { permissions: ['clipboard-read', 'clipboard-write'] })
    const { page } = opened
    const clipboard = () => page.evaluate('navigator.clipboard.readText()')
    await filter(page, /Copy all failures/).click()
    await page.getByText('Copied', { exact: true }).waitFor()
    expect(await clipboard()).toBe(toDigest(full))
    await page.locator('details.test[open]').getByRole('button', { name: 'Copy command' }).click()
    await expect
      .poll(clipboard)
      .toBe('cd /home/ada/calculator && python3 -m pytest tests/test_calc_api.py::test_divide_rounds')
    await page.locator('details.test[open]').getByRole('button', { name: 'Copy for a model' }).click()
    await expect.poll(clipboard).toContain('Case: CALC-7')
  })

  it('shows every failure without JavaScript', async () => {
    await using opened = await open(full, { javaScriptEnabled: false })
    const { page } = opened
    expect(await rows(page).count()).toBe(5)
    expect(await page.locator('details.test[open] .message').first().textContent()).toContain('assert 3.5 == 3')
    expect(await page.getByText('3 more tests are listed when JavaScript is on.').count()).toBe(1)
    await page.screenshot({ path: join(pictures, 'report-plain.png'), fullPage: true })
  })

  it('draws thousands of tests bit by bit', async () => {
    await using opened = await open(execution({ tests: manyTests(5000) }))
    const { page, faults } = opened
    await rows(page).first().waitFor()
    expect(await rows(page).count()).toBeLessThan(500)
    expect(await filter(page, /^All/).textContent()).toBe('All 5000')
    await page.screenshot({ path: join(pictures, 'report-many.png') })
    expect(faults).toEqual([])
  })

  it('shows hostile texts as text', async () => {
    await using opened = await open(nastyExecution())
    const { page, faults } = opened
    expect(await rows(page).count()).toBe(3)
    expect(await page.locator('.chosen pre.message').textContent()).toContain('</script><!--"\'&<b>]]>red')
    expect(await page.locator('b', { hasText: ']]>' }).count()).toBe(0)
    await page.screenshot({ path: join(pictures, 'report-nasty.png'), fullPage: true })
    expect(faults).toEqual([])
  })

  it('is calm when all is green', async () => {
    const run = execution({ verdict: 'passed', tests: manyTests(40).filter((test) => test.verdict === 'passed') })
    await using opened = await open({ ...run, tests: [...run.tests, testResult('test_x', 'skipped')] })
    await opened.page.screenshot({ path: join(pictures, 'report-green.png') })
    expect(await opened.page.getByRole('heading', { level: 1 }).textContent()).toContain('Passed')
    expect(await opened.page.getByRole('button', { name: /Copy all/ }).count()).toBe(0)
  })
})
