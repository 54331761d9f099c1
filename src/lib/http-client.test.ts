import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createHttpClient, readBody } from './http-client.ts'

const { signal } = new AbortController()

/** A server that answers the first request of a connection and breaks off at the second. */
async function fickleServer() {
  const seen = new WeakSet<Socket>()
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    if (seen.has(request.socket)) return void request.socket.destroy()
    seen.add(request.socket)
    request.resume().once('end', () => response.end('there'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function asked(method: string) {
  await using server = await fickleServer()
  const client = createHttpClient()
  try {
    const texts: string[] = []
    for (let index = 0; index < 2; index++) {
      const { body } = await client.send(
        { url: server.url, method, headers: {}, body: method === 'GET' ? undefined : 'x' },
        signal,
      )
      texts.push(await readBody(body, 1000))
    }
    return { texts, requests: server.requests() }
  } finally {
    client.close()
  }
}

describe('a connection that was kept and is gone', () => {
  it('is made anew for what changes nothing', async () => {
    expect(await asked('GET')).toEqual({ texts: ['there', 'there'], requests: 3 })
  })

  it('leaves open what became of anything else', async () => {
    await expect(asked('POST')).rejects.toMatchObject({ name: 'SendError', maybeSent: true, wasKept: true })
  })
})
