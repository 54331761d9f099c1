import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { cut, eventsOf, hangUp, raw, startLlmServer, streamed, whole } from '../../tests/support/llm-server.ts'
import type { LlmServer, Reply } from '../../tests/support/llm-server.ts'
import { callOf, setupOf, thrownBy } from '../../tests/support/target-calls.ts'
import type { Target, TargetCall, TargetReply, TargetSetup } from '../domain/target.ts'
import { systemClock } from '../lib/clock.ts'
import { createHttpClient } from '../lib/http-client.ts'
import { providerFailure, reportedError } from './openai-target-errors.ts'
import { openaiTarget } from './openai-target.ts'

const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of leftovers.splice(0)) await clean()
})

interface World {
  readonly target: Target
  readonly server: LlmServer
}

async function world(
  replies: readonly Reply[],
  workflow: object = {},
  more: Partial<TargetSetup> = {},
): Promise<World> {
  const server = await startLlmServer(replies)
  const http = createHttpClient()
  leftovers.push(
    () => server.close(),
    () => http.close(),
  )
  const setup = { ...setupOf({ target: 'openai', model: 'asked', ...workflow }, `${server.url}/v1`), ...more }
  return { target: openaiTarget(setup, { http, clock: systemClock }), server }
}

const call = (target: Target, changes: Partial<TargetCall> = {}): Promise<TargetReply> =>
  target.call(callOf(changes), { signal: new AbortController().signal })

const usage = { prompt_tokens: 1000, completion_tokens: 200 }
const events = (...pieces: object[]): Reply =>
  raw(pieces.map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join(''), 200, {
    'content-type': 'text/event-stream',
  })

describe('what a model is asked', () => {
  it('is system prompt, turns so far, query, model and sampling, the variant before the workflow', async () => {
    const workflow = { system: 'Be {{tone}}.', sampling: { temperature: 0, seed: 1 } }
    const { target, server } = await world([streamed('ok')], workflow, { apiKey: ' key-12345678 ' })
    const history = [{ query: 'hi', answer: 'hello' }]
    const changes = { inputs: { tone: 'kind' }, history, sampling: { temperature: 0.5 }, model: 'other' }
    await call(target, changes)
    expect(server.requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer key-12345678' },
    })
    expect(server.requests[0]?.body).toEqual({
      model: 'other',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'hello' },
        { role: 'user', content: 'hello' },
      ],
      temperature: 0.5,
      seed: 1,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('has the prompt of the variant for its system prompt, or where the user message names it', async () => {
    const { target, server } = await world([streamed('ok')], { system: 'old' })
    await call(target, { prompt: 'new {{topic}}', inputs: { topic: 'x' }, query: undefined })
    const other = await world([streamed('ok')], { system: 'old', prompt: 'Q: {{prompt}}' })
    await call(other.target, { prompt: 'new {{topic}}', inputs: { topic: 'x' } })
    const messages = [server, other.server].map(({ requests }) => requests[0]?.body['messages'])
    expect(messages).toEqual([
      [
        { role: 'system', content: 'new x' },
        { role: 'user', content: '{"topic":"x"}' },
      ],
      [
        { role: 'system', content: 'old' },
        { role: 'user', content: 'Q: new x' },
      ],
    ])
  })

  it('is nothing where the prompt names what no input gives', async () => {
    const { target } = await world([streamed('ok')], { prompt: 'About {{topic}}' })
    const error = await thrownBy(target, callOf())
    expect(error).toMatchObject({ code: 'target_refused' })
    expect((error as Error).message).toContain('`{{topic}}`')
  })

  it('takes images along, from a file or an address, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openai-target-'))
    leftovers.push(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'dot.png'), 'PNG')
    const { target, server } = await world([streamed('ok')], {}, { folder })
    const files = [
      { type: 'image', path: 'dot.png' },
      { type: 'image', url: 'https://pictures.example/a' },
    ] as const
    await call(target, { files })
    expect(JSON.stringify(server.requests[0]?.body['messages'])).toContain('data:image/png;base64,UE5H')
    const error = await thrownBy(target, callOf({ files: [{ type: 'document', path: 'dot.png' }] }))
    expect(error).toMatchObject({ code: 'target_refused' })
  })

  it('leaves out what older servers refuse, and remembers it', async () => {
    const refusal = raw('{"error":{"message":"Unrecognized request argument: stream_options"}}', 400)
    const { target, server } = await world([refusal, streamed('ok')])
    expect((await call(target)).text).toBe('ok')
    await call(target)
    expect(server.requests.map(({ body }) => 'stream_options' in body)).toEqual([true, false, false])
  })
})

