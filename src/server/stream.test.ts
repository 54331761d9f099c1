import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApiClient } from '../client/api-client.ts'
import { followRun, followRuns } from '../client/follow.ts'
import type { ApiRunEvent } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Journal, RunStore, StoredRun } from '../domain/stored-run.ts'
import { now, systemClock } from '../lib/clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { eventHandlers } from './handle-events.ts'
import type { Call } from './handler.ts'
import { createStreamHub } from './stream-hub.ts'
import type { StreamHub } from './stream-hub.ts'

let folder: string
let store: RunStore
let hub: StreamHub
let server: Server
let base: string
let changed: (run: StoredRun) => void
const answers: ServerResponse[] = []
const never = new AbortController().signal

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streams-'))
  store = await openStore()
  const runs = {
    onChange: (listener: (run: StoredRun) => void) => {
      changed = listener
      return () => {}
    },
  }
  hub = createStreamHub({ store, runs: runs as never }, { pollMs: 20, pollAllMs: 30, heartbeatMs: 50 })
  const handlers = eventHandlers({ store }, hub)
  server = createServer((request, outgoing) => {
    answers.push(outgoing)
    void answer(handlers, request, outgoing)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  hub.close()
  server.closeAllConnections()
  server.close()
  await store.close()
  await rm(folder, { recursive: true })
})

function openStore(): Promise<RunStore> {
  return openSqliteStore({ path: join(folder, 'store.db'), clock: systemClock, ballastBytes: 0 })
}

/** As little of a server as the handlers need. */
async function answer(handlers: ReturnType<typeof eventHandlers>, request: IncomingMessage, outgoing: ServerResponse) {
  const url = new URL(request.url ?? '/', base)
  const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const call = { request: new Request(url, { headers }), signal: never, raw: { outgoing } } as unknown as Call
  const id = /runs\/([^/]+)\/events/.exec(url.pathname)?.[1]
  const query = { after: Number(url.searchParams.get('after') ?? 0), limit: 200 }
  try {
    const given =
      id === undefined
        ? await handlers.followRuns({ params: undefined, query: undefined, body: undefined }, call)
        : await handlers.listEvents({ params: { id }, query, body: undefined }, call)
    if (!(given instanceof Response)) {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(given))
    }
  } catch (error) {
    const code = error instanceof GreenloopError ? error.code : 'internal'
    const problem = { code: 'GL', name: code, detail: String(error), requestId: 'r' }
    outgoing.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
  }
}

async function startRun(id: string): Promise<{ readonly run: StoredRun; readonly journal: Journal }> {
  await store.create({ id, kind: 'execute', title: id, input: {} })
  const run = await store.claim(id, { host: 'elsewhere', pid: 1, token: 't' }, 60_000)
  if (run === undefined) throw new Error('not claimed')
  return { run, journal: store.journal(id, run.epoch) }
}

async function tell(journal: Journal, texts: readonly string[]): Promise<void> {
  for (const text of texts) await journal.append({ kind: 'event', event: { at: now(), kind: 'step', data: { text } } })
  await journal.flush()
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `step ${from + index}`)
const textOf = ({ data }: ApiRunEvent) => (data as { readonly text: string }).text

async function collect(id: string, options: { after?: number; onReset?: () => void } = {}) {
  const events: ApiRunEvent[] = []
  const stream = followRun(createApiClient({ baseUrl: base }), id, { ...options, signal: never })
  for (;;) {
    const next = await stream.next()
    if (next.done === true) return { events, end: next.value }
    events.push(next.value)
  }
}

