import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestResult } from '../domain/test-result.ts'
import { type ChunkLimits, openChunks, usualLimits } from './report-chunks.ts'
import { createColumns } from './report-columns.ts'
import { openGrowing } from './report-file.ts'
import { openReport } from './report-files.ts'
import { readPageAssets, writePage } from './report-page.ts'
import { manifestHead, manyTrials, reportEnd, reportFacts, trialResult } from './report.fixture.ts'

const executablePath = '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
if (!hasBrowser)
  console.log(`skipped: the page of experiments is tested in ${executablePath} (apt-get install chromium)`)

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const pictures = join(import.meta.dirname, '../../test-artifacts')
let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-experiment-page-'))
  await mkdir(pictures, { recursive: true })
})
afterAll(() => rm(root, { recursive: true }))

async function write(results: Iterable<TestResult>, limits: ChunkLimits = usualLimits, cases = 1): Promise<string> {
  const folder = await mkdtemp(join(root, 'run-'))
  const manifests = ['a', 'b', 'c'].map((variant) => manifestHead('support-bot', variant))
  const facts = reportFacts({ manifests, casesByWorkflow: { 'support-bot': cases } })
  const writer = await openReport(facts, folder, limits)
  for (const result of results) await writer.add(result)
  await writer.finish(reportEnd(['a', 'b', 'c']))
  return folder
}

const variants = ['a', 'b', 'c']
let someFolder: Promise<string> | undefined
const some = () => (someFolder ??= write(manyTrials({ cases: 60, variants, repeats: 3 }), usualLimits, 60))

/** The page alone, for trials in numbers that the other files would take long for. */
async function pageOnly(results: Iterable<TestResult>): Promise<string> {
  const folder = await mkdtemp(join(root, 'run-'))
  const columns = createColumns()
  const chunks = await openChunks(join(folder, 'report.html'))
  for (const result of results) {
    const { text, scores } = result
    columns.add(result, { ...chunks.add(JSON.stringify({ text, scores })), offset: 0, bytes: 0 })
    await chunks.drain()
  }
  await chunks.close()
  const file = await openGrowing(join(folder, 'report.html'))
  const rest = { counts: [], columns: columns.columns, chunks: chunks.file.temporary }
  await writePage(file, { facts: reportFacts(), end: reportEnd(variants), ...rest }, await readPageAssets())
  await file.close()
  await file.keep()
  return folder
}

const hostileText =
  '</script><script>document.title="run"</script><img src=x onerror="document.title=\'run\'"><!-- \u202egnp'
const hostile = (): TestResult =>
  trialResult({
    caseName: hostileText,
    parameters: { lang: hostileText, '<b>': 1 },
    text: hostileText,
    query: hostileText,
    outputs: { [hostileText]: hostileText },
    error: { message: hostileText, code: hostileText },
    model: hostileText,
    ids: { taskId: hostileText },
    nodes: [{ id: '1', title: hostileText, type: hostileText, status: hostileText, outputs: hostileText }],
    scores: [{ name: hostileText, type: 'judge', weight: 1, passed: false, score: 0, reason: hostileText }],
    turns: [{ query: hostileText, text: hostileText, outputs: {}, timing: { totalMs: 1 }, ids: {}, nodes: [] }],
    passed: false,
  })

