import { readFile } from 'node:fs/promises'
import { noteServing, runningServer } from '../app/serve-link.ts'
import { openService } from '../app/service.ts'
import type { Surroundings } from '../app/surroundings.ts'
import { ConnectionError, createApiClient } from '../client/api-client.ts'
import type { ApiClient } from '../client/api-client.ts'
import { GreenloopError } from '../domain/errors.ts'
import { sleep } from '../lib/clock.ts'
import { startHttp } from '../server/http-server.ts'
import { version } from './version.ts'

/** A client of the service of this folder, and what lets go of it. */
export interface FolderClient {
  readonly client: ApiClient
  close(): Promise<void>
}

interface Held {
  readonly client: ApiClient
  close(): Promise<void>
}

/** Runs that go on when the client leaves have so long to end; what is not over then goes on when a server is back. Milliseconds. */
const drainMs = 5000
const attempts = 10
const betweenMs = 300

/**
 * The service of the working folder: that of a server which runs for it, else one that is opened here and listens on the loopback for this
 * folder's own clients, so that several editors may share it. Where the other one ends, the next call takes its place.
 */
export function folderClient(where: Surroundings): FolderClient {
  let held: Promise<Held> | undefined
  const open = (): Promise<Held> => {
    held ??= attachOrOpen(where)
    held.catch(() => (held = undefined))
    return held
  }
  const again = async <T>(work: (client: ApiClient) => Promise<T>): Promise<T> => {
    const first = await open()
    try {
      return await work(first.client)
    } catch (error) {
      if (!isDeserted(error)) throw error
      held = undefined
      return await work((await open()).client)
    }
  }
  const client: ApiClient = {
    call: (operation, sent, options) => again((inner) => inner.call(operation, sent, options)),
    response: (operation, sent, options) => again((inner) => inner.response(operation, sent, options)),
    href: (operation) => operation,
  }
  return { client, close: async () => (await held?.catch(() => undefined))?.close() }
}

/** Whether nobody listens any more, so that nothing was taken in and may be sent again. */
function isDeserted(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'ECONNREFUSED') return error instanceof ConnectionError
  }
  return false
}

async function attachOrOpen(where: Surroundings): Promise<Held> {
  for (let attempt = 1; ; attempt++) {
    const running = await runningServer(where)
    if (running !== undefined) {
      const token = (await readFile(running.tokenFile, 'utf8')).trim()
      where.onStep?.(`working with the server at ${running.url}`)
      return { client: createApiClient({ baseUrl: running.url, token }), close: () => Promise.resolve() }
    }
    try {
      return await openHere(where)
    } catch (error) {
      // Another one has just begun, and will say where it is in a moment.
      if (!(error instanceof GreenloopError) || error.code !== 'server_running' || attempt >= attempts) throw error
      await sleep(betweenMs, where.signal)
    }
  }
}

async function openHere(where: Surroundings): Promise<Held> {
  const service = await openService({ onStep: where.onStep }, where)
  try {
    const server = await startHttp(service, { version, port: 0 })
    const { token } = await server.access.firstToken()
    const forget = await noteServing(service, { pid: process.pid, url: server.url })
    return {
      client: createApiClient({ baseUrl: server.url, token }),
      close: async () => {
        await forget()
        await server.close()
        await service.close(drainMs)
      },
    }
  } catch (error) {
    await service.close(0)
    throw error
  }
}
