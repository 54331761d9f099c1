import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hasBrowser, openPageLab } from '../support/page-lab.ts'
import type { PageLab } from '../support/page-lab.ts'
import { root, startCli } from './cli.ts'

const caseOf = (id: string, title: string) => ({
  id,
  title,
  call: 'add',
  inputs: { a: 2, b: 3 },
  expected: { returns: 5 },
})
const suite = {
  schema: 'greenloop.suite/v1',
  name: 'Sums 求和',
  target: { kind: 'node', module: 'calculator.mjs', root: 'calculator' },
  cases: [
    caseOf('SUM-001', 'Adds'),
    caseOf('SUM-002', 'Is flaky'),
    caseOf('SUM-003', 'Differs'),
    ...[4, 5, 6].map((number) => caseOf(`SUM-00${number}`, `Is slow ${number}`)),
  ],
}
const answer = `Here it is.

\`\`\`js
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { add } from './calculator.mjs'

test('SUM-001 adds', () => assert.equal(add(2, 3), 5))

test('SUM-002 is flaky', () => {
  assert.equal(add(2, 3), 5)
  if (existsSync('flaky.marker')) return
  writeFileSync('flaky.marker', 'tried')
  assert.fail('only the first time')
})

test('SUM-003 differs', () => assert.equal(\`\${add(2, 3)} 今天天气很好\`, '5 今天天氣很好'))

for (const number of [4, 5, 6]) {
  test(\`SUM-00\${number} is slow\`, async () => {
    await pause(1500)
    assert.equal(add(2, 3), 5)
  })
}
\`\`\`
`
const slow = `import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
for (const number of [1, 2, 3]) test(\`waits \${number}\`, () => pause(Number(process.env.WAIT ?? 700)))
`