test('what is replayed is what was live, and the end says how it went', async () => {
  const { run, journal } = await startRun('r1')
  await tell(journal, numbers(1, 5))
  const live = collect('r1')
  await waitUntil(() => hub.clients() === 1)
  await tell(journal, [...numbers(6, 9), 'two\nlines  and a \u{1f331}'])
  await store.end('r1', { state: 'finished', verdict: 'passed', exitCode: 0 }, run.epoch)
  const first = await live
  expect(first.events.map(textOf)).toEqual([...numbers(1, 9), 'two\nlines  and a \u{1f331}'])
  expect(first.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(first.end).toEqual({ status: 'finished', verdict: 'passed', exitCode: 0 })
  expect(await collect('r1')).toEqual(first)
  const page = await createApiClient({ baseUrl: base }).call('listEvents', {
    params: { id: 'r1' },
  })
  expect(page.items).toEqual(first.events)
  await waitUntil(() => hub.clients() === 0)
})

test('connections that break again and again lose nothing and double nothing', async () => {
  const { run, journal } = await startRun('r1')
  const following = collect('r1')
  for (let from = 1; from <= 91; from += 10) {
    await tell(journal, numbers(from, from + 9))
    await waitUntil(() => hub.clients() === 1)
    if (from % 30 === 1) server.closeAllConnections()
  }
  await store.end('r1', { state: 'cancelled', reason: 'enough' }, run.epoch)
  const { events, end } = await following
  expect(events.map(textOf)).toEqual(numbers(1, 100))
  expect(end).toEqual({ status: 'cancelled', reason: 'enough' })
}, 20_000)

test('a number that does not exist begins anew', async () => {
  const { run, journal } = await startRun('r1')
  await tell(journal, numbers(1, 3))
  await store.end('r1', { state: 'finished' }, run.epoch)
  let resets = 0
  expect((await collect('r1', { after: 3, onReset: () => resets++ })).events).toEqual([])
  expect(resets).toBe(0)
  expect((await collect('r1', { after: 4, onReset: () => resets++ })).events.map(textOf)).toEqual(numbers(1, 3))
  expect(resets).toBe(1)
  const response = await fetch(`${base}/v1/runs/r1/events?after=1`, {
    headers: { accept: 'text/event-stream', 'last-event-id': 'of another server' },
  })
  expect(await response.text()).toMatch(/^retry: \d+\n\nevent: reset\ndata: \{\}\n\nid: 1\ndata: \{"seq":1,/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
})

test('a run that is not there is refused, and not asked for again', async () => {
  await expect(collect('nobody')).rejects.toMatchObject({ name: 'ApiError', status: 404 })
})

test('a client that takes nothing is cut off, and the others get everything', async () => {
  const { run, journal } = await startRun('r1')
  const stuck = connect((server.address() as AddressInfo).port, '127.0.0.1')
  stuck.on('error', () => {})
  stuck.write('GET /v1/runs/r1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n')
  stuck.pause()
  await waitUntil(() => hub.clients() === 1)
  const following = collect('r1')
  await waitUntil(() => hub.clients() === 2)
  const long = 'x'.repeat(200_000)
  let highest = 0
  for (let count = 0; count < 60; count++) {
    await tell(journal, [long])
    highest = Math.max(highest, ...answers.map((each) => each.writableLength))
  }
  await store.end('r1', { state: 'finished' }, run.epoch)
  expect((await following).events).toHaveLength(60)
  await waitUntil(() => hub.clients() === 0)
  expect(highest).toBeLessThan(16 * 1024 * 1024)
  stuck.destroy()
}, 20_000)

test('a long history waits for its reader instead of filling the memory', async () => {
  const { run, journal } = await startRun('r1')
  await tell(
    journal,
    Array.from({ length: 4000 }, (_, index) => `${index} ${'y'.repeat(4000)}`),
  )
  await store.end('r1', { state: 'finished' }, run.epoch)
  const slow = connect((server.address() as AddressInfo).port, '127.0.0.1')
  slow.write('GET /v1/runs/r1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/event-stream\r\n\r\n')
  await new Promise((resolve) => slow.once('readable', resolve))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(answers.at(-1)?.writableLength).toBeLessThan(2 * 1024 * 1024)
  let text = ''
  for await (const chunk of slow) text += String(chunk)
  expect(text.match(/^id: \d+$/gm)).toHaveLength(4000)
  expect(text).toContain('event: end')
}, 20_000)

test('a silent run is kept alive by heartbeats', async () => {
  await startRun('r1')
  const response = await fetch(`${base}/v1/runs/r1/events`, { headers: { accept: 'text/event-stream' } })
  const reader = response.body?.getReader()
  let text = ''
  while (!text.includes(': \n\n')) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
  await waitUntil(() => hub.clients() === 0)
})

test('changes of all runs are told, also of those that another process works on', async () => {
  await startRun('old')
  const other = await openStore()
  const stop = new AbortController()
  const heard: string[] = []
  let resets = 0
  const following = (async () => {
    const stream = followRuns(createApiClient({ baseUrl: base }), { signal: stop.signal, onReset: () => resets++ })
    for await (const run of stream) heard.push(`${run.id} ${run.status}`)
  })()
  await waitUntil(() => hub.clients() === 1)
  await new Promise((resolve) => setTimeout(resolve, 60))
  await other.create({ id: 'new', kind: 'pipeline', title: 'x', input: {} })
  await waitUntil(() => heard.length === 1)
  server.closeAllConnections()
  await other.requestCancel('new', 'by hand')
  await waitUntil(() => heard.length === 2)
  expect(heard).toEqual(['new queued', 'new cancelled'])
  const run = await store.create({ id: 'own', kind: 'generate', title: 'x', input: {} })
  changed(run)
  await waitUntil(() => heard.length === 3)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(heard).toEqual(['new queued', 'new cancelled', 'own queued'])
  expect(resets).toBe(0)
  stop.abort()
  await expect(following).rejects.toThrow()
  const foreign = await fetch(`${base}/v1/events`, { headers: { 'last-event-id': 'ffffff-3' } })
  const reader = foreign.body?.getReader()
  let text = ''
  while (!text.includes('id: ')) text += new TextDecoder().decode((await reader?.read())?.value)
  expect(text).toContain('event: reset')
  await reader?.cancel()
  await other.close()
}, 20_000)

async function waitUntil(isSo: () => boolean): Promise<void> {
  for (let round = 0; !isSo(); round++) {
    if (round > 500) throw new Error('it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