describe('what a model answers', () => {
  it('is text without thoughts, with tokens, price by the model that answered, and times', async () => {
    const prices = { currency: 'CNY', models: { scripted: { input: 0.8, output: 2 }, asked: { input: 9, output: 9 } } }
    const reasoning = { reasoning_content: 'hm' }
    const { target } = await world([streamed('a long answer', { usage, reasoning })], {}, { prices })
    const reply = await call(target)
    expect(reply).toMatchObject({
      status: 'succeeded',
      text: 'a long answer',
      outputs: { text: 'a long answer', reasoning: 'hm', finish_reason: 'stop' },
      usage: { inputTokens: 1000, outputTokens: 200, totalTokens: 1200 },
      cost: { currency: 'CNY', source: 'price_table' },
      model: 'scripted',
    })
    expect(Number(reply.cost?.amount)).toBe(0.0012)
    expect(reply.timing.ttftMs).toBeLessThanOrEqual(reply.timing.totalMs)
  })

  it('may come in one piece', async () => {
    const { target } = await world([whole('all at once')])
    expect(await call(target)).toMatchObject({ text: 'all at once', usage: { totalTokens: 18 } })
  })

  it('may be complete without `[DONE]` and over an open connection', async () => {
    const open: Reply = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(eventsOf('ok'))
    }
    const { target } = await world([streamed('ok', { done: false }), open])
    expect((await call(target)).text).toBe('ok')
    expect((await call(target)).text).toBe('ok')
  })

  it('is partial at the limit of tokens, and failed where a filter ended it', async () => {
    const filtered = raw('{"error":{"code":"data_inspection_failed","message":"no"}}', 400)
    const replies = [streamed('cut', { finish: 'length' }), streamed('no', { finish: 'content_filter' }), filtered]
    const { target } = await world(replies)
    expect(await call(target)).toMatchObject({ status: 'partial', text: 'cut', error: { code: 'length' } })
    expect(await call(target)).toMatchObject({ status: 'app_failed', text: 'no' })
    expect(await call(target)).toMatchObject({ status: 'app_failed', error: { code: 'data_inspection_failed' } })
  })

  it('is named as soon as its id is known', async () => {
    const { target } = await world([
      events({ id: 'cmpl-1', choices: [{ delta: { content: 'x' }, finish_reason: 'stop' }] }),
    ])
    const ids: unknown[] = []
    await target.call(callOf(), { signal: new AbortController().signal, onIds: (each) => ids.push(each) })
    expect(ids).toEqual([{ runId: 'cmpl-1' }])
  })
})

describe('what keeps a model from answering', () => {
  it('may pass where the connection breaks, before or in the middle of the answer', async () => {
    const { target } = await world([hangUp(), cut('half'), streamed('half', { done: false, finish: undefined })])
    for (const _ of [1, 2, 3]) expect(await thrownBy(target, callOf())).toMatchObject({ code: 'target_failed' })
  })

  it('is read from an error in the middle of the stream', async () => {
    const start = { choices: [{ delta: { content: 'x' } }] }
    const { target } = await world([
      events(start, { error: { code: 'rate_limit_exceeded', message: 'slow' } }),
      events(start, { error: { code: 500, message: 'oops' } }),
      events(start, { error: { code: 'invalid_api_key', message: 'who?' } }),
      events(start, { nothing: 'known' }),
    ])
    const codes = ['target_rate_limited', 'target_failed', 'target_refused', 'target_garbled']
    for (const code of codes) expect(await thrownBy(target, callOf())).toMatchObject({ code })
  })

  it.each([
    ['https://api.openai.com/v1', 429, 'insufficient_quota', 'target_quota'],
    ['https://dashscope.aliyuncs.com/compatible-mode/v1', 429, 'insufficient_quota', 'target_rate_limited'],
    ['https://dashscope-intl.aliyuncs.com/v1', 429, 'Throttling.RateQuota', 'target_rate_limited'],
    ['https://dashscope.aliyuncs.com/v1', 400, 'Arrearage', 'target_quota'],
    ['https://dashscope.aliyuncs.com/v1', 403, 'AccessDenied', 'target_refused'],
    ['https://api.openai.com/v1', 400, 'context_length_exceeded', 'target_refused'],
    ['https://api.deepseek.com', 402, 'Insufficient Balance', 'target_quota'],
    ['https://api.openai.com/v1', 500, 'server_error', 'target_failed'],
    ['https://aliyuncs.com.evil.example', 429, 'insufficient_quota', 'target_quota'],
  ])('at %s %i %s is %s', (address, status, code, expected) => {
    const url = new URL(address)
    const site = { label: 'POST x', repeatable: true, redact: (text: string) => text }
    const body = JSON.stringify({ error: { message: 'm', code } })
    const answer = { status, headers: { 'retry-after': '3' }, body, nowMs: 0 }
    const error = providerFailure({ reported: reportedError(JSON.parse(body), site), answer, url, site })
    expect(error.code).toBe(expected)
    expect(error.call).toMatchObject({ status, retryAfterMs: 3000 })
  })

  it('is a missing server, told before the first call', () => {
    const http = createHttpClient()
    expect(() => openaiTarget(setupOf({ target: 'openai', model: 'm' }), { http, clock: systemClock })).toThrow(
      /base_url/u,
    )
  })
})
