import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GreenloopError } from '../domain/errors.ts'
import { isSameSecret } from '../lib/hash.ts'

/** Listens for webhooks. What they say is not believed: they only wake whoever waits, who then asks the host. */
export interface Webhook {
  readonly port: number
  /** Comes back with the next event, or with one that came while nobody waited; rejects with the signal's reason. */
  readonly woken: (signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** Events that a poller cares for. */
const events: ReadonlySet<string> = new Set(['Pipeline Hook', 'Job Hook', 'Build Hook', 'Merge Request Hook'])
const requestMs = 10_000

/** Opens a listener on a port, on all addresses, since the host calls from elsewhere. Throws `forge_unavailable` where the port is taken. */
export async function openWebhook(config: {
  readonly port: number
  readonly secret?: string | undefined
  readonly host?: string | undefined
}): Promise<Webhook> {
  const waiting = new Set<() => void>()
  let wasMissed = false
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    request.resume()
    const isKnown = request.method === 'POST' && events.has(String(request.headers['x-gitlab-event']))
    const status = !isAllowed(request, config.secret) ? 401 : isKnown ? 204 : 202
    response.writeHead(status, { connection: 'close' }).end()
    if (status !== 204) return
    wasMissed = waiting.size === 0
    for (const wake of waiting) wake()
  })
  server.listen(config.port, config.host)
  await once(server, 'listening').catch((cause: Error) => {
    throw new GreenloopError('forge_unavailable', `webhooks cannot be listened for: ${cause.message}`, {
      cause,
      help: 'choose another `services.webhook_port`, or leave it out',
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    woken: (signal) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          waiting.delete(done)
          signal.removeEventListener('abort', stop)
          resolve()
        }
        const stop = (): void => {
          waiting.delete(done)
          reject(signal.reason as Error)
        }
        if (signal.aborted) return stop()
        if (wasMissed) {
          wasMissed = false
          return resolve()
        }
        signal.addEventListener('abort', stop, { once: true })
        waiting.add(done)
      }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isAllowed({ headers }: IncomingMessage, secret: string | undefined): boolean {
  return secret === undefined || isSameSecret(String(headers['x-gitlab-token'] ?? ''), secret)
}
