import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../src/client/routes.ts'
import type { RouteSpec } from '../../src/client/route-spec.ts'
import { openServiceLab } from '../support/service-lab.ts'
import type { ServiceLab } from '../support/service-lab.ts'

interface Raw {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly json: Record<string, unknown>
}

let lab: ServiceLab
let port: string
beforeAll(async () => {
  lab = await openServiceLab({ headersMs: 1000 })
  port = new URL(lab.url).port
})
afterAll(() => lab[Symbol.asyncDispose]())

/** A request with headers that a browser would set itself. */
async function raw(
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Raw> {
  const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response) text += String(part)
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.statusCode ?? 0, headers: response.headers, json }
}

const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${lab.token}` })
const asJson = { 'Content-Type': 'application/json' }
const table = Object.entries(routes as Readonly<Record<string, RouteSpec>>)

/** The path of an operation with something in place of its parameters. */
function sample({ path }: RouteSpec): string {
  return path
    .replace('{seq}', '0')
    .replace('{log}', 'stdout')
    .replaceAll(/\{\w+\}/gu, 'nothing')
}

async function cookieOf(): Promise<string> {
  const code = await lab.server.access.createCode()
  const { status, headers } = await raw('POST', '/v1/session', { headers: asJson, body: JSON.stringify({ code }) })
  expect(status).toBe(200)
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

describe('names', () => {
  it.each([
    'evil.example',
    'evil.example:PORT',
    'localhost.evil.example:PORT',
    '127.0.0.1.evil.example',
    '[::2]:PORT',
    'a@localhost',
  ])('refuses the Host %s, for pages and probes too', async (host) => {
    for (const path of ['/v1/runs', '/', '/healthz']) {
      const { status } = await raw('GET', path, { headers: { ...bearer(), Host: host.replace('PORT', port) } })
      // What is no host at all is no request.
      expect(status).toBe(host.includes('@') ? 400 : 421)
    }
  })

  it.each(['localhost', 'LOCALHOST:PORT', '127.0.0.1:PORT', '[::1]:PORT', '127.0.0.1:9'])(
    'answers to %s',
    async (host) => {
      const { status } = await raw('GET', '/v1/runs', { headers: { ...bearer(), Host: host.replace('PORT', port) } })
      expect(status).toBe(200)
    },
  )

  it('listens on both families of the loopback, and answers to names that it was told of', async () => {
    await using other = await openServiceLab({ allowHosts: ['greenloop.test'] })
    const own = new URL(other.url).port
    expect(
      (await fetch(`http://[::1]:${own}/v1/runs`, { headers: { Authorization: `Bearer ${other.token}` } })).status,
    ).toBe(200)
    const sent = httpRequest({ port: own, path: '/v1/session', headers: { Host: `greenloop.test:${own}` } }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(401)
    response.resume()
  })

  it('does not listen beyond the loopback without protection', async () => {
    await expect(openServiceLab({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'server_exposed' })
  })
})

describe('callers', () => {
  it('wants one for every operation but those of the session, streams and downloads among them', async () => {
    for (const [id, spec] of table) {
      const { status, headers } = await raw(spec.method.toUpperCase(), sample(spec))
      if (spec.scope === 'none') continue
      expect([id, status]).toEqual([id, 401])
      expect(headers['www-authenticate']).toContain('Bearer')
    }
    for (const path of ['/v1/openapi.json', '/metrics']) expect((await raw('GET', path)).status, path).toBe(401)
    expect((await raw('POST', '/mcp', { headers: asJson, body: '{}' })).status).toBe(401)
  })

  it('keeps each scope to what it may do', async () => {
    const ranks = { none: 0, read: 1, run: 2, admin: 3 } as const
    for (const scope of ['read', 'run'] as const) {
      const token = await lab.tokenOf(scope)
      for (const [id, spec] of table.filter(([, { scope: wanted }]) => ranks[wanted] > ranks[scope])) {
        const { status, json } = await raw(spec.method.toUpperCase(), sample(spec), {
          headers: { Authorization: `Bearer ${token}` },
        })
        expect([id, status, json['name']]).toEqual([id, 403, 'token_refused'])
      }
    }
  })

  it.each(['Basic eDp5', 'Bearer', 'Bearer  ', 'Bearer greenloop_wrong', 'bearer a b'])(
    'refuses `%s`',
    async (value) => {
      expect((await raw('GET', '/v1/runs', { headers: { Authorization: value } })).status).toBe(401)
    },
  )

  it('ends a token with its revocation', async () => {
    const token = await lab.tokenOf('read')
    expect((await lab.ask('GET', '/v1/runs', { token })).status).toBe(200)
    const { items } = (await (await lab.ask('GET', '/v1/tokens')).json()) as { items: { id: string; scope: string }[] }
    for (const { id } of items.filter((each) => each.scope === 'read')) await lab.ask('DELETE', `/v1/tokens/${id}`)
    expect((await lab.ask('GET', '/v1/runs', { token })).status).toBe(401)
  })
})

