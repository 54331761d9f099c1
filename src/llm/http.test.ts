import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  cut,
  dripping,
  endless,
  eventsOf,
  hangUp,
  raw,
  silent,
  startLlmServer,
  streamed,
  whole,
} from '../../tests/support/llm-server.ts'
import type { Reply } from '../../tests/support/llm-server.ts'
import { completionUrl, openAiCompatible } from './http.ts'
import type { HttpConfig } from './http.ts'

const prompt = { system: 'You write tests.', user: 'Test add.' }
const key = 'sk-very-secret-0123456789'
const timeouts = { connectMs: 5000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 30_000 }
const answer = 'def test_add():\n    assert add(1, 2) == 3 # 测试\n'

function config(endpoint: string, changes: Partial<HttpConfig> = {}): HttpConfig {
  return {
    endpoint,
    model: 'qwen-test',
    headers: {},
    apiKey: key,
    temperature: 0.2,
    maxTokens: 512,
    stream: true,
    timeouts,
    maxAnswerBytes: 1024 * 1024,
    ...changes,
  }
}

async function ask(replies: readonly Reply[], changes: Partial<HttpConfig> = {}) {
  await using server = await startLlmServer(replies)
  const pieces: string[] = []
  const provider = openAiCompatible(config(server.url, changes))
  const signal = new AbortController().signal
  const result = await provider.complete(prompt, { signal, onText: (piece) => pieces.push(piece) }).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  return { result, pieces, requests: server.requests }
}

async function failing(reply: Reply, changes: Partial<HttpConfig> = {}) {
  const { result } = await ask([reply], changes)
  return 'error' in result ? result.error : expect.fail(`an error was expected, not ${JSON.stringify(result)}`)
}

