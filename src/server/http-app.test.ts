import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServiceLab } from '../../tests/support/service-lab.ts'
import type { ServiceLab } from '../../tests/support/service-lab.ts'

const order = { suite: {}, model: { mode: 'offline' } }

let folder: string
let lab: ServiceLab
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-page-'))
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), `<!doctype html><title>page</title>${' '.repeat(2000)}`)
  await writeFile(join(folder, 'assets', 'app-1234.js'), `console.log(1)${' '.repeat(2000)}`)
  await writeFile(join(folder, 'secret.key'), 'not of the page')
  lab = await openServiceLab({ pageFolder: folder }, { isUnchecked: true })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const start = (json: unknown, headers: Record<string, string> = {}) =>
  lab.ask('POST', '/v1/generate', { json, headers })
const runs = async (): Promise<{ id: string }[]> =>
  ((await (await lab.ask('GET', '/v1/runs?limit=200')).json()) as { items: { id: string }[] }).items

describe('an Idempotency-Key', () => {
  it('carries a start out once, also when it comes twice at the same time', async () => {
    const before = (await runs()).length
    const headers = { 'Idempotency-Key': 'one' }
    const both = await Promise.all([start(order, headers), start(order, headers)])
    const again = await start(order, headers)
    expect(again.status).toBe(202)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    const first = both.find(({ status }) => status === 202)
    expect(await again.json()).toEqual(await first?.json())
    expect(again.headers.get('location')).toBe(first?.headers.get('location'))
    for (const { status } of both) expect([202, 409]).toContain(status)
    expect(await runs()).toHaveLength(before + 1)
  })

  it('stands for one body and one caller', async () => {
    const headers = { 'Idempotency-Key': 'two' }
    const { id } = (await (await start(order, headers)).json()) as { id: string }
    const other = await start({ ...order, framework: 'vitest' }, headers)
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ name: 'idempotency_conflict' })
    const token = await lab.tokenOf('run')
    const stranger = await lab.ask('POST', '/v1/generate', { json: order, headers, token })
    expect(((await stranger.json()) as { id: string }).id).not.toBe(id)
  })

  it('is free again after a refusal', async () => {
    const headers = { 'Idempotency-Key': 'three' }
    expect((await start({ ...order, runId: 'three' })).status).toBe(202)
    expect((await start({ ...order, runId: 'three', framework: 'node' }, headers)).status).toBe(409)
    expect((await start(order, headers)).status).toBe(202)
  })

  it('keeps no token in the clear', async () => {
    const made = () =>
      lab.ask('POST', '/v1/tokens', { json: { name: 'kept', scope: 'read' }, headers: { 'Idempotency-Key': 'four' } })
    const first = (await (await made()).json()) as { token: string }
    expect(await (await made()).json()).toEqual(first)
    const kept = await lab.service.store.documents.list('idempotency', { limit: 100 })
    expect(kept.length).toBeGreaterThan(0)
    expect(JSON.stringify(kept)).not.toContain(first.token)
  })

  it('has at most 255 visible characters', async () => {
    for (const key of ['x'.repeat(256), 'a b'])
      expect((await start(order, { 'Idempotency-Key': key })).status).toBe(400)
  })
})

