import { inspect } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { canary, clientOf, startServer } from './gitlab.fixture.ts'
import type { Reply, Seen } from './gitlab.fixture.ts'
import { createWorld } from './gitlab-world.fixture.ts'

const { signal } = new AbortController()

/** A server whose first answers are these, and then those of the world. */
async function startScript(...replies: readonly Reply[]) {
  const world = createWorld()
  let count = 0
  return await startServer((seen: Seen) => replies[count++] ?? world.answer(seen))
}

const limited = (headers: Readonly<Record<string, string>>): Reply => ({ status: 429, text: 'Retry later', headers })

describe('the wait before another try', () => {
  it.each([
    ['seconds of Retry-After', { 'retry-after': '10' }, 11_000],
    ['the date of Retry-After', { 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 33_000],
    ['the end of the rate limit', { 'ratelimit-reset': String(Date.parse('2026-11-21T12:00:20Z') / 1000) }, 22_000],
    ['a chance below the interval', {}, 500],
    ['a chance, where the header is nonsense', { 'retry-after': 'soon' }, 500],
  ])('is %s', async (_, headers, expected) => {
    await using server = await startScript(limited(headers))
    await using client = clientOf(server.url)
    await client.forge.findProject('1', signal)
    expect(client.waits).toEqual([expected])
  })

  it('grows up to a minute, for as many attempts as are allowed', async () => {
    await using server = await startServer(() => ({ status: 503 }))
    await using client = clientOf(server.url, { retry: { intervalMs: 1000, maxAttempts: 10 }, random: () => 0.999 })
    await expect(client.forge.findProject('1', signal)).rejects.toMatchObject({ code: 'forge_unavailable' })
    expect(client.waits.map((ms) => Math.round(ms / 1000))).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    expect(server.requests).toHaveLength(10)
  })

  it('is not begun where the host asks for more than an hour', async () => {
    await using server = await startScript(limited({ 'retry-after': '86400' }))
    await using client = clientOf(server.url)
    await expect(client.forge.findProject('1', signal)).rejects.toMatchObject({ code: 'forge_rate_limited' })
    expect([client.waits, server.requests.length]).toEqual([[], 1])
  })

  it('holds for every request, since the limit is one of the token', async () => {
    await using server = await startScript(limited({ 'retry-after': '60' }))
    const clock = createVirtualClock()
    await using client = clientOf(server.url, { clock, random: () => 0 })
    const first = client.forge.findProject('1', signal)
    while (clock.pending < 1) await delay(1)
    const second = client.forge.findProject('1', signal)
    while (clock.pending < 2) await delay(1)
    expect(server.requests).toHaveLength(1)
    await clock.run()
    await Promise.all([first, second])
    expect([clock.now(), server.requests.length]).toEqual([60_000, 3])
  })

  it('ends with the signal, whose reason is thrown', async () => {
    const stop = new AbortController()
    await using server = await startServer(() => {
      setImmediate(() => stop.abort(new Error('stopped')))
      return { status: 503, headers: { 'retry-after': '3000' } }
    })
    const clock = createVirtualClock()
    await using client = clientOf(server.url, { clock })
    await expect(client.forge.findProject('1', stop.signal)).rejects.toThrow('stopped')
    expect(clock.pending).toBe(0)
  })
})

it('an abort within an answer throws the reason', async () => {
  const stop = new AbortController()
  await using server = await startServer(() => ({
    stream: (response) => {
      response.write('[')
      setImmediate(() => stop.abort(new Error('stopped')))
    },
  }))
  await using client = clientOf(server.url)
  await expect(client.forge.pipelines(1, {}, stop.signal)).rejects.toThrow('stopped')
})

it('never has more than eight requests under way', async () => {
  const open: (() => void)[] = []
  let most = 0
  await using server = await startServer((seen) => ({
    stream: (response) => {
      open.push(() => response.end(JSON.stringify(createWorld().answer(seen).json)))
      most = Math.max(most, open.length)
    },
  }))
  await using client = clientOf(server.url)
  const calls = Array.from({ length: 30 }, () => client.forge.findProject('1', signal))
  for (let left = calls.length; left > 0; left--) {
    while (open.length < Math.min(8, left)) await delay(1)
    open.shift()?.()
  }
  await Promise.all(calls)
  expect(most).toBe(8)
})

describe('a redirect', () => {
  it('of a project that has moved is followed with the token', async () => {
    await using server = await startServer((seen) =>
      seen.path === '/projects/old%2Fname'
        ? { status: 301, headers: { location: '/api/v4/projects/1' } }
        : createWorld().answer(seen),
    )
    await using client = clientOf(server.url)
    const project = await client.forge.findProject('old/name', signal)
    expect(project?.id).toBe(1)
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 2 }, () => `Bearer ${canary}`),
    )
  })

  it('to another origin is followed for a trace alone, and the token stays at home', async () => {
    await using storage = await startServer(() => ({ text: 'from the storage' }))
    await using server = await startServer(() => ({ status: 302, headers: { location: `${storage.url}/x` } }))
    await using client = clientOf(server.url)
    expect(await client.forge.trace(1, 1, signal)).toBe('from the storage')
    expect(storage.requests[0]?.headers.authorization).toBeUndefined()
    await expect(client.forge.findProject('1', signal)).rejects.toMatchObject({ code: 'forge_garbled' })
    expect(storage.requests).toHaveLength(1)
  })

  it('of a change is not followed', async () => {
    await using server = await startServer((seen) =>
      seen.method === 'POST' ? { status: 307, headers: { location: '/api/v4/elsewhere' } } : createWorld().answer(seen),
    )
    await using client = clientOf(server.url)
    await expect(client.forge.createPipeline(1, 'main', signal)).rejects.toMatchObject({
      code: 'forge_garbled',
      why: 'it redirects to /api/v4/elsewhere',
    })
  })

  it('without end is given up', async () => {
    await using server = await startServer(() => ({ status: 302, headers: { location: '/api/v4/projects/1' } }))
    await using client = clientOf(server.url)
    await expect(client.forge.findProject('1', signal)).rejects.toMatchObject({ code: 'forge_garbled' })
    expect(server.requests).toHaveLength(6)
  })
})