describe('the page of an experiment', () => {
  it('shows the combinations that explain failures, and folds the others', async () => {
    const html = await readFile(join(await write([hostile()]), 'report.html'), 'utf8')
    const section = html.slice(html.indexOf('id="suspects"'), html.indexOf('</section>', html.indexOf('id="suspects"')))
    const [shown = '', folded = ''] = section.split('<details')
    expect(shown).toContain('tone = brief')
    expect(shown).not.toContain('model = ')
    expect(folded).toContain('9 more that occur in failing cases')
    expect(folded.match(/model = /g)).toHaveLength(9)
  })

  it('draws the figures of answers that the comparison counts, in its order', async () => {
    const of = (variantId: string, latencyMs: number, more: Partial<TestResult> = {}) =>
      trialResult({
        variantId,
        caseId: `${latencyMs}`,
        latencyMs,
        timing: { totalMs: latencyMs, queuedMs: 0, rateMs: 0 },
        ...more,
      })
    const late = of('a', 9000, { status: 'timeout', passed: false })
    const html = await readFile(
      join(await write([of('b', 100), of('a', 200), of('a', 400), late]), 'report.html'),
      'utf8',
    )
    const section = html.slice(html.indexOf('id="distributions"'))
    const plot = section.slice(section.indexOf('Latency'), section.indexOf('</figure>'))
    const texts = [...plot.matchAll(/plot-(?:label|text)">([^<]+)/g)].map(([, text]) => text)
    expect(texts).toEqual(['a', '300 ms · p95 390 ms', 'b', '100 ms · p95 100 ms'])
  })

  it('shows how far judges can be relied on', async () => {
    const html = await readFile(join(await write([hostile()]), 'report.html'), 'utf8')
    const section = html.slice(html.indexOf('id="reliability"'))
    const rows = [...section.slice(0, section.indexOf('</section>')).matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = '']) =>
      row
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    expect(rows).toEqual([
      'Check Judged Agreeing Alpha Position bias',
      'polite 1,180 86.0 % 0.71 –',
      'preference 396 4 without a verdict 70.0 % – 0.14',
    ])
  })

  it('refers to nothing outside itself, and ends its scripts only where it means to', async () => {
    const html = await readFile(join(await write([hostile()]), 'report.html'), 'utf8')
    expect(html).not.toMatch(/(?:src|href)="(?!#)/)
    expect(html).not.toMatch(/url\(|@import|https?:/)
    expect(html).toContain("default-src 'none'")
    expect(html.match(/<\/script>/gi)).toHaveLength(3)
  })

  it('names nothing twice in its script, which is made of modules', async () => {
    const { script } = await readPageAssets()
    const names = [...script.matchAll(/^(?:async )?(?:function|const|let) (\w+)/gm)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(50)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })
})

describe.skipIf(!hasBrowser)('the page of an experiment in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  async function open(folder: string, options: BrowserContextOptions & { readonly hash?: string } = {}) {
    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options })
    const page = await context.newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('request', (request) => request.url().startsWith('file:') || faults.push(request.url()))
    await page.goto(pathToFileURL(join(folder, 'report.html')).href + (options.hash ?? ''))
    if (options.javaScriptEnabled !== false) await rows(page).first().waitFor()
    return { page, faults, [Symbol.asyncDispose]: () => context.close() }
  }

  const rows = (page: Page) => page.locator('.grid-body .row')
  const panel = (page: Page) => page.getByRole('dialog')
  const count = (page: Page) => page.locator('#shown').textContent()
  const pick = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true })
  const widest = (page: Page) =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  const violations = async (page: Page) => {
    await page.addScriptTag({ path: axe })
    const result: { violations: { id: string; nodes: unknown }[] } = await page.evaluate(
      "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
    )
    return result.violations.map(({ id, nodes }) => `${id} ${JSON.stringify(nodes).slice(0, 400)}`)
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1400, 400]) {
      it(`is accessible and never scrolls sideways: ${colorScheme}, ${width} px`, async () => {
        await using opened = await open(await some(), {
          colorScheme,
          viewport: { width, height: 1000 },
          bypassCSP: true,
        })
        const { page, faults } = opened
        await page.screenshot({ path: join(pictures, `experiment-${colorScheme}-${width}.png`), fullPage: true })
        expect(await violations(page)).toEqual([])
        expect(await widest(page)).toBe(0)
        await page.locator('.is-variant').first().click()
        await panel(page).locator('.trial-body').first().waitFor()
        await page.screenshot({ path: join(pictures, `experiment-trial-${colorScheme}-${width}.png`) })
        expect(await violations(page)).toEqual([])
        await panel(page).getByRole('combobox').selectOption('b')
        await panel(page).locator('.two').first().waitFor()
        expect(await violations(page)).toEqual([])
        expect(faults).toEqual([])
      })
    }
  }

  it('shows what was concluded without JavaScript', async () => {
    await using opened = await open(await some(), { javaScriptEnabled: false })
    const { page } = opened
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'Support answers: is the short prompt as good?',
    )
    expect(await page.locator('.badge').textContent()).toContain('1 of 2 gates failed')
    expect(await page.locator('.pair').first().textContent()).toContain('better +11.8 pts')
    expect(await page.locator('.plot').count()).toBe(6)
  })

  it('opens a hundred thousand trials, draws few rows, and scrolls to the last', async () => {
    await using opened = await open(await pageOnly(manyTrials({ cases: 33_334, variants, repeats: 1, words: 3 })))
    const { page, faults } = opened
    expect(await count(page)).toBe('33,334 of 33,334 cases')
    await page.getByRole('button', { name: 'Case', exact: true }).click()
    await page.evaluate('document.querySelector(".grid").scrollTop = 1e9')
    await page.getByText('ticket 33334 ·').waitFor()
    expect(await rows(page).count()).toBeLessThan(80)
    await page.getByRole('searchbox').fill('ticket 20000')
    expect(await count(page)).toBe('1 of 33,334 cases')
    await page.locator('.is-variant').nth(1).click()
    await panel(page).locator('pre.answer').waitFor()
    expect(await panel(page).getByRole('heading', { level: 2 }).textContent()).toMatch(/^ticket 20000/)
    expect(faults).toEqual([])
  })

  it('filters by difference, failure, parameter and status, and forgets it all on Reset', async () => {
    await using opened = await open(await some())
    const { page } = opened
    const numbers = new Map<string, number>()
    const note = async (name: string) => numbers.set(name, Number((await count(page))?.split(' ')[0]))
    await page.getByRole('button', { name: 'Only failing' }).click()
    await note('failing')
    expect(await page.locator('.row:not(:has(.wash-failed, .wash-mixed))').count()).toBe(1)
    await page.getByRole('button', { name: 'Only different' }).click()
    await note('different')
    await page.getByRole('button', { name: 'Reset' }).click()
    await pick(page, 'lang').selectOption('zh')
    await note('zh')
    await pick(page, 'tone').selectOption('brief')
    await note('zh and brief')
    await page.getByRole('button', { name: 'Reset' }).click()
    await pick(page, 'Status').selectOption('infra error')
    await note('lost')
    await page.getByRole('button', { name: 'Reset' }).click()
    await page.getByRole('searchbox').fill('POLITE zh')
    await note('polite zh')
    expect(Object.fromEntries(numbers)).toMatchObject({ zh: 20, 'zh and brief': 10, 'polite zh': 10 })
    for (const name of ['failing', 'different', 'lost']) {
      expect(numbers.get(name)).toBeGreaterThan(0)
      expect(numbers.get(name)).toBeLessThan(60)
    }
  })

  it('sorts by any column, both ways', async () => {
    await using opened = await open(await some())
    const { page } = opened
    const names = () => page.locator('.cell.is-case .clip').allTextContents()
    await page.getByRole('button', { name: 'Case', exact: true }).click()
    expect((await names()).slice(0, 2)).toEqual(['ticket 1 · en · polite', 'ticket 2 · de · polite'])
    await page.getByRole('button', { name: 'Case' }).click()
    expect((await names())[0]).toBe('ticket 60 · zh · brief')
    await page.getByRole('button', { name: 'length' }).click()
    expect(await page.getByRole('columnheader', { name: 'length' }).getAttribute('aria-sort')).toBe('ascending')
    expect(await page.locator('.row .is-parameter').nth(2).textContent()).toBe('100')
  })

  it('is led by the keyboard: arrows move, Enter opens, Escape comes back', async () => {
    await using opened = await open(await some())
    const { page } = opened
    await page.locator('.cell[tabindex="0"]').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await panel(page).locator('.trial-body').first().waitFor()
    const title = await panel(page).getByRole('heading', { level: 2 }).textContent()
    expect(title).toBe(await page.locator('[data-at="2"][data-column="0"] .clip').textContent())
    expect(await panel(page).getByRole('button', { pressed: true }).textContent()).toMatch(/ b /)
    await page.keyboard.press('j')
    await expect.poll(() => panel(page).getByRole('heading', { level: 2 }).textContent()).not.toBe(title)
    await page.keyboard.press('Escape')
    await panel(page).waitFor({ state: 'hidden' })
    expect(await page.evaluate('document.activeElement.dataset.at')).toBe('3')
    await page.keyboard.press('Control+End')
    expect(await page.evaluate('document.activeElement.dataset.at')).toBe('59')
  })

  it('shows inputs, checks, nodes and attempts of each repeat, and follows a link to them', async () => {
    const nodes = [
      { id: 'n1', title: 'Answer node', type: 'llm', status: 'succeeded', outputs: { text: 'node text' }, tokens: 12 },
    ]
    const error = { class: 'system_error', message: 'reset by peer' } as const
    const attempt = {
      number: 1,
      state: 'error',
      startedAt: 0,
      endedAt: 1,
      serviceMs: 4,
      queueMs: 0,
      rateMs: 0,
      error,
    } as const
    const folder = await write([
      trialResult({
        repeat: 2,
        nodes,
        attempts: [attempt, { ...attempt, number: 2 }],
        evaluation: { tokens: 1234 },
        blobs: { nodes: { sha256: 'b10b', bytes: 70_000 } },
      }),
      trialResult({ repeat: 1 }),
      trialResult({ variantId: 'b', text: 'We will send you two new ones.' }),
    ])
    await using opened = await open(folder, { hash: '#/support-bot/0123456789abcdef/a' })
    const { page } = opened
    const trials = panel(page).locator('details.trial')
    await trials.first().waitFor()
    expect(await trials.locator('> summary b').allTextContents()).toEqual(['Trial 1', 'Trial 2'])
    const second = trials.nth(1)
    expect(await second.textContent()).toContain('It thanks the customer.')
    for (const text of ['Answer node', 'node text', 'reset by peer', 'K-7', 'My kettle is broken', '1,234', 'b10b']) {
      expect(await second.textContent()).toContain(text)
    }
    await panel(page).getByRole('combobox').selectOption('b')
    await panel(page).locator('.two').first().waitFor()
    expect(await panel(page).locator('del').allTextContents()).toEqual(['a', 'one'])
    expect(await panel(page).locator('ins').allTextContents()).toEqual(['two', 'ones'])
    expect(page.url()).toMatch(/#\/support-bot\/0123456789abcdef\/a$/)
  })

  it('reads what it has no room for from results.jsonl, and from no other file', async () => {
    const long = `the end is ${'far '.repeat(9000)}away`
    const folder = await write([trialResult({ text: 'früh' }), trialResult({ repeat: 2, text: long })], {
      ...usualLimits,
      budget: 0,
    })
    await using opened = await open(folder, { hash: '#/support-bot/0123456789abcdef/a' })
    const { page } = opened
    const second = panel(page).locator('details.trial').nth(1)
    await second.waitFor()
    await second.locator('> summary').click()
    expect(await second.textContent()).toContain('results.jsonl, line 2')
    await second.locator('input[type=file]').setInputFiles(join(folder, 'summary.json'))
    await second.getByText('does not hold the trial').waitFor()
    await second.locator('input[type=file]').setInputFiles(join(folder, 'results.jsonl'))
    await expect.poll(() => second.locator('pre.answer').textContent()).toBe(long)
  })

  it('marks a text that was shortened', async () => {
    const folder = await write([trialResult({ text: 'far '.repeat(9000) })])
    await using opened = await open(folder, { hash: '#/support-bot/0123456789abcdef/a' })
    const answer = panel(opened.page).locator('pre.answer')
    expect(await answer.textContent()).toMatch(/\[16000 more characters\]$/)
    expect(await panel(opened.page).textContent()).toContain('results.jsonl, line 1, holds all of it')
  })

  it('shows hostile texts as text, and texts from right to left', async () => {
    const folder = await write([hostile(), trialResult({ variantId: 'b', text: 'שלום עולם' })])
    await using opened = await open(folder)
    const { page, faults } = opened
    const title = await page.title()
    await page.locator('.is-variant').first().click()
    await panel(page).locator('.trial-body').first().waitFor()
    await page.evaluate('document.querySelectorAll("details").forEach((each) => (each.open = true))')
    expect(await panel(page).locator('.reason').textContent()).toBe(hostileText.replace('\u202e', '<U+202E>'))
    await page.screenshot({ path: join(pictures, 'experiment-hostile.png') })
    await panel(page).getByRole('combobox').selectOption('b')
    await panel(page).locator('.two').first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.title()).toBe(title)
    expect(faults).toEqual([])
  })
})