describe('a start', () => {
  it('waits as long as it is told to, and no longer than the run', async () => {
    const began = performance.now()
    const waited = await start(order, { Prefer: 'respond-async, wait=1' })
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(waited.headers.get('preference-applied')).toBe('wait=1')
    expect(await waited.json()).toMatchObject({ status: 'queued' })

    const id = 'waited-for'
    const ended = start({ ...order, runId: id }, { Prefer: 'wait=20' })
    while ((await lab.service.store.find(id)) === undefined) await new Promise(setImmediate)
    await lab.ask('POST', `/v1/runs/${id}/cancel`)
    expect(await (await ended).json()).toMatchObject({ id, status: 'cancelled' })
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})

describe('answers', () => {
  it('link to the next page', async () => {
    for (const runId of ['page-a', 'page-b', 'page-c']) await start({ ...order, runId })
    const first = await lab.ask('GET', '/v1/runs?limit=2&kind=generate')
    const next = /^<(\/v1\/runs\?.+)>; rel="next"$/u.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect(new URLSearchParams(next.split('?')[1]).get('kind')).toBe('generate')
    const ids = async (response: Response) =>
      ((await response.json()) as { items: { id: string }[] }).items.map(({ id }) => id)
    expect(await ids(await lab.ask('GET', next))).not.toEqual(await ids(first))
  })

  it('have a head', async () => {
    const head = await lab.ask('HEAD', '/v1/runs')
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json'])
    const stream = await lab.ask('HEAD', '/v1/events')
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  })

  it('name what a path takes instead, or that there is nothing', async () => {
    const other = await lab.ask('DELETE', '/v1/runs')
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(await (await lab.ask('GET', '/v1/nothing')).json()).toMatchObject({ status: 404, name: 'entry_unknown' })
  })

  it('point at what is wrong', async () => {
    const response = await start({ suiteID: 'x', model: { mode: 'http', modle: 'x' }, tags: [1] })
    const { errors, requestId } = (await response.json()) as { errors: { pointer: string }[]; requestId: string }
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/model/modle', '/suiteID', '/tags/0'])
    expect(requestId).toBe(response.headers.get('x-request-id'))
    const query = await lab.ask('GET', '/v1/runs?limit=0')
    expect(await query.json()).toMatchObject({ status: 400, errors: [{ pointer: '/query/limit' }] })
  })
})

describe('the book of changes', () => {
  it('has who did what to which, done and refused, and nothing of mere looks', async () => {
    const token = await lab.tokenOf('read')
    await lab.ask('DELETE', '/v1/secrets/absent', { token })
    await lab.ask('PUT', '/v1/secrets/present', { json: { value: 'hidden-value' } })
    await lab.ask('POST', '/v1/suites/check', { json: { text: '{}' } })
    const text = await (await lab.ask('GET', '/v1/audit')).text()
    const { items } = JSON.parse(text) as { items: Record<string, string>[] }
    expect(items[0]).toMatchObject({ who: 'server', action: 'writeSecret', target: 'present', outcome: 'done' })
    expect(items[1]).toMatchObject({ action: 'deleteSecret', target: 'absent', outcome: 'refused' })
    expect(
      items.find((each) => each['action'] === 'startGeneration' && each['outcome'] === 'done')?.['target'],
    ).not.toBe('')
    expect(text).not.toContain('hidden-value')
    expect(items.some(({ action }) => action === 'checkSuite' || action === 'listRuns')).toBe(false)
  })
})

it('lets each caller ask so often and no more', async () => {
  await using own = await openServiceLab({ rate: { perSecond: 2, burst: 5 } })
  const token = await own.tokenOf('read')
  const answers = await Promise.all(Array.from({ length: 8 }, () => own.ask('GET', '/v1/runs', { token })))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(2)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  expect(answers[0]?.headers.get('ratelimit-limit')).toBe('5')
  expect((await own.ask('GET', '/v1/runs')).status).toBe(200)
})

describe('the page', () => {
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${lab.url}${path}`, { headers })

  it('comes for every path of its own, and its files for ever', async () => {
    for (const path of ['/', '/runs/20261121_050203_1f9a', '/runs/with.dots', '/settings']) {
      const page = await get(path)
      expect([path, page.status, page.headers.get('cache-control')]).toEqual([path, 200, 'no-cache'])
      expect(await page.text()).toContain('<title>page</title>')
    }
    const file = await get('/assets/app-1234.js', { 'Accept-Encoding': 'gzip;q=0.5, br' })
    expect(file.headers.get('content-encoding')).toBe('br')
    expect(file.headers.get('cache-control')).toContain('immutable')
    expect(await file.text()).toContain('console.log(1)')
    const known = await get('/assets/app-1234.js', { 'If-None-Match': file.headers.get('etag') ?? '' })
    expect(known.status).toBe(304)
    expect(
      (await get('/assets/app-1234.js', { 'Accept-Encoding': 'br;q=0' })).headers.get('content-encoding'),
    ).toBeNull()
  })

  it('is no way to other files', async () => {
    const paths = ['/secret.key', '/assets/missing.js', '/assets/..%2fsecret.key', '/..%2f..%2fetc%2fpasswd', '/%00']
    for (const path of paths) {
      const text = await (await get(path)).text()
      expect(text, path).not.toMatch(/not of the page|root:/u)
    }
    expect((await get('/secret.key')).status).toBe(404)
    expect((await get('/v1/anything')).status).toBe(404)
    expect((await fetch(lab.url, { method: 'POST' })).status).toBe(404)
  })
})

it('closes in time though somebody follows events, and though somebody holds a request', async () => {
  const own = await openServiceLab()
  const stream = await own.ask('GET', '/v1/events')
  const began = performance.now()
  const over = stream.text().catch(() => 'cut')
  await own[Symbol.asyncDispose]()
  expect(performance.now() - began).toBeLessThan(3000)
  await over
})

it('met nothing that it did not expect', () => {
  expect(lab.failures).toEqual([])
})