describe('the token', () => {
  const told = (error: unknown): string => inspect(error, { depth: 10, showHidden: true })

  it.each(['text', 'json', 'header', 'location'] as const)(
    'is in no error, even where the %s repeats it',
    async (kind) => {
      const shown = [canary, encodeURIComponent(`${canary}=`), Buffer.from(`oauth2:${canary}`).toString('base64')].join(
        ' ',
      )
      const replies: Readonly<Record<typeof kind, Reply>> = {
        text: { text: `<html>${shown}` },
        json: { status: 400, json: { message: { base: [shown] }, error: shown } },
        header: { status: 500, headers: { 'x-request-id': canary } },
        location: { status: 302, headers: { location: `https://elsewhere.example.com/?private_token=${canary}` } },
      }
      await using server = await startServer(() => replies[kind])
      await using client = clientOf(server.url)
      const error: unknown = await client.forge.findProject(`group/${canary}`, signal).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      const text = `${told(error)} ${client.lines.join(' ')}`
      for (const secret of [...shown.split(' '), canary.slice(6)]) expect(text).not.toContain(secret)
    },
  )

  it('is in no error of a connection', async () => {
    await using server = await startServer(() => ({
      stream: (response) => void response.socket?.end(`HTTP/1.1 ${canary} ${canary}\r\n\r\n`),
    }))
    await using client = clientOf(server.url)
    const error: unknown = await client.forge.findProject('1', signal).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'forge_garbled' })
    expect(told(error)).not.toContain(canary)
  })

  it.each(['', ' ', 'two words', 'line\nbreak', 'schlüssel'])('is refused as %j before anything is sent', (token) => {
    expect(() => clientOf('https://gitlab.example.com', { token })).toThrow(
      expect.objectContaining({ code: 'forge_auth_failed' }),
    )
  })
})

