import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { callOf, setupOf, thrownBy } from '../../tests/support/target-calls.ts'
import { startWorkflowServer } from '../../tests/support/workflow-server.ts'
import type { Fault } from '../../tests/support/workflow-server.ts'
import type { Target, TargetCall, TargetReply } from '../domain/target.ts'
import { systemClock } from '../lib/clock.ts'
import { isExhausted } from '../lib/exhausted.ts'
import { createHttpClient } from '../lib/http-client.ts'
import { httpTarget } from './http-target.ts'

const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of leftovers.splice(0)) await clean()
})

function targetOn(url: string, http: object, apiKey?: string): Target {
  const client = createHttpClient()
  leftovers.push(() => client.close())
  return httpTarget({ ...setupOf({ target: 'http', http }, url), apiKey }, { http: client, clock: systemClock })
}

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  leftovers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that gives every request this body. */
const saying = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  serving((request, response) => {
    request.resume()
    response.writeHead(200, headers).end(body)
  })

const call = (target: Target, changes: Partial<TargetCall> = {}): Promise<TargetReply> =>
  target.call(callOf(changes), { signal: new AbortController().signal })

async function failing(fault: Fault, http: object = {}): Promise<unknown> {
  const server = await startWorkflowServer({ fault: () => fault })
  leftovers.push(() => server.close())
  return await thrownBy(targetOn(server.url, { url: '/run', ...http }), callOf())
}

describe('what a plain HTTP workflow is sent', () => {
  it('is the inputs and the query unless there is a template', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    await call(targetOn(`${server.url}/v1/`, { url: '/run' }, 'sesame-1234'), { inputs: { a: 1 } })
    expect(server.calls[0]).toMatchObject({ method: 'POST', path: '/v1/run', body: { a: 1, query: 'hello' } })
    expect(server.calls[0]?.headers).toMatchObject({
      authorization: 'Bearer sesame-1234',
      'content-type': 'application/json',
    })
  })

  it('fills address, headers and body, and encodes what goes into the address', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    const target = targetOn(server.url, {
      url: '/run/{{id}}?user={{user}}',
      headers: { 'X-Conversation': '{{conversation_id}}', 'X-Fixed': 'yes' },
      body: { q: '{{query}}', n: '{{n}}', text: 'n is {{n}}', all: '{{inputs}}', model: '{{model}}' },
      idempotent: true,
    })
    await call(target, { inputs: { id: 'a/b?c', n: 3 }, conversationId: 'c-9' })
    expect(server.calls[0]).toMatchObject({
      path: '/run/a%2Fb%3Fc?user=u-1',
      headers: { 'x-conversation': 'c-9', 'x-fixed': 'yes', 'idempotency-key': 'run/task' },
      body: { q: 'hello', n: 3, text: 'n is 3', all: { id: 'a/b?c', n: 3 }, model: '' },
    })
  })

  it('is JSON even where an input holds quotes and the template is written as text', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    await call(targetOn(server.url, { url: '/run', body: '{"q": "{{query}}"}' }), { query: 'say "hi"\n' })
    expect(server.calls[0]?.body).toEqual({ q: 'say "hi"\n' })
  })

  it('goes into the address for GET, and into a form where the content type says so', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    await call(targetOn(server.url, { url: '/run', method: 'GET' }), { inputs: { a: 'x y' }, query: undefined })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await call(targetOn(server.url, { url: '/run', headers, body: { q: '{{query}}', b: 1 } }))
    expect(server.calls.map(({ path, body }) => [path, body])).toEqual([
      ['/run?a=x+y', ''],
      ['/run', 'q=hello&b=1'],
    ])
  })

  it('takes the prompt of the variant with the inputs filled in', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    const target = targetOn(server.url, { url: '/run', body: { q: '{{prompt}}', t: '{{temperature}}' } })
    await call(target, { inputs: { who: 'Ada' }, prompt: 'Greet {{who}}', sampling: { temperature: 0.2 } })
    expect(server.calls[0]?.body).toEqual({ q: 'Greet Ada', t: 0.2 })
  })

  it('never takes the key of the server to another server', async () => {
    const [own, other] = [await startWorkflowServer(), await startWorkflowServer()]
    leftovers.push(
      () => own.close(),
      () => other.close(),
    )
    const http = createHttpClient()
    leftovers.push(() => http.close())
    const call = async (url: string, apiKey: string): Promise<void> => {
      const setup = setupOf({ target: 'http', http: { url } }, own.url)
      const server = { ...setup.server, baseUrl: own.url, apiKey: 'server-key', headers: { 'x-team': 'red' } }
      const given = { ...setup, server: { ...server, publish: { route: 'none' as const, keep: false } }, apiKey }
      const target = httpTarget(given, { http, clock: systemClock })
      await target.call(callOf(), { signal: new AbortController().signal })
    }
    await call(`${own.url}/run`, 'server-key')
    await call(`${other.url}/run`, 'server-key')
    await call(`${other.url}/run`, 'app-key')
    const seen = [...own.calls, ...other.calls].map(({ headers }) => [headers.authorization, headers['x-team']])
    expect(seen).toEqual([
      ['Bearer server-key', 'red'],
      [undefined, undefined],
      ['Bearer app-key', undefined],
    ])
  })

  it('is nothing where the template names what no input gives', async () => {
    const target = targetOn('http://127.0.0.1:9', { url: '/run', body: { q: '{{question}} {{topic}}' } })
    const error = await thrownBy(target, callOf())
    expect(error).toMatchObject({ code: 'target_refused' })
    expect((error as Error).message).toContain('`{{question}}`, `{{topic}}`')
  })

  it('is nothing where a header would hold a line break', async () => {
    const target = targetOn('http://127.0.0.1:9', { url: '/run', headers: { 'X-Who': '{{who}}' } })
    expect(await thrownBy(target, callOf({ inputs: { who: 'a\r\nX-Evil: 1' } }))).toMatchObject({
      code: 'target_refused',
    })
  })
})