describe('an answer', () => {
  it('is put together from a stream, piece by piece, with the usage that the server counted', async () => {
    const usage = { prompt_tokens: 20, completion_tokens: 9 }
    const { result, pieces, requests } = await ask([streamed(answer, { usage })])
    expect(result).toMatchObject({
      value: {
        text: answer,
        finish: 'stop',
        model: 'scripted',
        usage: { inputTokens: 20, outputTokens: 9, estimated: false },
      },
    })
    expect(pieces.length).toBeGreaterThan(3)
    expect(pieces.join('')).toBe(answer)
    expect(requests[0]?.path).toBe('/v1/chat/completions')
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${key}`)
    expect(requests[0]?.body).toEqual({
      model: 'qwen-test',
      messages: [
        { role: 'system', content: prompt.system },
        { role: 'user', content: prompt.user },
      ],
      temperature: 0.2,
      max_tokens: 512,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('is read from one JSON document where the server does not stream', async () => {
    const { result } = await ask([whole(answer)])
    expect(result).toMatchObject({ value: { text: answer, finish: 'stop', usage: { inputTokens: 11 } } })
  })

  it('survives CRLF, a byte order mark, a wrong content type and no [DONE]', async () => {
    const body = `\uFEFF${eventsOf(answer, { newline: '\r\n', done: false })}`
    const { result } = await ask([raw(body, 200, { 'content-type': 'text/plain' })])
    expect(result).toMatchObject({ value: { text: answer, finish: 'stop', usage: { estimated: true } } })
  })

  it('is unpacked when the server packs it', async () => {
    const { result } = await ask([raw(gzipSync(eventsOf(answer)), 200, { 'content-encoding': 'gzip' })])
    expect(result).toMatchObject({ value: { text: answer } })
  })

  it('keeps thoughts apart, whichever name the server has for them', async () => {
    for (const name of ['reasoning_content', 'reasoning']) {
      const { result } = await ask([streamed(answer, { reasoning: { [name]: 'hmm' } })])
      expect(result).toMatchObject({ value: { text: answer, reasoning: 'hmm' } })
    }
  })

  it('is marked when the limit of tokens cut it', async () => {
    const { result } = await ask([streamed(answer, { finish: 'length' })])
    expect(result).toMatchObject({ value: { finish: 'length' } })
  })

  it('is complete after [DONE], even when the connection stays open', async () => {
    const { result } = await ask([streamed(answer, { hold: true })])
    expect(result).toMatchObject({ value: { text: answer } })
  })

  it('is not thrown away when the server says why it stopped and then falls silent', async () => {
    const { result } = await ask([streamed(answer, { hold: true, done: false })], {
      timeouts: { ...timeouts, idleMs: 100 },
    })
    expect(result).toMatchObject({ value: { text: answer, finish: 'stop' } })
  })
})

describe('a request', () => {
  it('switches thinking in both spellings, and only when asked to', async () => {
    const { requests } = await ask([whole('x')], { thinking: false, seed: 7, stream: false })
    expect(requests[0]?.body).toMatchObject({
      enable_thinking: false,
      chat_template_kwargs: { enable_thinking: false },
      seed: 7,
      stream: false,
    })
    expect(requests[0]?.body).not.toHaveProperty('stream_options')
  })

  it('carries own headers, which go before the key', async () => {
    const { requests } = await ask([whole('x')], { headers: { Authorization: 'Basic abc', 'X-Team': 'qa' } })
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Basic abc', 'x-team': 'qa' })
  })

  it('is repeated without stream_options for servers that refuse them', async () => {
    const refusal = raw('{"detail":"unknown field stream_options"}', 422)
    const { result, requests } = await ask([refusal, streamed(answer)])
    expect(result).toMatchObject({ value: { text: answer } })
    expect(requests[1]?.body).not.toHaveProperty('stream_options')
  })

  it.each([
    ['http://h:1', 'http://h:1/v1/chat/completions'],
    ['http://h:1/v1/', 'http://h:1/v1/chat/completions'],
    ['https://h/compatible-mode/v1', 'https://h/compatible-mode/v1/chat/completions'],
    ['https://h/v1/chat/completions?api-version=2', 'https://h/v1/chat/completions?api-version=2'],
  ])('goes for the endpoint %s to %s', (endpoint, address) => {
    expect(completionUrl(endpoint).href).toBe(address)
  })

  it('is refused for an endpoint that is no HTTP address', () => {
    expect(() => completionUrl('localhost:8000')).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => completionUrl('')).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })
})

describe('a status', () => {
  it.each([401, 403])('%i means that the key is wrong, and the key is not in the message', async (status) => {
    const error = await failing(raw(`Incorrect API key provided: ${key}`, status))
    expect(error).toMatchObject({ code: 'llm_unauthorized', call: { status } })
    expect(String(error)).not.toContain(key)
  })

  it('429 carries how long to wait', async () => {
    const error = await failing(raw('slow down', 429, { 'retry-after': '7' }))
    expect(error).toMatchObject({ code: 'llm_rate_limited', call: { status: 429, retryAfterMs: 7000 } })
  })

  it.each([500, 502, 503, 504, 524])('%i shows at most 300 harmless characters of the body', async (status) => {
    const error = await failing(raw(`<html>\u001b[31m${'error '.repeat(1000)}`, status))
    expect(error).toMatchObject({ code: 'llm_failed', call: { status } })
    expect(String(error)).toContain('<html>\\u001b[31m')
    expect(String(error).length).toBeLessThan(400)
  })

  it('302 is not followed, so the key stays here', async () => {
    await using other = await startLlmServer([whole('stolen')])
    const error = await failing(raw('', 302, { location: other.url }))
    expect(error).toMatchObject({ code: 'llm_failed', message: expect.stringContaining(other.url) })
    expect(other.requests).toEqual([])
  })
})

describe('what is no answer', () => {
  it.each([
    ['a page of a proxy', '<html><body>Welcome</body></html>'],
    ['JSON of another kind', '{"hello":"world"}'],
    ['a list', '[1,2]'],
    ['nothing', ''],
    ['bytes', Buffer.from([0, 255, 254, 1, 2, 3])],
    ['broken JSON', '{"choices":['],
    ['JSON nested a hundred thousand deep', `{"choices":${'['.repeat(100_000)}`],
    ['the same as an error', `{"error":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['an event that is no JSON', 'data: {"choices":[{"delta"\n\n'],
  ])('is garbled: %s', async (_, body) => {
    expect(await failing(raw(body))).toMatchObject({ code: 'llm_garbled' })
  })

  it('is an error that comes inside the stream', async () => {
    const error = await failing(raw('data: {"error":{"message":"CUDA out of memory","code":500}}\n\n'))
    expect(error).toMatchObject({ code: 'llm_failed', call: { status: 500 } })
  })

  it('is a header larger than Node accepts', async () => {
    expect(await failing(raw('{}', 200, { 'x-big': 'x'.repeat(60_000) }))).toMatchObject({ code: 'llm_garbled' })
  })

  it('is a stream that ends without a reason or breaks in a token; what came is kept', async () => {
    const ended = await failing(streamed(answer, { finish: undefined, done: false }))
    expect(ended).toMatchObject({ code: 'llm_truncated', call: { partial: answer } })
    const broken = await failing(cut(answer))
    expect(broken).toMatchObject({ code: 'llm_truncated', call: { partial: expect.stringContaining('def test_add') } })
  })
})

describe('limits', () => {
  it.each(['identity', 'gzip'] as const)('stop an endless body (%s) at the cap', async (encoding) => {
    expect(await failing(endless(encoding))).toMatchObject({ code: 'llm_too_large' })
  })

  it.each([
    ['first byte, without a head', silent('nothing'), { firstByteMs: 80 }, 'firstByte'],
    ['first byte, with a head', silent('head'), { firstByteMs: 80 }, 'firstByte'],
    ['silence', silent('start'), { idleMs: 80 }, 'idle'],
    ['the whole call, however it drips', dripping(10), { totalMs: 150 }, 'total'],
  ])('name themselves: %s', async (_, reply, limits, name) => {
    const error = await failing(reply, { timeouts: { ...timeouts, ...limits } })
    expect(error).toMatchObject({ code: 'llm_timeout', message: expect.stringContaining(`limit: ${name}`) })
  })

  it('keep what came before the silence', async () => {
    const error = await failing(silent('start'), { timeouts: { ...timeouts, idleMs: 80 } })
    expect(error).toMatchObject({ code: 'llm_timeout', call: { partial: 'begun' } })
  })

  it('include an abort, which gives its own reason', async () => {
    await using server = await startLlmServer([silent('start')])
    const stop = new AbortController()
    const reason = new Error('stopped by the user')
    const call = openAiCompatible(config(server.url)).complete(prompt, {
      signal: stop.signal,
      onText: () => stop.abort(reason),
    })
    await expect(call).rejects.toBe(reason)
  })
})

describe('a server that is not there', () => {
  it('refuses', async () => {
    const server = await startLlmServer([])
    await server.close()
    const call = openAiCompatible(config(server.url)).complete(prompt, { signal: new AbortController().signal })
    await expect(call).rejects.toMatchObject({
      code: 'llm_unreachable',
      message: expect.stringContaining('connection refused'),
    })
  })

  it('cannot be resolved', async () => {
    const call = openAiCompatible(config('http://no-such-host.invalid/v1')).complete(prompt, {
      signal: new AbortController().signal,
    })
    // A machine without a name server waits for one instead of being told that there is no such host.
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^llm_(?:unreachable|timeout)$/u) })
  })

  it('does not talk TLS', async () => {
    await using server = await startLlmServer([whole('x')])
    const call = openAiCompatible(config(server.url.replace('http:', 'https:'))).complete(prompt, {
      signal: new AbortController().signal,
    })
    await expect(call).rejects.toMatchObject({ code: 'llm_unreachable' })
  })

  it('hangs up', async () => {
    expect(await failing(hangUp())).toMatchObject({ code: 'llm_unreachable' })
  })

  it('talks another protocol', async () => {
    const server = createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const call = openAiCompatible(config(`http://127.0.0.1:${port}`)).complete(prompt, {
      signal: new AbortController().signal,
    })
    await expect(call).rejects.toMatchObject({ code: 'llm_garbled' })
    server.close()
  })

  it('never sees a key that HTTP forbids, and neither does the message', async () => {
    const error = await failing(whole('x'), { apiKey: 'sk-bad\nkey' })
    expect(error).toMatchObject({ code: 'config_invalid' })
    expect(JSON.stringify(error)).not.toContain('sk-bad')
  })
})
