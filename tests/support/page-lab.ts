import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import type { BrowserContext, Page } from 'playwright-core'
import { createApiClient } from '../../src/client/api-client.ts'
import type { ApiClient } from '../../src/client/api-client.ts'
import { followRun } from '../../src/client/follow.ts'
import { startDevModel } from '../../src/llm/dev-model.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { root, startCli } from '../e2e/cli.ts'
import type { Started } from '../e2e/cli.ts'
import { labEnv } from './repair-lab.ts'

const executablePath = '/usr/bin/chromium'

/** Whether there is a browser to test the page in. */
export const hasBrowser = existsSync(executablePath)
if (!hasBrowser) console.log(`skipped: the page is tested in ${executablePath} (apt-get install chromium)`)

/** How a page is opened. */
interface PageOptions {
  /** Nobody is signed in. */
  readonly isNew?: boolean
  readonly locale?: string
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
}

/** A served folder, and a browser that is signed in. */
export interface PageLab {
  readonly folder: string
  readonly url: string
  readonly api: ApiClient
  /** What browsers complained of: errors of the page and its console, and requests to other hosts. */
  readonly faults: string[]
  /** A page in a context of its own; it is closed with the lab, or by itself. */
  open(path: string, options?: PageOptions): Promise<Page>
  /** Waits until a run is over. */
  ended(id: string): Promise<void>
  /** What breaks WCAG 2.2 AA or runs over the right edge; of an inspected page only what theme and width may change. */
  flaws(page: Page, isInspected?: boolean): Promise<readonly string[]>
  [Symbol.asyncDispose](): Promise<void>
}

/** Environment of the server beside what every command gets. */
interface LabOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Fills the served folder. */
  readonly fill?: (folder: string) => Promise<void>
}

interface Ready {
  readonly url: string
  readonly link: string
  readonly tokenFile: string
}