describe('sessions of the page', () => {
  it('are begun with a code that works once', async () => {
    const code = await lab.server.access.createCode()
    const login = () => raw('POST', '/v1/session', { headers: asJson, body: JSON.stringify({ code }) })
    const both = await Promise.all([login(), login()])
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 403]))
    const cookie = both.find(({ status }) => status === 200)?.headers['set-cookie']?.[0] ?? ''
    expect(cookie).toMatch(/^greenloop=[\w-]{32,}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/u)
  })

  it('have a cookie for https alone where the page has https', async () => {
    const body = JSON.stringify({ code: await lab.server.access.createCode() })
    const headers = { ...asJson, Host: `localhost:${port}`, Origin: `https://localhost:${port}` }
    const cookie = (await raw('POST', '/v1/session', { headers, body })).headers['set-cookie']?.[0]
    expect(cookie).toMatch(/^__Host-greenloop=.*; Secure$/u)
  })

  it('change nothing for a foreign, another or no Origin', async () => {
    const cookie = await cookieOf()
    const own = { ...asJson, Cookie: cookie, Host: `127.0.0.1:${port}` }
    const tries: Record<string, string>[] = [
      {},
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: `http://127.0.0.1:${Number(port) + 1}` },
      { Origin: `http://localhost:${port}` },
      { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-site' },
    ]
    for (const headers of tries) {
      const { status, json } = await raw('POST', '/v1/suites/check', {
        headers: { ...own, ...headers },
        body: '{"text":""}',
      })
      expect([headers, status, json['name']]).toEqual([headers, 403, 'origin_refused'])
    }
    const headers = { ...own, Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' }
    expect((await raw('POST', '/v1/suites/check', { headers, body: '{"text":"{}"}' })).status).toBe(200)
  })

  it('give nothing to pages of other sites that ask in the background', async () => {
    const headers = { Cookie: await cookieOf(), 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' }
    expect((await raw('GET', '/v1/runs', { headers })).status).toBe(403)
    const answer = await raw('GET', '/v1/runs', { headers: { ...bearer(), Origin: 'https://evil.example' } })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect((await raw('OPTIONS', '/v1/runs', { headers: { Origin: 'https://evil.example' } })).status).toBe(405)
  })

  it('end with the logout', async () => {
    const headers = { Cookie: await cookieOf(), Host: `127.0.0.1:${port}`, Origin: `http://127.0.0.1:${port}` }
    expect((await raw('GET', '/v1/session', { headers })).json).toMatchObject({ name: 'page', via: 'cookie' })
    expect((await raw('DELETE', '/v1/session', { headers })).status).toBe(204)
    expect((await raw('GET', '/v1/session', { headers })).status).toBe(401)
  })

  it('work in a real browser, by number and by name, over plain http', async () => {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
    try {
      for (const host of ['127.0.0.1', 'localhost']) {
        const page = await (await browser.newContext()).newPage()
        await page.goto(`http://${host}:${port}/v1/session`)
        const code = await lab.server.access.createCode()
        const told = await page.evaluate(async (one) => {
          const headers = { 'Content-Type': 'application/json' }
          const login = await fetch('/v1/session', { method: 'POST', headers, body: JSON.stringify({ code: one }) })
          const seen = await fetch('/v1/session')
          const change = await fetch('/v1/suites/check', { method: 'POST', headers, body: '{"text":"{}"}' })
          const script = Reflect.get(globalThis, 'document') as { cookie: string }
          return [login.status, seen.status, change.status, script.cookie]
        }, code)
        expect(told, host).toEqual([200, 200, 200, ''])
      }
    } finally {
      await browser.close()
    }
  })

  it('cannot be guessed: five wrong ones in a minute, then a pause', async () => {
    await using own = await openServiceLab()
    const login = (json: unknown) => own.ask('POST', '/v1/session', { token: '', json })
    for (let index = 0; index < 5; index++) expect((await login({ code: `wrong${index}` })).status).toBe(403)
    const refused = await login({ token: own.token })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30)
    const book = (await (await own.ask('GET', '/v1/audit')).json()) as { items: Record<string, string>[] }
    expect(book.items.filter(({ action, outcome }) => action === 'startSession' && outcome === 'refused')).toHaveLength(
      5,
    )
    expect(book.items[0]).toMatchObject({ who: '-', address: '127.0.0.1' })
  })
})

