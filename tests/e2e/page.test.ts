import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApiClient } from '../../src/client/api-client.ts'
import { followRun } from '../../src/client/follow.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import { root, startCli } from './cli.ts'
import type { Started } from './cli.ts'

const executablePath = '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
if (!hasBrowser) console.log(`skipped: the page is tested in ${executablePath} (apt-get install chromium)`)

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tests = `import assert from 'node:assert/strict'
import { test } from 'node:test'
test('adds', () => assert.equal(1 + 1, 2))
test('speaks', () => assert.equal('今天天气很好', '今天天氣很好'))
test('waits', { skip: 'not today' }, () => {})
test('prints', () => console.log('<b>naïve</b> текст'))
`

interface Ready {
  readonly url: string
  readonly link: string
  readonly tokenFile: string
}

describe.runIf(hasBrowser)('the page', () => {
  let folder: string
  let server: Started
  let ready: Ready
  let api: ApiClient
  let browser: Browser
  let state: string
  const faults: string[] = []

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, 'scripts/build-web.mjs')])
    folder = await mkdtemp(join(tmpdir(), 'greenloop-web-'))
    state = join(folder, 'state.json')
    await writeFile(join(folder, 'demo.test.mjs'), tests)
    server = startCli(['serve', '--port', '0', '--json', '--unsafe-no-sandbox', '--drain', '1'], {
      cwd: folder,
      env: { GREENLOOP_STORE: join(folder, 'store.db') },
    })
    await vi.waitUntil(() => server.stdout().includes('\n'), { timeout: 30_000 })
    ready = JSON.parse(server.stdout()) as Ready
    const token = (await readFile(ready.tokenFile, 'utf8')).trim()
    api = createApiClient({ baseUrl: ready.url, token })
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    const page = await open('/', { isNew: true, locale: 'en' })
    await page.goto(ready.link)
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
    await page.context().storageState({ path: state })
    expect(page.url()).toBe(`${ready.url}/`)
    await page.getByText('No runs yet').waitFor()
    await page.context().close()
  })
  afterAll(async () => {
    await browser?.close()
    server?.kill('SIGINT')
    await server?.ended
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  async function open(
    path: string,
    how: { isNew?: boolean; locale?: string; colorScheme?: 'light' | 'dark'; width?: number } = {},
  ): Promise<Page> {
    const { isNew = false, locale = 'en', colorScheme = 'light', width = 1400 } = how
    const context = await browser.newContext({
      locale,
      colorScheme,
      viewport: { width, height: 900 },
      ...(isNew ? {} : { storageState: state }),
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    if (!isNew) await page.goto(`${ready.url}${path}`)
    return page
  }

  async function startRun(): Promise<string> {
    const request = { framework: 'node', tests: ['demo.test.mjs'] }
    return (await api.call('startExecution', { body: { request } })).id
  }

  let ended: string | undefined
  /** A run that is over, the same for all. */
  async function endedRun(): Promise<string> {
    return (ended ??= await runToEnd())
  }

  async function runToEnd(): Promise<string> {
    const id = await startRun()
    const events = followRun(api, id, { signal: AbortSignal.timeout(60_000) })
    for (;;) if ((await events.next()).done === true) return id
  }

  it('shows a run as it goes on, leads to a failed test and filters', async () => {
    const page = await open('/')
    const id = await startRun()
    await page.getByRole('row', { name: id }).getByRole('link').click()
    await page.getByRole('region', { name: 'Verdict' }).getByText('failed', { exact: true }).first().waitFor()
    const counters = page.getByRole('group', { name: 'Filter tests by verdict' })
    await counters.getByRole('button', { name: '2 passed' }).waitFor()
    await counters.getByRole('button', { name: '1 failed' }).click()
    await expect.poll(() => page.locator('[data-row]').count()).toBe(1)
    expect(new URL(page.url()).searchParams.get('verdict')).toBe('failed')
    await page.reload()
    await page.getByRole('link', { name: 'speaks' }).click()
    await page.getByRole('heading', { name: 'speaks' }).waitFor()
    const marks = await page.locator('.diff mark').allTextContents()
    expect(marks.toSorted()).toEqual(['气', '氣'].toSorted())
    await page.getByRole('link', { name: 'Next test' }).click()
    await page.getByRole('heading', { name: 'waits' }).waitFor()
    await page.context().close()
  })

  it('shows logs, files and the course of a run, and escapes what tests print', async () => {
    const page = await open(`/runs/${await endedRun()}?tab=log`)
    await page.getByRole('combobox', { name: 'Log' }).selectOption('stdout')
    await page.getByRole('searchbox').fill('NAÏVE')
    await page.getByText('1 of 1').waitFor()
    expect(await page.getByRole('log').textContent()).toContain('<b>naïve</b> текст')
    await page.getByRole('tab', { name: 'Log' }).press('ArrowRight')
    await page.getByRole('row', { name: /report\.html/ }).waitFor()
    await page.getByRole('tab', { name: 'Timeline' }).click()
    await page.getByRole('columnheader', { name: 'Phase' }).waitFor()
    await page.context().close()
  })

  it('speaks three languages and remembers the choice', async () => {
    const page = await open('/', { locale: 'zh-CN' })
    await page.getByRole('heading', { name: '运行', level: 1 }).waitFor()
    await page.getByRole('combobox', { name: '语言' }).selectOption('ru')
    await page.getByRole('heading', { name: 'Запуски', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Запуски', level: 1 }).waitFor()
    expect(await page.getAttribute('html', 'lang')).toBe('ru')
    await page.context().close()
  })

  it('is led by keys, and leaves fields alone', async () => {
    const page = await open('/')
    await page.locator('[data-row]').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('g n?')
    expect(await page.getByRole('searchbox').inputValue()).toBe('g n?')
    await page.getByRole('searchbox').fill('')
    await page.getByRole('searchbox').blur()
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate("document.activeElement.closest('[data-row]') !== null")).toBe(true)
    await page.keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await help.getByRole('checkbox').uncheck()
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    expect(await help.isVisible()).toBe(false)
    await page.context().close()
  })

  it('asks whoever is not known to sign in', async () => {
    const page = await open('/', { isNew: true })
    await page.goto(`${ready.url}/runs/none?tab=log`)
    await page.waitForURL('**/login?next=*')
    expect(new URL(page.url()).searchParams.get('next')).toBe('/runs/none?tab=log')
    await page.context().close()
    const refused = faults.splice(0).filter((fault) => !fault.includes('401'))
    expect(refused).toEqual([])
  })

  for (const [colorScheme, locale, width] of [
    ['light', 'en', 1400],
    ['dark', 'ru', 1400],
    ['light', 'ru', 400],
    ['dark', 'zh-CN', 400],
  ] as const) {
    it(`is accessible and fits: ${colorScheme}, ${locale}, ${width}`, async () => {
      const id = await endedRun()
      const page = await open('/', { colorScheme, locale, width })
      for (const path of [
        '/',
        `/runs/${id}`,
        `/runs/${id}?tab=log`,
        `/runs/${id}?tab=timeline`,
        `/runs/${id}/tests/1`,
      ]) {
        await page.goto(`${ready.url}${path}`)
        await page.locator('table, .log, .diff').first().waitFor()
        await page.evaluate(axe)
        const { violations }: { violations: { id: string; nodes: { html: string }[] }[] } = await page.evaluate(
          "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
        )
        expect(
          violations.map(({ id, nodes }) => `${path} ${id} ${nodes.map(({ html }) => html.slice(0, 200))}`),
        ).toEqual([])
        const over: number = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect([path, Math.max(0, over)]).toEqual([path, 0])
      }
      await page.context().close()
    })
  }

  it('has met no fault and no refusal of its own policy', () => {
    expect(faults).toEqual([])
  })
})