describe('what is wrong with a setup', () => {
  it('is told before the first call, every path at once', () => {
    const http = { url: '/run', text: '$..[', outputs: 'data', usage: { total: '$.a' } }
    expect(() => targetOn('http://localhost', http)).toThrow(/2 problems/u)
    expect(() => targetOn('ftp://localhost', { url: '/run' })).toThrow(/no http or https address/u)
  })
})

describe('what comes back from a plain HTTP workflow', () => {
  it('is read by its mappings', async () => {
    const body = {
      data: { answer: 'yes', parts: [{ t: 'a' }, { t: 'b' }] },
      tokens: { in: 5, out: '2' },
      price: [0.0001, '0.00000002'],
      id: 77,
      chat: 'c-1',
    }
    const target = targetOn(await saying(JSON.stringify(body)), {
      url: '/',
      text: '$.data.answer',
      outputs: '$.data.parts[*].t',
      usage: { input: '$.tokens.in', output: '$.tokens.out' },
      cost: '$.price[*]',
      runId: '$.id',
      conversationId: '$.chat',
    })
    expect(await call(target)).toMatchObject({
      status: 'succeeded',
      text: 'yes',
      outputs: ['a', 'b'],
      usage: { inputTokens: 5, outputTokens: 2, totalTokens: 7 },
      cost: { amount: '0.00010002', currency: 'USD', source: 'message' },
      ids: { runId: '77', conversationId: 'c-1' },
    })
  })

  it('is the whole answer without mappings', async () => {
    expect(await call(targetOn(await saying('{"a":[1]}'), { url: '/' }))).toMatchObject({
      text: '{"a":[1]}',
      outputs: { a: [1] },
    })
    expect(await call(targetOn(await saying('plain', { 'content-type': 'text/plain' }), { url: '/' }))).toMatchObject({
      text: 'plain',
      outputs: 'plain',
    })
  })

  it('is a failure of the workflow where the error is there, or what is mapped is not', async () => {
    const url = await saying('{"error":{"message":"no stock","code":17},"text":"partly"}')
    const failed = await call(targetOn(url, { url: '/', error: '$.error', text: '$.text' }))
    expect(failed).toMatchObject({ status: 'app_failed', text: 'partly', error: { message: 'no stock', code: '17' } })
    const missed = await call(targetOn(url, { url: '/', text: '$.answer' }))
    expect(missed).toMatchObject({ status: 'app_failed', error: { code: 'mapping_missed' } })
    const fine = await call(targetOn(await saying('{"error":null,"text":"ok"}'), { url: '/', error: '$.error' }))
    expect(fine.status).toBe('succeeded')
  })

  it('is put together from the events of a stream', async () => {
    const server = await startWorkflowServer()
    leftovers.push(() => server.close())
    const mapped = { url: '/stream', delta: '$.delta', usage: { total: '$.usage.total' }, runId: '$.run_id' }
    const pieces = await call(targetOn(server.url, mapped))
    expect(pieces).toMatchObject({ text: 'echo:hello', outputs: 'echo:hello', usage: { totalTokens: 18 } })
    expect(pieces.timing.ttftMs).toBeLessThanOrEqual(pieces.timing.totalMs)
    const last = await call(targetOn(server.url, { url: '/stream', outputs: '$.outputs' }))
    expect(last.outputs).toEqual({ result: 'echo:hello' })
  })

  it('is a success whatever its headers say of limits', async () => {
    const headers = { 'content-type': 'application/json', 'x-ratelimit-remaining-requests': '0', 'retry-after': '60' }
    expect((await call(targetOn(await saying('{}', headers), { url: '/' }))).status).toBe('succeeded')
  })

  it('is read in the charset that it names, and without its byte order mark', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=gbk' }).end(Buffer.from([0xc4, 0xe3, 0xba, 0xc3]))
    })
    expect((await call(targetOn(url, { url: '/' }))).text).toBe('你好')
    expect((await call(targetOn(await saying('\ufeff{"a":1}'), { url: '/' }))).outputs).toEqual({ a: 1 })
  })
})

