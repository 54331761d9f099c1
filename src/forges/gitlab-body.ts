import type { Readable } from 'node:stream'
import { createCapped } from '../lib/capped.ts'

/** How much of a body is kept, in decoded bytes. */
export interface BodyCap {
  readonly bytes: number
  /** What becomes of a longer one: its middle is left out, the rest is not read, or it counts as garbage. */
  readonly over: 'middle' | 'stop' | 'refuse'
}

/** A body over the cap that refuses it. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/**
 * Reads a body as text. Throws {@link BodyTooLarge}, the error of the stream, or the signal's reason; the stream is closed
 * in every case.
 */
export async function readCapped(body: Readable, cap: BodyCap, signal: AbortSignal): Promise<string> {
  const onAbort = (): void => void body.destroy(signal.reason as Error)
  // A stream that breaks between two pieces has nobody else to tell.
  body.on('error', () => {})
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  const kept = createCapped(cap.over === 'middle' ? cap.bytes : 2 * cap.bytes)
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > cap.bytes && cap.over === 'refuse') throw new BodyTooLarge(`more than ${cap.bytes} bytes`)
      kept.add(chunk)
      if (size > cap.bytes && cap.over === 'stop') break
    }
    signal.throwIfAborted()
    return kept.read().text
  } finally {
    signal.removeEventListener('abort', onAbort)
    body.destroy()
  }
}
