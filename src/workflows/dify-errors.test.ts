import { describe, expect, it } from 'vitest'
import { callOf, quietly, secretKey, setupFor, startBench, summary } from '../../tests/support/dify-bench.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Target } from '../domain/target.ts'
import { classify } from '../engine/classify.ts'
import { systemClock } from '../lib/clock.ts'
import { difyTarget } from './dify.ts'
import { createHttpClient } from '../lib/http-client.ts'

type Row = readonly [status: number, code: string, as: ErrorCode]

const rows: readonly Row[] = [
  [429, 'too_many_requests', 'target_rate_limited'],
  [429, 'rate_limit_error', 'target_quota'],
  [400, 'invalid_param', 'target_refused'],
  [400, 'bad_request', 'target_refused'],
  [400, 'not_workflow_app', 'target_refused'],
  [400, 'not_chat_app', 'target_refused'],
  [400, 'app_unavailable', 'target_refused'],
  [400, 'agent_not_published', 'target_refused'],
  [400, 'conversation_completed', 'target_refused'],
  [400, 'provider_not_initialize', 'target_refused'],
  [400, 'provider_quota_exceeded', 'target_refused'],
  [400, 'model_currently_not_support', 'target_refused'],
  [401, 'unauthorized', 'target_refused'],
  [403, 'forbidden', 'target_refused'],
  [403, 'workflow_version_execution_not_allowed', 'target_refused'],
  [404, 'not_found', 'target_refused'],
  [413, 'file_too_large', 'target_refused'],
  [415, 'unsupported_file_type', 'target_refused'],
  [400, 'no_file_uploaded', 'target_refused'],
  [400, 'too_many_files', 'target_refused'],
  [400, 'filename_not_exists_error', 'target_refused'],
]

async function failureOf(target: Target, query?: string): Promise<GreenloopError> {
  const error: unknown = await target.call(callOf({ query }), quietly()).catch((thrown: unknown) => thrown)
  if (error instanceof GreenloopError) return error
  throw new Error('the call did not fail', { cause: error })
}

const mayBeRetried: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['target_rate_limited', 'target_failed'])