it.each(['gitlab.example.com', 'ftp://gitlab.example.com', 'https://user:secret@gitlab.example.com', ''])(
  'the address %j is refused',
  (url) => {
    expect(() => clientOf(url)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  },
)

it('a prefix of the address is kept, and the path of the API may be part of it', async () => {
  await using server = await startServer(({ path }) => ({ status: 400, text: path }))
  await using client = clientOf(`${server.url}/code/api/v4/`)
  await client.forge.findProject('a/b c', signal).catch(() => {})
  expect(server.lines()).toEqual(['GET /code/projects/a%2Fb%20c'])
})

it('the log of operations tells each attempt, with the names of a query alone', async () => {
  await using server = await startScript({ status: 503 })
  await using client = clientOf(server.url)
  await client.forge.pipelines(1, { ref: 'secret-branch', limit: 5 }, signal)
  expect(client.lines).toEqual([
    'GET /projects/1/pipelines?per_page=…&ref=…&order_by=…&sort=… 503 0 ms attempt 1',
    'GET /projects/1/pipelines?per_page=…&ref=…&order_by=…&sort=… 200 0 ms attempt 2',
  ])
})

it('an error says what was asked, what was answered, and what mends it', async () => {
  await using server = await startServer(() => ({
    status: 403,
    headers: { 'x-request-id': '01HX' },
    json: { error: 'insufficient_scope', error_description: 'needs \u001B[31mapi\u202E' },
  }))
  await using client = clientOf(server.url)
  await expect(client.forge.pipeline(1, 2, signal)).rejects.toMatchObject({
    message: 'GET /projects/1/pipelines/2: 403, request 01HX: insufficient_scope; needs api<U+202E>',
    help: expect.stringContaining('`write_repository`'),
    call: { status: 403 },
  })
})

it('an error quotes at most a kilobyte', async () => {
  await using server = await startServer(() => ({ status: 400, text: 'x'.repeat(5_000_000) }))
  await using client = clientOf(server.url)
  const error = (await client.forge.pipeline(1, 2, signal).catch((error: unknown) => error)) as Error
  expect(error.message.length).toBeLessThan(1200)
})

it('a refused connection is tried again even for a change, since nothing was sent', async () => {
  const server = await startServer(() => ({}))
  await server[Symbol.asyncDispose]()
  await using client = clientOf(server.url)
  await expect(client.forge.playJob(1, 1, signal)).rejects.toMatchObject({
    code: 'forge_unavailable',
    message: expect.stringContaining('connection refused (ECONNREFUSED) (attempt 3)'),
  })
  expect(client.lines.every((line) => line.startsWith('POST'))).toBe(true)
})

describe('a change that was carried out unseen', () => {
  it('explains why a further one was refused', async () => {
    const world = createWorld()
    let posts = 0
    let looks = 0
    await using server = await startServer((seen): Reply => {
      const isLook = seen.method === 'GET' && seen.path.startsWith('/projects')
      if (isLook && looks++ < 2) return seen.path === '/projects' ? { json: [] } : { status: 404 }
      if (seen.method !== 'POST') return world.answer(seen)
      if (posts++ > 0) return { status: 400, json: { message: { path: ['has already been taken'] } } }
      world.answer(seen)
      return { status: 502 }
    })
    await using client = clientOf(server.url)
    const made = await client.forge.createProject({ path: 'tools/qa/new', visibility: 'private' }, signal)
    expect([made.path, posts]).toEqual(['tools/qa/new', 2])
  })

  it('is found after the last attempt too', async () => {
    const world = createWorld()
    await using server = await startServer((seen): Reply => {
      const answer = world.answer(seen)
      return seen.method === 'POST' ? { fault: 'reset' } : answer
    })
    await using client = clientOf(server.url, { retry: { intervalMs: 1000, maxAttempts: 1 } })
    expect((await client.forge.retryJob(1, 1000, signal)).id).toBe(1002)
    expect(server.lines().filter((line) => line.startsWith('POST'))).toHaveLength(1)
  })
})

it('a job that cannot be retried is no matter of the token', async () => {
  await using server = await startServer(() => ({
    status: 403,
    json: { message: '403 Forbidden - Job is not retryable' },
  }))
  await using client = clientOf(server.url)
  await expect(client.forge.retryJob(1, 1, signal)).rejects.toMatchObject({ code: 'forge_rejected' })
})