describe('bodies', () => {
  const check = (body: string, headers: Record<string, string> = asJson) =>
    raw('POST', '/v1/suites/check', { headers: { ...bearer(), ...headers }, body })

  it('are JSON', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      '',
    ])
      expect((await check('{"text":"{}"}', { 'Content-Type': type })).status, type).toBe(415)
    expect((await check('{"text":"{}"}', { ...asJson, 'Content-Encoding': 'gzip' })).status).toBe(415)
    expect((await check('{"text":"{}"}', { 'Content-Type': 'application/json; charset=UTF-8' })).status).toBe(200)
  })

  it('end at 10 MiB, told beforehand or not', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(11 * 1024 * 1024) })
    const told = await lab.ask('POST', '/v1/suites/check', { text: body })
    expect(told.status).toBe(413)
    const headers = { ...bearer(), ...asJson, 'Transfer-Encoding': 'chunked' }
    const endless = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/v1/suites/check',
      headers,
      agent: false,
    })
    const answered = (once(endless, 'response') as Promise<[IncomingMessage]>).then(
      ([{ statusCode }]) => statusCode,
      () => 'cut',
    )
    const part = Buffer.alloc(1024 * 1024, ' ')
    let sent = 0
    const pour = (): void => {
      while (sent++ < 64 && !endless.destroyed) if (!endless.write(part)) return void endless.once('drain', pour)
    }
    endless.on('error', () => {})
    pour()
    // Whoever does not listen while it pours finds the socket closed.
    expect([413, 'cut']).toContain(await answered)
    expect(sent).toBeLessThan(64)
    endless.destroy()
  })

  it.each([
    ['nesting', `{"text":${'['.repeat(5_000_000)}`, 413],
    ['one key twice', '{"text":"a","text":"b"}', 400],
    ['__proto__', '{"text":"{}","__proto__":{"admin":true}}', 400],
    ['NUL', '{"text":"a\\u0000"}', 400],
    ['half a character', '{"text":"\\ud800"}', 400],
    ['no JSON', '{"text":', 400],
    ['unknown keys', '{"text":"{}","txet":1}', 400],
    ['nothing', '', 400],
  ])('are refused for %s', async (_name, body, status) => {
    const began = performance.now()
    const answer = await check(body)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it('are refused where they are no UTF-8', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    const headers = { ...bearer(), ...asJson }
    expect((await fetch(`${lab.url}/v1/suites/check`, { method: 'POST', headers, body })).status).toBe(400)
  })

  it('with a bomb in YAML are answered soon, and the server goes on meanwhile', async () => {
    const laughs = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...Array.from({ length: 12 }, (_, at) => {
        const [name, before] = [String.fromCharCode(98 + at), String.fromCharCode(97 + at)]
        return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`
      }),
    ].join('\n')
    for (const suite of [
      laughs,
      '['.repeat(100_000),
      `${'- '.repeat(50_000)}x`,
      `name: "${'\\u0061'.repeat(200_000)}`,
    ]) {
      const began = performance.now()
      const start = lab.ask('POST', '/v1/pipelines', { json: { suite } })
      const meanwhile = await lab.ask('GET', '/v1/runs')
      expect(meanwhile.status).toBe(200)
      expect(performance.now() - began).toBeLessThan(1000)
      const { status } = await start
      expect([413, 422]).toContain(status)
      expect(performance.now() - began).toBeLessThan(6000)
    }
  })
})

describe('sockets', () => {
  it('that are slow to say what they want are let go, and hold up nobody', async () => {
    const slow = Array.from({ length: 100 }, () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET /v1/runs HTTP/1.1\r\nHost: localhost\r\nX-')
      return socket
    })
    const began = performance.now()
    expect((await lab.ask('GET', '/v1/runs')).status).toBe(200)
    expect(performance.now() - began).toBeLessThan(500)
    const answers = await Promise.all(
      slow.map(async (socket) => {
        let text = ''
        for await (const part of socket) text += String(part)
        return text.slice(0, 12)
      }),
    )
    expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 408']))
  })

  it('with too many headers are refused', async () => {
    const headers = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`X-${at}`, 'x'.repeat(50)]))
    expect((await raw('GET', '/v1/runs', { headers: { ...bearer(), ...headers } })).status).toBe(431)
  })

  it.each([
    'GET http://evil.example/v1/runs HTTP/1.1',
    'TRACE /v1/runs HTTP/1.1',
    'FOO /v1/runs HTTP/1.1',
    'GET /\\..\\x HTTP/1.1',
    'nonsense',
  ])('that say `%s` get an answer without a stack', async (line) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    let text = ''
    for await (const part of socket) text += String(part)
    expect(text).toMatch(/^HTTP\/1\.1 (?:400|404|405|421) /u)
    expect(text).not.toMatch(/node_modules|\.ts:|at async/u)
  })
})

it('puts the headers of the house on every answer', async () => {
  for (const path of ['/', '/nothing.js', '/v1/runs', '/v1/nothing', '/assets/../../package.json']) {
    const { headers } = await raw('GET', path, { headers: path === '/v1/runs' ? bearer() : {} })
    expect(headers, path).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self'; /u) as string,
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-request-id': expect.stringMatching(/^[0-9A-Z]{26}$/u) as string,
    })
    expect(headers['strict-transport-security']).toBeUndefined()
  }
})

it('met nothing that it did not expect', () => {
  expect(lab.failures).toEqual([])
})
