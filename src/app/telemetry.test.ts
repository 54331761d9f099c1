import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { RunEnding } from '../domain/stored-run.ts'
import { withRunSpan } from './telemetry.ts'
import type { RunSpan } from './telemetry.ts'

interface Sent {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly status: { readonly code?: number; readonly message?: string }
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

let server: Server
let endpoint: string
let spans: Sent[]
let headers: (string | undefined)[]

beforeEach(async () => {
  spans = []
  headers = []
  server = createServer((request, response) => {
    void (async () => {
      headers.push(request.headers['x-key'] as string | undefined)
      const body = JSON.parse(await text(request)) as {
        readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[] }[]
      }
      if (request.url === '/v1/traces') {
        spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const run = { id: 'r1', kind: 'pipeline', title: 'suite.json' } as const
const ended: RunEnding = { state: 'finished', verdict: 'failed', exitCode: 1 }
const valuesOf = (span: Sent | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]))

function pipeline(span: RunSpan): string {
  const call = { provider: 'http', model: 'qwen-plus', usage: { inputTokens: 12, outputTokens: 5, estimated: false } }
  const failed = { ...call, outcome: 'failed', durationMs: 20, error: 'llm_rate_limited' } as const
  span.event('generated', { calls: [failed, { ...call, outcome: 'answered', durationMs: 30 }] })
  span.progress({ kind: 'started', process: 1, purpose: 'run' })
  const tested = { kind: 'test', attempt: 1, durationMs: 1, total: 2 } as const
  span.progress({ ...tested, id: 'a', outcome: 'passed', done: 1 })
  span.progress({ ...tested, id: 'b', outcome: 'failed', done: 2 })
  span.progress({ kind: 'finished', verdict: 'failed' })
  return span.env['TRACEPARENT'] ?? ''
}

test('a run is sent with its phases and each call of a model, below the trace it came from', async () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
    TRACEPARENT: parent,
  }
  const traceparent = await withRunSpan(run, env, { work: async (span) => pipeline(span), ending: () => ended })
  expect(spans.map(({ name }) => name).toSorted()).toEqual([
    'chat qwen-plus',
    'chat qwen-plus',
    'generate',
    'report',
    'run pipeline',
    'tests',
  ])
  const root = spans.find(({ name }) => name === 'run pipeline')
  expect(root?.parentSpanId).toBe('b7ad6b7169203331')
  expect(traceparent).toBe(`00-0af7651916cd43dd8448eb211c80319c-${root?.spanId}-01`)
  for (const span of spans) {
    expect(span.traceId).toBe('0af7651916cd43dd8448eb211c80319c')
    const parent = span.name.startsWith('chat') ? spans.find(({ name }) => name === 'generate') : root
    if (span !== root) expect(span.parentSpanId).toBe(parent?.spanId)
  }
  expect(valuesOf(root)).toMatchObject({ 'greenloop.run.kind': 'pipeline', 'greenloop.run.verdict': 'failed' })
  expect(valuesOf(spans.find(({ name }) => name === 'tests'))).toMatchObject({
    'greenloop.tests.total': 2,
    'greenloop.tests.passed': 1,
    'greenloop.tests.failed': 1,
  })
  const calls = spans.filter(({ name }) => name === 'chat qwen-plus').map(valuesOf)
  expect(calls).toContainEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'http',
    'gen_ai.request.model': 'qwen-plus',
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 5,
    'error.type': 'llm_rate_limited',
  })
  expect(headers).toEqual(['a b'])
})

test('a run that fails is sent as failed, and its error stays what it was', async () => {
  const error = new GreenloopError('llm_timeout', 'the key sk-1 did not help')
  const work = () => Promise.reject(error)
  const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces` }
  await expect(withRunSpan(run, env, { work, ending: () => ended })).rejects.toBe(error)
  expect(spans).toMatchObject([{ name: 'run pipeline', status: { code: 2, message: 'llm_timeout' } }])
})

test('without an endpoint nothing is sent, and a collector that is away is no trouble', async () => {
  const work = async (span: RunSpan) => pipeline(span)
  expect(await withRunSpan(run, {}, { work, ending: () => ended })).toBe('')
  const off = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' }
  expect(await withRunSpan(run, off, { work, ending: () => ended })).toBe('')
  expect(spans).toEqual([])
  const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
  expect(await withRunSpan(run, away, { work, ending: () => ended })).toMatch(/^00-/)
}, 10_000)
