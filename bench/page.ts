/**
 * The page of a run with 10,000 tests, in Chromium on this machine with a session: first paint, the verdict with the first rows, the
 * longest task of the main thread, bytes over the wire, and what the server takes for its answers; then the size of the page's files.
 * Run: npm run bench:page [tests]
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import type { BrowserContext } from 'playwright-core'
import { pageFolder } from '../src/app/page-build.ts'
import { openService } from '../src/app/service.ts'
import { startHttp } from '../src/server/http-server.ts'
import { median } from './side-by-side.ts'
import { putRun } from './stored-tests.ts'

const rounds = 5
const mostMs = 1000
const mostKb = 200
const executablePath = '/usr/bin/chromium'
const tests = Number(process.argv[2] ?? 10_000)

interface Seen {
  readonly firstPaint: number
  /** Verdict and first rows. */
  readonly told: number
  readonly longestTask: number
  /** Processor time of the main thread, in all. */
  readonly busy: number
  readonly bytes: number
}

/** Runs in the page: notes when the verdict and a row of a test are there, and how long the longest task was. */
const watch = `
  globalThis.longestTask = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTask = Math.max(longestTask, duration)
  }).observe({ type: 'longtask', buffered: true })
  const wanted = ['h1', '.verdict-word', 'table.tests tbody tr']
  new MutationObserver((_changes, observer) => {
    if (wanted.some((selector) => document.querySelector(selector) === null)) return
    observer.disconnect()
    // What is in the document now is painted with the next frame.
    requestAnimationFrame(() => requestAnimationFrame(() => (globalThis.told = performance.now())))
  }).observe(document, { childList: true, subtree: true })
`

const folder = await mkdtemp(join(tmpdir(), 'greenloop-bench-'))
const stop = new AbortController()
try {
  await main()
} finally {
  await rm(folder, { recursive: true })
}

async function main(): Promise<void> {
  if (!existsSync(executablePath)) {
    console.log(`skipped: ${executablePath} is not there`)
    return
  }
  await mkdir(join(folder, '.git'))
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
  const service = await openService({ slots: 0 }, { cwd: folder, env, signal: stop.signal })
  const built = await pageFolder({ env: process.env, signal: stop.signal, onStep: console.log })
  const rate = { perSecond: 1e6, burst: 1e6 }
  const server = await startHttp(service, { port: 0, version: 'bench', pageFolder: built, rate })
  try {
    await putRun(service, { id: 'large', tests, failed: 10, flaky: 5 })
    const { token } = await server.access.createToken({ name: 'bench', scope: 'read' })
    await answers(server.url, token)
    await look(server.url, await server.access.createCode())
  } finally {
    await server.close(0)
    await service.close(0)
  }
  if (built !== undefined) await sizes(built)
}

/** Milliseconds of the server's answers, the first of each and the median of those behind it. */
async function answers(url: string, token: string): Promise<void> {
  for (const [name, path] of [
    ['getRun', ''],
    ['listTasks', '/tasks?limit=50'],
    ['listTasks, failed', '/tasks?limit=50&verdict=failed'],
    ['listTasks, search', '/tasks?limit=50&search=number_9999'],
  ] as const) {
    const times: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const begin = performance.now()
      const response = await fetch(`${url}/v1/runs/large${path}`, { headers: { Authorization: `Bearer ${token}` } })
      if (!response.ok) throw new Error(await response.text())
      await response.arrayBuffer()
      times.push(performance.now() - begin)
    }
    const [first = Number.NaN, ...later] = times
    console.log(`${name.padEnd(18)} ${first.toFixed(1)} ms, then ${median(later).toFixed(1)} ms`)
  }
}

async function look(url: string, code: string): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const context = await browser.newContext()
    const login = await context.newPage()
    await login.goto(`${url}/#code=${code}`)
    await login.getByRole('navigation').first().waitFor()
    await login.waitForURL((at) => !at.pathname.startsWith('/login') && at.hash === '')
    await login.close()
    const cookies = await context.cookies()
    for (const kind of ['with an empty cache', 'once more'] as const) {
      const seen: Seen[] = []
      for (let round = 0; round <= rounds; round++) {
        const fresh = await browser.newContext()
        await fresh.addCookies(cookies)
        const first = await lookOnce(fresh, url)
        const one = kind === 'once more' ? await lookOnce(fresh, url) : first
        // The browser itself is not warm the first time.
        if (round > 0) seen.push(one)
        await fresh.close()
      }
      tell(kind, seen)
    }
  } finally {
    await browser.close()
  }
}

async function lookOnce(context: BrowserContext, url: string): Promise<Seen> {
  const page = await context.newPage()
  const protocol = await context.newCDPSession(page)
  await protocol.send('Network.enable')
  await protocol.send('Performance.enable', { timeDomain: 'threadTicks' })
  let bytes = 0
  protocol.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await page.addInitScript({ content: watch })
  await page.goto(`${url}/runs/large`, { waitUntil: 'commit' })
  await page.waitForFunction(() => 'told' in globalThis, undefined, { polling: 'raf' })
  const found = await page.evaluate(() => {
    const { told, longestTask } = globalThis as unknown as { told: number; longestTask: number }
    return { told, longestTask, firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0 }
  })
  const { metrics } = await protocol.send('Performance.getMetrics')
  const busy = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000
  await page.close()
  return { ...found, busy, bytes }
}

function tell(kind: string, seen: readonly Seen[]): void {
  const of = (key: keyof Seen): number => median(seen.map((one) => one[key]))
  const told = of('told')
  if (told > mostMs) process.exitCode = 1
  console.log(
    `${tests} tests, ${kind}: first paint ${of('firstPaint').toFixed(0)} ms, verdict and rows ${told.toFixed(0)} ms (limit ${mostMs}), ` +
      `longest task ${of('longestTask').toFixed(0)} ms, ${of('busy').toFixed(0)} ms of processor time in the main thread, ${(of('bytes') / 1000).toFixed(0)} kB`,
  )
}

/** What a browser loads before it shows the first page, after gzip. */
async function sizes(built: string): Promise<void> {
  const html = await readFile(join(built, 'index.html'), 'utf8')
  const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/gu)].map(([, name = '']) => name)
  const size = async (name: string): Promise<number> => gzipSync(await readFile(join(built, name))).length / 1024
  const core = (await Promise.all(first.map(size))).reduce((sum, one) => sum + one, 0)
  const all = await readdir(join(built, 'assets'))
  const named = await Promise.all(all.map(async (name) => ({ name, kib: await size(join('assets', name)) })))
  const largest = named.toSorted((a, b) => b.kib - a.kib).slice(0, 6)
  if (core > mostKb) process.exitCode = 1
  console.log(`files that every page loads: ${core.toFixed(1)} KiB after gzip (limit ${mostKb} with page and language)`)
  console.log(`largest: ${largest.map(({ name, kib }) => `${name} ${kib.toFixed(1)}`).join(', ')}`)
}