describe.runIf(hasBrowser)('a run in the page', () => {
  let lab: PageLab
  let runPath: string

  beforeAll(async () => {
    lab = await openPageLab({
      fill: async (folder) => {
        await cp(join(root, 'examples', 'calculator'), join(folder, 'calculator'), { recursive: true })
        await cp(join(root, 'examples', 'calculator', 'calculator.py'), join(folder, 'calculator.py'))
        await writeFile(join(folder, 'slow.test.mjs'), slow)
      },
    })
  }, 120_000)
  afterAll(() => lab?.[Symbol.asyncDispose]())

  const editorIn = (page: Page) => page.getByRole('textbox', { name: 'Text of the suite' })
  const verdictIn = (page: Page, word: string) =>
    page.getByRole('region', { name: 'Verdict' }).getByRole('paragraph').getByText(word, { exact: true })

  it('checks a suite as it is typed, and suggests keys', async () => {
    const page = await lab.open('/new')
    await page.getByRole('tab', { name: 'Write or paste' }).click()
    await editorIn(page).click()
    await page.keyboard.type('{ "name": "Sums", "cases": [{ "id": 3 }] }')
    const check = page.getByRole('region', { name: 'Check of the text' })
    await check
      .getByRole('button', { name: /Error line 1:\d+/ })
      .first()
      .waitFor()
    await page.locator('.cm-lintRange-error').first().waitFor()
    await check
      .getByRole('button', { name: /Error line 1:\d+/ })
      .first()
      .click()
    await expect.poll(() => editorIn(page).evaluate('document.activeElement.shadowRoot !== null')).toBe(true)
    // Over a selection, Chromium itself would set a style, which the policy of the page refuses aloud.
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.type('{ "na')
    await page.keyboard.press('Control+Space')
    await page.getByRole('option', { name: /^name/ }).click()
    await expect.poll(() => editorIn(page).textContent()).toContain('"name": ""')
    await page.context().close()
    expect(lab.faults).toEqual([])
  })

  it('goes from a pasted suite and a pasted answer to a verdict, over a reload in the middle', async () => {
    const page = await lab.open('/new')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('tab', { name: 'Write or paste' }).click()
    await paste(page, JSON.stringify(suite, undefined, 2), () => editorIn(page).click())
    await page.getByText('No problems found.').waitFor()
    await page.getByRole('radio', { name: /Answer of your own/ }).check()
    await page.getByRole('status').filter({ hasText: 'The answer of the model is missing.' }).waitFor()
    expect(await page.getByRole('button', { name: 'Start the run' }).isDisabled()).toBe(true)
    await paste(page, answer, () => page.getByRole('textbox', { name: 'Answer of the model' }).click())
    await page.getByText('More options').click()
    await page.getByRole('spinbutton', { name: 'Retries' }).fill('1')
    await page.getByRole('combobox', { name: 'Framework' }).selectOption('node')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByText('6 cases').first().waitFor()
    await page.getByRole('button', { name: 'Start the run' }).click()
    await page.waitForURL('**/runs/*')
    await verdictIn(page, 'running').waitFor()
    await page.getByRole('heading', { name: 'Running now' }).waitFor()
    await page
      .getByText(/SUM-00[456] is slow/)
      .first()
      .waitFor()
    await page.reload()
    await verdictIn(page, 'running').waitFor()
    await page.getByRole('heading', { name: 'Running now' }).waitFor()
    await verdictIn(page, 'failed').waitFor()
    expect(await page.getByRole('heading', { name: 'Running now' }).count()).toBe(0)
    const counters = page.getByRole('group', { name: 'Filter tests by verdict' })
    for (const name of ['6 tests', '1 failed', '1 flaky', '4 passed'])
      await counters.getByRole('button', { name }).waitFor()
    runPath = new URL(page.url()).pathname
    await page.context().close()
    expect(lab.faults).toEqual([])
  })

  it('shows attempts, differences and where the script comes from', async () => {
    const page = await lab.open(`${runPath}?verdict=flaky`)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('link', { name: /SUM-002/ }).click()
    await page.getByRole('tab', { name: 'Attempt 1 failed' }).waitFor()
    await page.getByText('only the first time').first().waitFor()
    await page.getByRole('tab', { name: 'Attempt 2 passed' }).click()
    expect(new URL(page.url()).searchParams.get('attempt')).toBe('2')
    await page.getByRole('link', { name: 'Next test' }).click()
    await page.getByRole('heading', { name: /SUM-003/ }).waitFor()
    const difference = page.getByRole('region', { name: 'expected / actual' })
    expect(await difference.locator('mark').allTextContents()).toEqual(['氣', '气'])
    await page.getByRole('button', { name: 'Copy prompt' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    const prompt = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(prompt).toContain('SUM-003 differs')
    expect(prompt).toContain('今天天氣很好')
    await page.goto(`${lab.url}${runPath}?tab=script`)
    await page.getByText("test('SUM-001 adds'").waitFor()
    await page.getByRole('heading', { name: 'Where it comes from' }).waitFor()
    await page.getByRole('tab', { name: 'Prompt and answer' }).click()
    await page.getByText('Here it is.').waitFor()
    await page.context().close()
  })

  it('hands out the bundle, and opens the report where it can reach nothing', async () => {
    const page = await lab.open(`${runPath}?tab=artifacts`)
    const waiting = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Bundle', exact: true }).click()
    const file = join(lab.folder, 'bundle.zip')
    await (await waiting).saveAs(file)
    const listed = await promisify(execFile)('python3', ['-m', 'zipfile', '--list', file])
    expect(listed.stdout).toContain('report.json')
    await promisify(execFile)('python3', ['-m', 'zipfile', '--test', file])
    const opening = page.waitForEvent('popup')
    await page.getByRole('link', { name: 'report.html', exact: true }).click()
    const report = await opening
    await report
      .getByText(/SUM-003/)
      .first()
      .waitFor()
    expect(await report.evaluate('origin')).toBe('null')
    expect(await report.evaluate('try { document.cookie } catch (error) { error.name }')).toBe('SecurityError')
    expect(
      await report.evaluate(
        `fetch('${lab.url}/v1/runs', { credentials: 'include' }).then((got) => got.status, (error) => error.name)`,
      ),
    ).toBe('TypeError')
    expect(await report.evaluate('opener')).toBe(null)
    await page.context().close()
    const others = lab.faults.splice(0).filter((fault) => !/Content Security Policy|violates/.test(fault))
    expect(others).toEqual([])
  })

  it('is started and looked at with keys alone', async () => {
    const page = await lab.open('/new')
    await page.getByRole('tab', { name: 'From a suite' }).waitFor()
    await tabTo(page, 'Skip to content')
    await page.keyboard.press('Enter')
    await tabTo(page, 'From a suite')
    await tabTo(page, 'From the folder')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('tab', { name: 'Write or paste', selected: true }).waitFor()
    await tabTo(page, 'Begin with an example')
    await page.keyboard.press('Enter')
    await page.getByText('No problems found.').waitFor()
    await tabTo(page, 'Start the run')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/runs/*')
    await verdictIn(page, 'passed').waitFor()
    await tabTo(page, /^Tests/)
    await page.keyboard.press('End')
    await page.getByRole('tab', { name: 'Timeline', selected: true }).waitFor()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await help.waitFor()
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'hidden' })
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toMatch(/^Artifacts/)
    await tabTo(page, 'report.html')
    const opening = page.waitForEvent('popup')
    await page.keyboard.press('Enter')
    const report = await opening
    await report.getByRole('heading', { level: 1 }).waitFor()
    await page.context().close()
    expect(lab.faults).toEqual([])
  })

  it('cancels, starts again, and goes on with what was broken off', async () => {
    const { id } = await lab.api.call('startExecution', {
      body: { request: { framework: 'node', tests: ['slow.test.mjs'], env: { WAIT: '20000' } } },
    })
    const page = await lab.open(`/runs/${id}`)
    await page.getByRole('heading', { name: 'Running now' }).waitFor()
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true })
    await cancel.click()
    const dialog = page.getByRole('dialog', { name: 'Cancel this run?' })
    await dialog.getByRole('button', { name: 'Let it go on' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Cancel')
    await cancel.click()
    await dialog.getByRole('button', { name: 'Cancel the run' }).click()
    await verdictIn(page, 'cancelled').waitFor()
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.waitForURL((url) => !url.pathname.endsWith(id))
    await page.getByRole('heading', { name: 'Running now' }).waitFor()
    await lab.api.call('cancelRun', { params: { id: new URL(page.url()).pathname.split('/').at(-1) ?? '' } })
    await verdictIn(page, 'cancelled').waitFor()

    await writeFile(
      join(lab.folder, 'request.json'),
      JSON.stringify({ framework: 'node', tests: ['slow.test.mjs'], sandbox: 'off' }),
    )
    const ours = startCli(['run', 'request.json', '--run-id', 'ours'], {
      cwd: lab.folder,
      env: { GREENLOOP_STORE: join(lab.folder, 'store.db') },
    })
    await vi.waitUntil(
      () =>
        lab.api.call('getRun', { params: { id: 'ours' } }).then(
          ({ progress }) => progress?.done === 1,
          () => false,
        ),
      { timeout: 30_000 },
    )
    await page.goto(`${lab.url}/runs/ours`)
    await verdictIn(page, 'running').waitFor()
    ours.kill('SIGKILL')
    await ours.ended
    await page.getByRole('button', { name: 'Resume' }).click()
    await verdictIn(page, 'passed').waitFor()
    await page
      .getByRole('group', { name: 'Filter tests by verdict' })
      .getByRole('button', { name: '3 passed' })
      .waitFor()
    await page.context().close()
    expect(lab.faults).toEqual([])
  })
})

/** Puts a text in through the clipboard, as people do. */
async function paste(page: Page, text: string, focus: () => Promise<void>): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await focus()
  await page.keyboard.press('Control+v')
}

/** Presses Tab until something of this name has the focus; whatever has it on the way has to show it. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = []
  while (passed.length < 40) {
    await page.keyboard.press('Tab')
    const look = () => page.evaluate<{ name: string; isSeen: boolean }>(focusedElement)
    const focused = await look()
    // The editor learns of it a moment later.
    await expect.poll(async () => (await look()).isSeen, { message: `no focus is seen on ${focused.name}` }).toBe(true)
    if (typeof name === 'string' ? focused.name === name : name.test(focused.name)) return
    passed.push(focused.name)
  }
  throw new Error(`Tab does not lead to ${String(name)}, but to ${passed.join(', ')}`)
}

const focusedElement = `(() => {
  let at = document.activeElement
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  const ring = (each) => getComputedStyle(each).outlineStyle !== 'none'
  const name = (at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent).trim()
  return { name, isSeen: at === document.body || ring(at) || ring(at.parentElement) || at.closest('.cm-focused') !== null }
})()`
