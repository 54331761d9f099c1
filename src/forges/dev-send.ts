import type { ServerResponse } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { DevReply } from './dev-http.ts'

/** Sends an answer whole. */
export function send(response: ServerResponse, reply: DevReply): void {
  const { bytes, headers } = encoded(reply)
  if (response.destroyed) return
  response.writeHead(reply.status, { ...headers, 'content-length': String(bytes.length) }).end(bytes)
}

/** Sends an answer a few bytes at a time, ten times a second. An abort or a reader that goes away ends it. */
export async function sendSlowly(
  response: ServerResponse,
  reply: DevReply,
  pace: { readonly bytesPerSecond: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { bytes, headers } = encoded(reply)
  response.writeHead(reply.status, { ...headers, 'content-length': String(bytes.length) })
  const step = Math.max(1, Math.floor(pace.bytesPerSecond / 10))
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step))
    await pace.clock.sleep(100, pace.signal)
  }
  response.end()
}

function encoded({ body, text, headers }: DevReply): { bytes: Buffer; headers: Record<string, string> } {
  const isJson = text === undefined
  const bytes = isJson ? Buffer.from(JSON.stringify(body ?? null)) : Buffer.from(text)
  return { bytes, headers: { 'content-type': isJson ? 'application/json' : 'text/plain; charset=utf-8', ...headers } }
}
