import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ServiceContext } from '../app/service-context.ts'
import { openRunStore } from '../app/store.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Env } from './http-desk.ts'
import { openLog } from './observe-log.ts'
import { openMetrics } from './observe-metrics.ts'
import type { Metrics } from './observe-metrics.ts'
import { observeRoutes } from './observe-routes.ts'
import { problemResponse } from './problem.ts'

let root: string
let store: RunStore
let service: ServiceContext
let metrics: Metrics
let changed: (run: StoredRun) => void

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-observe-'))
  const storeAt = join(root, 'greenloop.db')
  store = await openRunStore(storeAt)
  const runs = {
    load: () => ({ queued: 2, running: 1, slots: 4 }),
    isDraining: () => false,
    onChange: (listener: (run: StoredRun) => void) => {
      changed = listener
      return () => {}
    },
  }
  service = { store, storeAt, root, artifacts: join(root, 'artifacts'), runs } as unknown as ServiceContext
  metrics = openMetrics(service, () => 7)
})

afterEach(async () => {
  metrics.close()
  await store.close().catch(() => {})
  await rm(root, { recursive: true })
})

function probes(options: { isDraining?: boolean; reserveBytes?: number; isMetricsOpen?: boolean } = {}) {
  const app = new Hono<Env>()
  const { isDraining = false, isMetricsOpen = true, reserveBytes = 0 } = options
  const admit = () => Promise.reject(new GreenloopError('token_missing', 'the server wants a token'))
  observeRoutes({ service, metrics, isDraining: () => isDraining, isMetricsOpen, reserveBytes })(app, admit)
  app.onError((error) => problemResponse(error, 'r'))
  return async (path: string) => {
    const response = await app.request(path)
    return { status: response.status, text: await response.text() }
  }
}

test('a server is ready while its store takes writes and its disk has room', async () => {
  expect(await probes()('/healthz')).toMatchObject({ status: 200 })
  expect(await probes()('/readyz')).toMatchObject({ status: 200 })
  expect(await probes({ isDraining: true })('/readyz')).toMatchObject({ status: 503, text: /being ended/ })
  const full = await probes({ reserveBytes: Number.MAX_SAFE_INTEGER })('/readyz')
  expect(full).toMatchObject({ status: 503, text: /MiB are free/ })
  await store.close()
  expect(await probes()('/readyz')).toMatchObject({ status: 503 })
  expect(await probes()('/healthz')).toMatchObject({ status: 200 })
})

test('figures tell of queue, runs, models, requests and streams, and of no run by its name', async () => {
  await store.create({ id: 'secret-run', kind: 'generate', title: 'x', input: {} })
  const run = await store.claim('secret-run', { host: 'elsewhere', pid: 1, token: 't' }, 60_000)
  const journal = store.journal('secret-run', run?.epoch ?? 0)
  const call = {
    provider: 'http',
    model: 'm',
    outcome: 'answered',
    usage: { inputTokens: 12, outputTokens: 5 },
    durationMs: 900,
  }
  await journal.append({ kind: 'event', event: { at: 1, kind: 'generated', data: { calls: [call] } } })
  await journal.flush()
  await store.end('secret-run', { state: 'finished', verdict: 'passed' }, run?.epoch)
  const ended = await store.find('secret-run')
  if (ended !== undefined) for (let twice = 0; twice < 2; twice++) changed(ended)
  const line = { requestId: 'q', method: 'GET', path: '/v1/runs', status: 200, ms: 3, caller: 'ci' }
  metrics.request({ ...line, operation: 'listRuns' })
  await expect
    .poll(async () => (await metrics.text()).body)
    .toContain('greenloop_llm_tokens_total{provider="http",direction="input"} 12')
  const { body } = await metrics.text()
  for (const expected of [
    'greenloop_queue_runs 2',
    'greenloop_stream_clients 7',
    'greenloop_runs_total{kind="generate",state="finished",verdict="passed"} 1',
    'greenloop_http_requests_total{operation="listRuns",status="200"} 1',
    'greenloop_llm_calls_total{provider="http",outcome="answered",error="none"} 1',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    expect(body).toContain(expected)
  }
  expect(body).toMatch(/greenloop_disk_free_bytes \d+/)
  expect(body).toMatch(/greenloop_store_bytes [1-9]/)
  expect(body).not.toContain('secret-run')
  expect(await probes()('/metrics')).toMatchObject({ status: 200, text: /greenloop_queue_runs/ })
  expect(await probes({ isMetricsOpen: false })('/metrics')).toMatchObject({ status: 401 })
})

test('the log is a line of JSON for each request, without secrets', () => {
  const lines: string[] = []
  const log = openLog({ level: 'info', secrets: ['hunter22hunter'], write: (line) => lines.push(line) })
  const line = { requestId: 'q', method: 'GET', path: '/v1/runs', status: 200, ms: 3.0712, caller: 'ci' }
  log.request({ ...line, operation: 'listRuns' })
  log.request({ ...line, operation: undefined, path: '/healthz' })
  log.request({ ...line, operation: undefined, status: 404, path: '/glpat-abcdefgh12345678' })
  log.failure(new Error('it was hunter22hunter'), 'q')
  log.step('listening')
  log.close()
  const told = lines.map((each) => JSON.parse(each) as Readonly<Record<string, unknown>>)
  expect(told).toMatchObject([
    { level: 'info', operation: 'listRuns', status: 200, ms: 3.1, caller: 'ci', requestId: 'q' },
    { level: 'warn', status: 404 },
    { level: 'error', message: 'failed', requestId: 'q' },
    { level: 'info', message: 'listening' },
  ])
  expect(lines.join('')).not.toMatch(/glpat-abc|hunter22/)
})
