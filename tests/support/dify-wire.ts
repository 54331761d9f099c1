import type { ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import { after, every } from '../../src/lib/clock.ts'
import type { DifyFault, Fields } from './dify-script.ts'

interface Wire {
  readonly fault?: DifyFault | undefined
  readonly newline: string
  readonly pingMs: number
}

/** Sends events as they come, with a sign of life in between, and does to the connection what the fault says. */
export async function writeEvents(
  response: ServerResponse,
  events: AsyncIterable<Fields>,
  { fault, newline, pingMs }: Wire,
): Promise<void> {
  const gzip = fault?.kind === 'gzip' ? createGzip() : undefined
  const head = { 'content-type': 'text/event-stream', ...(gzip === undefined ? {} : { 'content-encoding': 'gzip' }) }
  response.writeHead(200, head).flushHeaders()
  gzip?.pipe(response)
  const send = async (text: string): Promise<void> => {
    if (response.destroyed) return
    if (fault?.kind === 'split') return await sendSplit(response, text, fault.sizes)
    if (gzip === undefined) await written(response, text)
    else await new Promise<void>((resolve) => void gzip.write(text, () => gzip.flush(() => resolve())))
  }
  const pings = every(pingMs, () => void send(`event: ping${newline}${newline}`))
  let count = 0
  try {
    if (fault?.kind === 'cut' && fault.after === 0) return await cut(response)
    if (fault?.kind === 'silence' && fault.after === 0) return
    for await (const event of events) {
      if (response.destroyed) return
      await send(`data: ${JSON.stringify(event)}${newline}${newline}`)
      count++
      if (fault?.kind === 'cut' && count === fault.after) return await cut(response)
      if (fault?.kind === 'silence' && count === fault.after) return
    }
    if (gzip === undefined) response.end()
    else gzip.end()
  } finally {
    pings.cancel()
  }
}

async function sendSplit(response: ServerResponse, text: string, sizes: readonly number[]): Promise<void> {
  const bytes = Buffer.from(text)
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    await written(response, bytes.subarray(at, at + size))
    at += size
  }
}

function written(response: ServerResponse, data: string | Buffer): Promise<void> {
  return new Promise((resolve) => response.write(data, () => resolve()))
}

/** What was sent before is to arrive before the connection breaks. */
async function cut(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => after(5, resolve))
  response.socket?.destroy()
}
