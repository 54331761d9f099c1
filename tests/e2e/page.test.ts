import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, openPageLab } from '../support/page-lab.ts'
import type { PageLab } from '../support/page-lab.ts'

const tests = `import assert from 'node:assert/strict'
import { test } from 'node:test'
test('adds', () => assert.equal(1 + 1, 2))
test('speaks', () => assert.equal('今天天气很好', '今天天氣很好'))
test('waits', { skip: 'not today' }, () => {})
test('prints', () => console.log('<b>naïve</b> текст'))
`

describe.runIf(hasBrowser)('the page', () => {
  let lab: PageLab

  beforeAll(async () => {
    lab = await openPageLab({ fill: (folder) => writeFile(join(folder, 'demo.test.mjs'), tests) })
  }, 120_000)
  afterAll(() => lab?.[Symbol.asyncDispose]())

  async function startRun(): Promise<string> {
    const request = { framework: 'node', tests: ['demo.test.mjs'] }
    return (await lab.api.call('startExecution', { body: { request } })).id
  }

  let ended: string | undefined
  /** A run that is over, the same for all. */
  async function endedRun(): Promise<string> {
    return (ended ??= await runToEnd())
  }

  async function runToEnd(): Promise<string> {
    const id = await startRun()
    await lab.ended(id)
    return id
  }

  it('says what to do where there is nothing yet', async () => {
    const page = await lab.open('/')
    await page.getByText('No runs yet').waitFor()
    expect(await page.getByRole('main').getByRole('link', { name: 'New run' }).getAttribute('href')).toBe('/new')
    await page.context().close()
  })

  it('shows a run as it goes on, leads to a failed test and filters', async () => {
    const page = await lab.open('/')
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
    const page = await lab.open(`/runs/${await endedRun()}?tab=log`)
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
    const page = await lab.open('/', { locale: 'zh-CN' })
    await page.getByRole('heading', { name: '运行', level: 1 }).waitFor()
    await page.getByRole('combobox', { name: '语言' }).selectOption('ru')
    await page.getByRole('heading', { name: 'Запуски', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Запуски', level: 1 }).waitFor()
    expect(await page.getAttribute('html', 'lang')).toBe('ru')
    await page.context().close()
  })

  it('is led by keys, and leaves fields alone', async () => {
    const page = await lab.open('/')
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
    const page = await lab.open('/runs/none?tab=log', { isNew: true })
    await page.waitForURL('**/login?next=*')
    expect(new URL(page.url()).searchParams.get('next')).toBe('/runs/none?tab=log')
    await page.context().close()
    const refused = lab.faults.splice(0).filter((fault) => !fault.includes('401'))
    expect(refused).toEqual([])
  })

  it('has met no fault and no refusal of its own policy', () => {
    expect(lab.faults).toEqual([])
  })
})