describe('what keeps a plain HTTP workflow from answering', () => {
  const idempotent = { idempotent: true }

  it('is told apart by status', async () => {
    const status = (code: number, headers = {}): Fault => ({ kind: 'status', status: code, headers })
    expect(await failing(status(429))).toMatchObject({ code: 'target_rate_limited', call: { status: 429 } })
    expect(await failing(status(503, { 'retry-after': '2' }))).toMatchObject({
      code: 'target_rate_limited',
      call: { retryAfterMs: 2000 },
    })
    expect(await failing(status(408))).toMatchObject({ code: 'target_failed' })
    expect(await failing(status(504))).toMatchObject({ code: 'target_unknown' })
    expect(await failing(status(504), idempotent)).toMatchObject({ code: 'target_failed' })
    expect(await failing(status(404))).toMatchObject({ code: 'target_refused' })
  })

  it('is tried again after a 500 only where that does no harm', async () => {
    const broken: Fault = { kind: 'status', status: 500 }
    expect(isExhausted(await failing(broken))).toBe(true)
    expect(isExhausted(await failing(broken, idempotent))).toBe(false)
  })

  it('is a redirect that is not followed', async () => {
    const headers = { location: 'https://user:pw@elsewhere.example/login?token=abc' }
    const error = (await failing({ kind: 'status', status: 302, headers })) as Error
    expect(error).toMatchObject({ code: 'target_refused' })
    expect(error.message).toContain('answered 302 to https://elsewhere.example/login:')
  })

  it('leaves open what became of a call whose connection broke', async () => {
    expect(await failing({ kind: 'reset' })).toMatchObject({ code: 'target_unknown' })
    expect(await failing({ kind: 'reset' }, idempotent)).toMatchObject({ code: 'target_failed' })
    expect(await failing({ kind: 'cut' })).toMatchObject({ code: 'target_unknown' })
    expect(await failing({ kind: 'cut' }, idempotent)).toMatchObject({ code: 'target_failed' })
  })

  it('may pass where the call never got there', async () => {
    const nobody = createServer().listen(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port } = nobody.address() as AddressInfo
    nobody.close()
    await once(nobody, 'close')
    const error = await thrownBy(targetOn(`http://127.0.0.1:${port}`, { url: '/run' }), callOf())
    expect(error).toMatchObject({ code: 'target_failed' })
    expect((error as Error).message).toContain('the connection was refused')
  })

  it('is a body that is not what it should be', async () => {
    expect(await failing({ kind: 'garbled' })).toMatchObject({ code: 'target_garbled' })
    const page = await saying('<html>', { 'content-type': 'text/html' })
    expect(await thrownBy(targetOn(page, { url: '/', text: '$.a' }), callOf())).toMatchObject({
      code: 'target_garbled',
    })
    const empty = await saying('', { 'content-type': 'text/event-stream' })
    expect(await thrownBy(targetOn(empty, { url: '/' }), callOf())).toMatchObject({ code: 'target_garbled' })
  })

  it('never shows a key', async () => {
    const url = await serving((request, response) =>
      response.writeHead(401).end(`bad ${request.headers.authorization}`),
    )
    const error = await thrownBy(targetOn(url, { url: '/?token={{query}}' }, 'zebra-crossing-key'), callOf())
    expect((error as Error).message).toContain('answered 401: bad Bearer')
    expect((error as Error).message).not.toMatch(/zebra|token=/u)
  })

  it('is an abort in the middle of the answer, with its own reason', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const url = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"delta":"a"}\n\n')
      setImmediate(() => stop.abort(reason))
    })
    expect(await thrownBy(targetOn(url, { url: '/', delta: '$.delta' }), callOf(), stop.signal)).toBe(reason)
  })

  it('is an answer without end', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const block = Buffer.alloc(1024 * 1024, 'x')
      const pour = (): void => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once('drain', pour)
      }
      pour()
    })
    const error = await thrownBy(targetOn(url, { url: '/' }), callOf())
    expect((error as Error).message).toContain('larger than 32 MiB')
  })
})

describe('a call that an earlier process has begun', () => {
  const lost = { ids: {}, startedAt: 0, call: callOf() }
  const options = { signal: new AbortController().signal }

  it('may be sent again where that does no harm, and is unknown elsewhere', async () => {
    for (const http of [
      { url: '/', idempotent: true },
      { url: '/', method: 'GET' },
    ]) {
      const target = targetOn('http://127.0.0.1:9', http)
      expect(target.isRepeatable).toBe(true)
      expect(await target.recover?.(lost, options)).toBeUndefined()
    }
    const once = targetOn('http://127.0.0.1:9', { url: '/' })
    expect(once.isRepeatable).toBe(false)
    await expect(once.recover?.(lost, options)).rejects.toMatchObject({ code: 'target_unknown' })
  })
})
