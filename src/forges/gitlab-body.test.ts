import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from './gitlab-certificate.fixture.ts'
import { clientOf, startServer } from './gitlab.fixture.ts'
import { createWorld } from './gitlab-world.fixture.ts'

const { signal } = new AbortController()
const mebibyte = 1024 * 1024

/** Writes `count` mebibytes, as fast as they are taken. */
function pour(response: ServerResponse, count: number): void {
  const piece = Buffer.alloc(mebibyte, 'x')
  let left = count
  const write = (): void => {
    while (left > 0) {
      left--
      if (!response.write(left === 0 ? 'the end' : piece)) return void response.once('drain', write)
    }
    response.end()
  }
  write()
}

describe('a body of a hundred megabytes', () => {
  it('gives head and tail of a trace', async () => {
    await using server = await startServer(() => ({ stream: (response) => pour(response, 100) }))
    await using client = clientOf(server.url)
    const trace = await client.forge.trace(1, 1, signal)
    expect(trace.length).toBeLessThan(32 * mebibyte + 100)
    expect(trace.endsWith('the end')).toBe(true)
    expect(trace).toContain(' bytes cut …]')
  })

  it('is no JSON, whatever it holds', async () => {
    await using server = await startServer(() => ({ stream: (response) => pour(response, 100) }))
    await using client = clientOf(server.url)
    await expect(client.forge.pipeline(1, 1, signal)).rejects.toMatchObject({
      code: 'forge_garbled',
      message: expect.stringContaining('more than 33554432 bytes'),
    })
  })

  it('counts as what it unpacks to', async () => {
    const packed = gzipSync(Buffer.alloc(100 * mebibyte))
    await using server = await startServer(() => ({
      stream: (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    }))
    await using client = clientOf(server.url)
    await expect(client.forge.pipeline(1, 1, signal)).rejects.toMatchObject({ code: 'forge_garbled' })
  })
})

it('a body that comes drop by drop runs into the limit of a request', async () => {
  await using server = await startServer(() => ({
    stream: (response) => {
      response.write('[')
      const timer = setInterval(() => response.write(' '), 5)
      response.once('close', () => clearInterval(timer))
    },
  }))
  await using client = clientOf(server.url, { requestTimeoutMs: 100 })
  await expect(client.forge.pipeline(1, 1, signal)).rejects.toMatchObject({
    code: 'forge_unavailable',
    message: expect.stringContaining('no complete answer within 0.1 s (attempt 3)'),
  })
})

describe('a certificate of its own', () => {
  it('is accepted where it is the authority of the settings, and refused at once where it is not', async () => {
    const secure = makeCertificate()
    await using server = await startServer(createWorld().answer, secure)
    await using trusting = clientOf(server.url, { ca: secure.cert })
    expect((await trusting.forge.findProject('1', signal))?.id).toBe(1)
    await using wary = clientOf(server.url)
    await expect(wary.forge.findProject('1', signal)).rejects.toMatchObject({
      code: 'forge_unavailable',
      help: expect.stringContaining('services.gitlab_ca_file'),
    })
    expect([wary.waits, server.requests.length]).toEqual([[], 1])
  })
})