describe('an error of a Dify server', () => {
  it.each(rows)('%i %s is %s as the answer to a call', async (status, code, as) => {
    const script = () => ({ refuse: { status, code, message: 'because' } })
    await using bench = await startBench({ app: { mode: 'workflow', script } })
    const error = await failureOf(bench.target)
    expect(error.code).toBe(as)
    expect(error.message).toContain(code)
    expect(classify(error).retryable).toBe(mayBeRetried.has(as))
    expect(bench.server.executions()).toBe(0)
  })

  it.each(rows)('%i %s is %s as an event of a stream', async (status, code, as) => {
    const script = () => ({ errorEvent: { status, code, message: 'because' } })
    await using bench = await startBench({ app: { mode: 'chat', script } })
    const error = await failureOf(bench.target, 'go')
    expect(error.code).toBe(as)
    expect(classify(error).retryable).toBe(mayBeRetried.has(as))
  })

  it('cuts the concurrency of the engine, and says how long to wait only where the server does', async () => {
    const refuse = { status: 429, code: 'too_many_requests', message: 'busy' }
    await using busy = await startBench({ app: { mode: 'workflow', script: () => ({ refuse }) } })
    expect(classify(await failureOf(busy.target))).toMatchObject({ overload: true, retryable: true })
    expect((await failureOf(busy.target)).call?.retryAfterMs).toBeUndefined()
    const told = { ...refuse, headers: { 'retry-after': '7' } }
    await using polite = await startBench({ app: { mode: 'workflow', script: () => ({ refuse: told }) } })
    expect(classify(await failureOf(polite.target)).retryAfterMs).toBe(7000)
  })

  it('is a limit of the rate where something before the server says so without a code', async () => {
    await using bench = await startBench({ app: { mode: 'workflow', script: () => summary, perSecond: 1 } })
    const calls = await Promise.allSettled([1, 2].map(() => bench.target.call(callOf(), quietly())))
    const [refused] = calls.flatMap((call) => (call.status === 'rejected' ? [call.reason as unknown] : []))
    expect(refused).toMatchObject({ code: 'target_rate_limited', call: { status: 429, retryAfterMs: 1000 } })
  })

  it('is a breakdown that may pass once where the model behind the app was busy', async () => {
    const errors = ['Error code: 429 - rate limit reached', '[openai] Server Unavailable Error, 503']
    for (const message of errors) {
      const refuse = { status: 400, code: 'completion_request_error', message }
      await using bench = await startBench({ app: { mode: 'workflow', script: () => ({ refuse }) } })
      const [first, second] = [await failureOf(bench.target), await failureOf(bench.target)]
      expect([first.code, second.code]).toEqual(['target_failed', 'target_failed'])
      expect([classify(first).retryable, classify(second).retryable]).toEqual([true, false])
    }
  })

  it('is the answer of the app where the model behind it refused', async () => {
    const said = { status: 400, code: 'completion_request_error', message: 'the prompt is too long' }
    await using whole = await startBench({ app: { mode: 'workflow', script: () => ({ refuse: said }) } })
    const expected = { status: 'app_failed', error: { code: said.code, message: said.message } }
    expect(await whole.target.call(callOf(), quietly())).toMatchObject(expected)
    await using streamed = await startBench({ app: { mode: 'chat', script: () => ({ text: 'I', errorEvent: said }) } })
    const reply = await streamed.target.call(callOf({ query: 'go' }), quietly())
    expect(reply).toMatchObject({ ...expected, text: 'I' })
  })

  it.each([500, 502, 503, 504])('%i without any work is thrown when the run is nowhere to be found', async (status) => {
    const script = () => ({ fault: { kind: 'status', status, work: false } }) as const
    await using bench = await startBench({ app: { mode: 'workflow', script } })
    const error = await failureOf(bench.target)
    expect(error).toMatchObject({ code: 'target_failed', call: { status } })
    expect(classify(error).retryable).toBe(true)
    expect(bench.server.requests.filter(({ path }) => path === 'workflows/logs')).toHaveLength(3)
  })

  it.each(['workflow', 'advanced-chat'] as const)('500 in the stream of a %s is looked up first', async (mode) => {
    const errorEvent = { status: 500, code: 'internal_server_error', message: 'oops' }
    const events = [
      { event: 'workflow_started', data: { id: 'run-1' } },
      { event: 'error', ...errorEvent },
    ]
    const over = { event: 'workflow_finished', data: { status: 'failed', error: 'node broke', outputs: {} } }
    await using bench = await startBench({
      app: { mode, script: () => ({ events: [...events, over], error: 'node broke' }) },
    })
    const reply = await bench.target.call(callOf({ query: 'go' }), quietly())
    expect(reply).toMatchObject({ status: 'app_failed', error: { message: 'node broke' }, recovered: true })
    expect(bench.server.executions()).toBe(1)
  })

  it('500 in the stream of a chat is a breakdown: no run could have failed', async () => {
    const errorEvent = { status: 500, code: 'internal_server_error', message: 'oops' }
    await using bench = await startBench({ app: { mode: 'chat', script: () => ({ errorEvent }) } })
    const error = await failureOf(bench.target, 'go')
    expect(error.code).toBe('target_failed')
    expect(classify(error).retryable).toBe(true)
  })

  it('follows no redirect, and names where it leads', async () => {
    const refuse = { status: 302, headers: { location: 'https://elsewhere.example/v1' } }
    await using bench = await startBench({ app: { mode: 'workflow', script: () => ({ refuse }) } })
    const error = await failureOf(bench.target)
    expect(error.code).toBe('target_refused')
    expect(error.message).toContain('https://elsewhere.example/v1')
  })

  it('never shows the key, and quotes no more than 500 characters', async () => {
    const refuse = { status: 401, code: 'unauthorized', message: `wrong key ${secretKey} ${'x'.repeat(5000)}` }
    await using bench = await startBench({ app: { mode: 'workflow', script: () => ({ refuse }) } })
    const { message } = await failureOf(bench.target)
    expect(message).toContain('wrong key ***')
    expect(message.length).toBeLessThan(600)
  })

  it('is a page that is not of the service where a proxy answers', async () => {
    const script = () => ({ fault: { kind: 'garbage', text: '<html>Please log in</html>' } }) as const
    await using bench = await startBench({ app: { mode: 'workflow', script } })
    const error = await failureOf(bench.target)
    expect(error.code).toBe('target_garbled')
    expect(error.message).toContain('Please log in')
    expect(classify(error).retryable).toBe(false)
  })

  it('is a breakdown that may pass where nobody listens, and a refusal where the key cannot be sent', async () => {
    const http = createHttpClient()
    const parts = { http, clock: systemClock }
    const deaf = difyTarget(setupFor('http://127.0.0.1:1/v1', { app: 'workflow' }), parts)
    const error = await failureOf(deaf)
    expect(error.code).toBe('target_failed')
    expect(error.message).toContain('ECONNREFUSED')
    expect(classify(error).retryable).toBe(true)
    const odd = difyTarget(setupFor('http://127.0.0.1:1', { app: 'workflow' }, { apiKey: 'line\nbreak' }), parts)
    expect((await failureOf(odd)).code).toBe('target_refused')
    http.close()
  })

  it('is found before anything is sent where the server has no address', () => {
    const parts = { http: createHttpClient(), clock: systemClock }
    expect(() => difyTarget(setupFor('dify.example'), parts)).toThrow(/no http or https URL: dify\.example/u)
    expect(() => difyTarget(setupFor('unused', {}, { server: undefined }), parts)).toThrow(/has no server/u)
  })

  it('asks again what the app is after it could not be told', async () => {
    let isDown = true
    await using bench = await startBench({
      app: { mode: 'workflow', script: () => summary },
      intercept: ({ path }) => (path === 'info' && isDown ? { status: 503 } : undefined),
    })
    expect((await failureOf(bench.target)).code).toBe('target_failed')
    isDown = false
    expect((await bench.target.call(callOf(), quietly())).status).toBe('succeeded')
  })
})
