import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemSchema } from '../domain/api-admin.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { diagnose } from './doctor.ts'
import type { ServiceContext } from './service-context.ts'
import { openRunStore } from './store.ts'
import { openSystem } from './system.ts'

let root = ''
let store: RunStore
const stop = new AbortController()
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-system-'))
  await mkdir(join(root, '.git'))
  store = await openRunStore(join(root, 'greenloop.db'))
})
afterEach(async () => {
  stop.abort()
  await store.close()
  await rm(root, { recursive: true, force: true })
})

it('answers at once, and has the checks as soon as they are there', { timeout: 60_000 }, async () => {
  const never = (): never => {
    throw new Error('not asked for')
  }
  const runs = { start: never, cancel: never, retry: never, resume: never, onChange: never }
  const load = () => ({ queued: 2, running: 1, slots: 2 })
  const env = { PATH: process.env['PATH'], LLM_BASE_URL: 'http://user:canary@127.0.0.1:1/v1' }
  const service: ServiceContext = {
    store,
    storeAt: join(root, 'greenloop.db'),
    root,
    artifacts: join(root, 'artifacts', 'not', 'there', 'yet'),
    key: Buffer.alloc(32),
    where: { cwd: root, env, signal: stop.signal },
    runs: { ...runs, load, isDraining: () => false },
  }
  await store.create({ id: 'r1', kind: 'execute', title: 'waits', input: {} })
  const system = openSystem(service, { version: '1.2.3', streams: () => 7 })
  const first = systemSchema.parse(await system.view())
  expect(first).toMatchObject({
    version: '1.2.3',
    checks: [{ name: 'checks', detail: 'being checked' }],
    queue: { queued: 2, running: 1, slots: 2, oldestQueuedSeconds: 0 },
    store: { kind: 'embedded' },
    streams: 7,
  })
  expect(first.disk.freeBytes).toBeGreaterThan(0)
  expect(first.store.bytes).toBeGreaterThan(0)
  await expect
    .poll(async () => (await system.view()).checks.map(({ name }) => name), { timeout: 50_000, interval: 200 })
    .toEqual(expect.arrayContaining(['runtime', 'sandbox', 'artifacts', 'model']))
  const { checks, loopDelayMs } = await system.view()
  expect(checks.find(({ name }) => name === 'model')).toMatchObject({ status: 'fail' })
  expect(JSON.stringify(checks)).not.toContain('canary')
  expect(loopDelayMs.p50).toBeLessThan(500)
  system.close()
})

it('does not ask a model again that is known to answer', async () => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.writeHead(500).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const env = { PATH: process.env['PATH'], GREENLOOP_MODE: 'http', LLM_BASE_URL: `http://127.0.0.1:${port}/v1` }
    const where = { cwd: root, env, signal: new AbortController().signal }
    const known = { name: 'model', status: 'ok', detail: 'answered a moment ago' } as const
    expect((await diagnose(where, known)).at(-1)).toBe(known)
    expect(asked).toBe(0)
    expect((await diagnose(where)).at(-1)).toMatchObject({ name: 'model', status: 'fail' })
    expect(asked).toBeGreaterThan(0)
  } finally {
    server.close()
  }
})
