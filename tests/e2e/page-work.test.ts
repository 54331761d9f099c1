import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, openPageForge, openPageLab } from '../support/page-lab.ts'
import type { PageForge, PageLab } from '../support/page-lab.ts'
import { root } from './cli.ts'

const examples = join(root, 'examples')
const flaky = `import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
test('always fails', () => assert.fail('as ever'))
test('fails now', () => assert.ok(!existsSync('second'), 'as of now'))
test('passes', () => {})
`

describe.runIf(hasBrowser)('the other pages', () => {
  let forge: PageForge
  let lab: PageLab

  beforeAll(async () => {
    forge = await openPageForge()
    lab = await openPageLab({
      env: forge.env,
      fill: async (folder) => {
        for (const name of ['suites', 'calculator', 'experiments'])
          await cp(join(examples, name), join(folder, name), { recursive: true })
        await writeFile(join(folder, 'flaky.test.mjs'), flaky)
        await forge.fill(folder)
      },
    })
  }, 120_000)
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]()
    await forge?.[Symbol.asyncDispose]()
  })

  const closed = async (page: Page) => {
    await page.context().close()
    expect(lab.faults).toEqual([])
  }

  it('runs an experiment, and shows it as a matrix that keys move through', { timeout: 120_000 }, async () => {
    const page = await lab.open('/new?kind=experiment')
    await page
      .getByRole('combobox', { name: 'Plan' })
      .selectOption({ label: 'order-reply (experiments/test_plan.yaml)' })
    await page.getByRole('spinbutton', { name: 'Repeats' }).fill('1')
    await page.getByRole('button', { name: 'Start the experiment' }).click()
    await page.waitForURL('**/experiments/*')
    await page.getByText('144 of 144 trials over').waitFor({ timeout: 60_000 })
    const grid = page.getByRole('grid', { name: 'Cases down, variants across' })
    const cells = grid.getByRole('button')
    await expect.poll(() => cells.count(), { timeout: 10_000 }).toBe(100)
    await cells.first().focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => focusedIn(page)).toMatch(/, careful/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    await expect.poll(() => focusedIn(page)).toMatch(/, plain/)
    const before = await focusedIn(page)
    await page.keyboard.press('Enter')
    const answers = page.getByRole('dialog', { name: /^Answers to / })
    await answers.getByRole('heading', { name: /careful/ }).waitFor()
    await page.keyboard.press('Escape')
    await answers.waitFor({ state: 'hidden' })
    expect(await focusedIn(page)).toBe(before)
    await page.getByRole('tab', { name: 'Comparison' }).click()
    await page
      .getByRole('row', { name: /pass rate/ })
      .first()
      .waitFor()
    await page
      .getByText(/pass rate/)
      .first()
      .waitFor()
    await closed(page)
  })

  it('repairs a pipeline: what the guards refused, the proof, and green', async () => {
    const page = await lab.open('/new?kind=repair')
    await page.getByRole('textbox', { name: 'Configuration of the repair' }).fill('repair.yaml')
    await page.getByRole('button', { name: 'Start the repair' }).click()
    await page.waitForURL('**/repairs/*')
    await page.getByText('succeeded', { exact: true }).waitFor({ timeout: 90_000 })
    const rounds = page.getByRole('region', { name: 'Rounds' })
    await rounds.getByRole('heading', { name: 'Round 1' }).click()
    await rounds.getByText('protected_test').first().waitFor()
    await rounds.getByText('refused', { exact: true }).first().waitFor()
    await rounds.getByRole('region', { name: 'Patch' }).last().getByText('Math.round').first().waitFor()
    await closed(page)
  }, 120_000)

  it('lets a person open a gate, once they have said yes', async () => {
    const { id } = await lab.api.call('startRepair', { body: { config: 'gated.yaml' } })
    const page = await lab.open(`/repairs/${id}`)
    const waits = page.getByRole('region', { name: 'Waits for a person' })
    const open = waits.getByRole('button', { name: 'Let “approve” run' })
    await open.click({ timeout: 60_000 })
    const dialog = page.getByRole('dialog', { name: 'Let “approve” run?' })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await open.click()
    await dialog.getByRole('button', { name: 'Let “approve” run' }).click()
    await page.getByRole('heading', { name: 'Round 1' }).waitFor({ timeout: 60_000 })
    await closed(page)
  }, 150_000)

  it('keeps secrets, shows a token once, adds a webhook, and knows how it is', async () => {
    const page = await lab.open('/settings?tab=secrets')
    await page.getByRole('button', { name: 'Add a secret' }).click()
    const form = page.getByRole('dialog')
    await form.getByRole('textbox', { name: 'Name' }).fill('cloud-key')
    await form.getByLabel('Value').fill('sk-nobody-reads-this')
    await form.getByRole('button', { name: /Save|Add/ }).click()
    await page.getByRole('row', { name: /cloud-key/ }).waitFor()
    await page.getByRole('tab', { name: 'Models' }).click()
    await page.getByRole('button', { name: 'Add a model' }).click()
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('This cannot be empty.').waitFor()
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill('cloud')
    await form.getByRole('textbox', { name: 'Endpoint' }).fill('http://127.0.0.1:9/v1')
    await form.getByRole('textbox', { name: /Name of the model/ }).fill('qwen3')
    await form.getByRole('combobox', { name: 'Secret that holds its key' }).selectOption('cloud-key')
    await form.getByRole('button', { name: 'Save' }).click()
    const row = page.getByRole('row', { name: /cloud/ })
    await row.getByText('Its key is the secret cloud-key.').waitFor()
    await row.getByRole('button', { name: 'Check' }).click()
    await row.getByText(/connection refused/).waitFor({ timeout: 60_000 })
    await page.getByRole('tab', { name: 'Tokens' }).click()
    await page.getByRole('button', { name: 'Make a token' }).click()
    await form.getByRole('textbox', { name: 'Name' }).fill('pipeline')
    await form.getByRole('button', { name: 'Make a token' }).click()
    const shown = page.getByRole('dialog', { name: 'The new token pipeline' })
    const token = /[\w-]{32,}/.exec((await shown.textContent()) ?? '')?.[0]
    expect(token).toBeDefined()
    await page.keyboard.press('Escape')
    await shown.waitFor({ state: 'hidden' })
    await page.reload()
    await page.getByRole('row', { name: /pipeline/ }).waitFor()
    expect(await page.content()).not.toContain(token)
    await page.getByRole('tab', { name: 'Webhooks' }).click()
    await page.getByRole('button', { name: 'Add a webhook' }).first().click()
    await form.getByRole('textbox', { name: 'Address' }).fill('http://127.0.0.1:9/hook')
    await form.getByRole('button', { name: 'Save' }).click()
    await form
      .getByRole('alert')
      .or(form.getByText(/private|own network/i))
      .first()
      .waitFor()
    await form.getByRole('checkbox', { name: /May go to the own network/ }).check()
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog', { name: 'Key of the webhook' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('http://127.0.0.1:9/hook').first().waitFor()
    await page.getByRole('tab', { name: 'Audit log' }).click()
    await page
      .getByRole('row', { name: /cloud-key/ })
      .first()
      .waitFor()
    expect(await page.content()).not.toContain('sk-nobody')
    await page.getByRole('link', { name: 'Health' }).click()
    await page.getByRole('heading', { name: 'Health', level: 1 }).waitFor()
    await page
      .getByText(/sandbox/i)
      .first()
      .waitFor()
    await page.context().close()
    // Browsers tell of answers that refuse.
    expect(lab.faults.splice(0).filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
  }, 120_000)

  it('tells new failures from known ones, and compares two runs', async () => {
    const start = () =>
      lab.api.call('startExecution', { body: { request: { framework: 'node', tests: ['flaky.test.mjs'] } } })
    const first = await start()
    await lab.ended(first.id)
    await writeFile(join(lab.folder, 'second'), '')
    const second = await start()
    await lab.ended(second.id)
    const page = await lab.open('/history')
    const filter = page.getByRole('search', { name: 'Filter failures by standing' })
    await filter.getByRole('button', { name: '1 new' }).click()
    await page.getByText('as of now').waitFor()
    expect(await page.getByText('as ever').count()).toBe(0)
    await filter.getByRole('button', { name: '1 known' }).click()
    await page.getByText('as ever').waitFor()
    await page.goto(`${lab.url}/compare?base=${first.id}&run=${second.id}`)
    await page
      .getByRole('row', { name: /fails now/ })
      .getByText('broken')
      .waitFor()
    await closed(page)
  })

  it('makes combinations anew as one types', async () => {
    const page = await lab.open('/combinations')
    await page.getByRole('status').filter({ hasText: /^$/ }).first().waitFor({ state: 'attached' })
    const editor = page.getByRole('textbox', { name: 'Model in the PICT language' })
    await editor.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.insertText('a: 1, 2, 3\nb: x, y\n')
    await page.getByText('6 rows').first().waitFor()
    await page.keyboard.press('Control+End')
    await page.keyboard.insertText('c: p, q, r, s\n')
    await page.getByText('12 rows').first().waitFor()
    await page.getByRole('combobox', { name: 'Strength' }).selectOption('3')
    await page.getByText('24 rows').first().waitFor()
    await page.getByRole('columnheader', { name: 'c', exact: true }).waitFor()
    await closed(page)
  })

  it('edits a suite, and does not write over what somebody else wrote', async () => {
    const page = await lab.open('/suites')
    await page.getByRole('link', { name: 'Calculator in short', exact: true }).click()
    const editor = page.getByRole('textbox', { name: 'Text of the suite' })
    const file = join(lab.folder, 'suites', 'calculator.yaml')
    await editor.click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.type('# mine ')
    await page.getByText('not saved').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    expect(await readFile(file, 'utf8')).toMatch(/^# mine /)
    await writeFile(file, `# theirs\n${await readFile(file, 'utf8')}`)
    await page.keyboard.press('Control+Home')
    await editor.click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.type('# also mine ')
    await page.getByRole('button', { name: 'Save' }).click()
    const conflict = page.getByRole('dialog', { name: 'The file has changed' })
    await conflict.getByText('theirs').first().waitFor()
    await conflict.getByRole('button', { name: 'Keep mine and overwrite' }).click()
    await page.getByText('Saved.').waitFor()
    expect(await readFile(file, 'utf8')).toMatch(/^# also mine # mine /)
    await page.context().close()
    expect(lab.faults.splice(0).filter((fault) => !/status of 412/.test(fault))).toEqual([])
    await rm(file)
  })
})

const focusedIn = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.textContent')