/** Serves a folder, and signs a browser in by the link that the server prints. */
export async function openPageLab({ env = {}, fill }: LabOptions = {}): Promise<PageLab> {
  await buildPage()
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-page-'))
  await fill?.(folder)
  const [server, ready] = await startServer(folder, env)
  const token = (await readFile(ready.tokenFile, 'utf8')).trim()
  const api = createApiClient({ baseUrl: ready.url, token })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  const faults: string[] = []
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const { url } = ready
  const context = async (options: PageOptions, state?: State): Promise<BrowserContext> => {
    const { locale = 'en', colorScheme = 'light', width = 1400 } = options
    const viewport = { width, height: 900 }
    const made = await browser.newContext({ locale, colorScheme, viewport, ...(state ? { storageState: state } : {}) })
    made.setDefaultTimeout(25_000)
    watch(made, url, faults)
    return made
  }
  const signIn = await (await context({})).newPage()
  await signIn.goto(ready.link)
  await signIn.getByRole('heading', { name: 'Runs', level: 1 }).waitFor()
  const state = await signIn.context().storageState()
  await signIn.context().close()
  return {
    folder,
    url,
    api,
    faults,
    open: async (path, options = {}) => {
      const page = await (await context(options, options.isNew === true ? undefined : state)).newPage()
      await page.goto(`${url}${path}`)
      return page
    },
    ended: async (id) => {
      const events = followRun(api, id, { signal: AbortSignal.timeout(120_000) })
      while ((await events.next()).done !== true);
    },
    flaws: (page, isInspected = false) => flawsOf(page, axe, isInspected),
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      server.kill('SIGINT')
      await server.ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type State = Awaited<ReturnType<BrowserContext['storageState']>>

async function startServer(cwd: string, env: Readonly<Record<string, string>>) {
  const args = ['serve', '--port', '0', '--json', '--unsafe-no-sandbox', '--drain', '1', '--slots', '2']
  const own = { PATH: labEnv.PATH, GREENLOOP_STORE: join(cwd, 'store.db'), EXAMPLE_PORT: String(await freePort()) }
  const server = startCli(args, { cwd, env: { ...own, ...env } })
  return [server, await printed<Ready>(server, /^\{.*\}$/m)] as const
}

/** For the workflows of the example of experiments. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The first JSON document on a line that a command prints, while it goes on. */
async function printed<T>(command: Started, pattern: RegExp): Promise<T> {
  for (let look = 0; look < 600; look++) {
    const [line] = pattern.exec(command.stdout()) ?? []
    if (line !== undefined) return JSON.parse(line) as T
    await pause(50)
  }
  throw new Error(`nothing was printed: ${command.stderr()}`)
}

function watch(context: BrowserContext, url: string, faults: string[]): void {
  context.on('weberror', (error) => faults.push(error.error().message))
  context.on('console', (message) => {
    const { url: at, lineNumber, columnNumber } = message.location()
    if (message.type() === 'error') faults.push(`${message.text()} (${at}:${lineNumber}:${columnNumber})`)
  })
  context.on('request', (request) => {
    const asked = request.url()
    if (!asked.startsWith(`${url}/`) && !/^(?:data|blob|about):/.test(asked)) faults.push(`a request to ${asked}`)
  })
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const rulesOfLook = ['color-contrast', 'target-size', 'scrollable-region-focusable', 'link-in-text-block']

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

async function flawsOf(page: Page, axe: string, isInspected: boolean): Promise<readonly string[]> {
  // Colours that are still on their way would be measured in between.
  await page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})))')
  if (await page.evaluate('window.axe === undefined')) await page.evaluate(axe)
  const runOnly = JSON.stringify(isInspected ? rulesOfLook : rules)
  const { violations } = await page.evaluate<AxeResult>(`axe.run({ runOnly: ${runOnly}, resultTypes: ['violations'] })`)
  const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  return [
    ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' and ')}`),
    ...(over > 0 ? [`it is ${over} px too wide`] : []),
  ]
}

const page = join(root, 'dist', 'web', 'index.html')

/** Builds the page where its sources have changed; files of tests that run side by side build it once. */
async function buildPage(): Promise<void> {
  const lock = join(root, 'dist', '.page-tests')
  await mkdir(join(root, 'dist'), { recursive: true })
  for (let look = 0; !(await taken(lock)); look++) {
    if (look > 600) throw new Error(`${lock} is left over from another test: remove it`)
    await pause(100)
  }
  try {
    if ((await newest(['web', 'src/client', 'src/domain'])) < (await changedAt(page))) return
    await promisify(execFile)(process.execPath, [join(root, 'scripts', 'build-web.mjs')])
  } finally {
    await rmdir(lock)
  }
}

async function taken(lock: string): Promise<boolean> {
  const isNew = await mkdir(lock).then(
    () => true,
    () => false,
  )
  if (!isNew && Date.now() - (await changedAt(lock)) > 60_000) await rmdir(lock).catch(() => {})
  return isNew
}

async function newest(folders: readonly string[]): Promise<number> {
  const lists = folders.map(async (folder) =>
    (await readdir(join(root, folder), { recursive: true })).map((name) => join(root, folder, name)),
  )
  const files = (await Promise.all(lists)).flat().concat(join(root, 'package-lock.json'))
  return Math.max(...(await Promise.all(files.map(changedAt))))
}

async function changedAt(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs
}

/** A GitLab with the project `demo/basket`, whose pipeline is red, and `demo/gated`, whose pipeline waits for a person. */
export interface PageForge {
  /** Environment in which a server finds it. */
  readonly env: Readonly<Record<string, string>>
  /** Puts the configurations `repair.yaml` and `gated.yaml` into a served folder. */
  fill(folder: string): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts it, with a model that first takes a test away, and then mends the fault. */
export async function openPageForge(): Promise<PageForge> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-page-forge-'))
  const example = join(root, 'examples', 'repair')
  for (const name of ['basket', 'gated']) {
    await cp(join(example, 'projects', 'basket'), join(folder, 'projects', name), { recursive: true })
  }
  const pipeline = join(folder, 'projects', 'gated', '1-first-version', '.gitlab-ci.yml')
  const gate = 'approve:\n  stage: check\n  script: ["true"]\n  when: manual\n  allow_failure: false\n'
  await writeFile(pipeline, `${await readFile(pipeline, 'utf8')}\n${gate}`)
  const { replies } = JSON.parse(await readFile(join(example, 'replies.json'), 'utf8')) as { replies: unknown[] }
  const script = join(folder, 'replies.json')
  await writeFile(script, JSON.stringify({ replies: [{ text: cheat }, ...replies], repeat: true }))
  const model = await startDevModel({ script, clock: systemClock })
  const args = ['dev', 'gitlab', '--port', '0', '--folder', 'gitlab', '--projects', 'projects']
  const host = startCli(args, { cwd: folder, env: { PATH: labEnv.PATH } })
  const told = await printed<{ url: string; token: string }>(host, /\{"url".*\}/)
  const configOf = (project: string) => `project: { path: demo/${project}, ref: main }
paths: { git_work_dir: .greenloop/git }
services: { gitlab_url: "${told.url}", llm_url: "${model.url}", llm_model: scripted }
authentication: { gitlab_private_token: "\${GITLAB_TOKEN}" }
retry_config: { retry_interval_time: 0.2, retry_max_time: 4, debug_max_time: 3, total_timeout: 300 }
polling: { first_seconds: 0.1, longest_seconds: 0.25, appear_seconds: 5 }
`
  return {
    env: { GITLAB_TOKEN: told.token },
    fill: async (served) => {
      await writeFile(join(served, 'repair.yaml'), configOf('basket'))
      await writeFile(join(served, 'gated.yaml'), configOf('gated'))
    },
    [Symbol.asyncDispose]: async () => {
      await model.close()
      host.kill('SIGTERM')
      await host.ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const cheat = `The test asks for too much, so I take the case away.

test/discount.test.js
<<<<<<< SEARCH
    assert.equal(discounted(999, 15), 849)
=======
>>>>>>> REPLACE
`
