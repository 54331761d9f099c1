import type { Readable } from 'node:stream'
import { createParser } from 'eventsource-parser'
import type { GreenloopError } from '../domain/errors.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Collector } from './dify-collect.ts'
import { garbled } from './dify-errors.ts'
import { parseFields } from './dify-fields.ts'
import type { DifyLimits } from './dify-limits.ts'
import type { HttpResponse } from '../lib/http-client.ts'

/** Ends a request on which nothing comes for too long, or whose caller has given up. */
export interface Watch {
  readonly signal: AbortSignal
  /** Whether silence ended it. */
  isSilent(): boolean
  /** Something came: the limit starts anew. */
  heard(limitMs: number): void
  stop(): void
}

/** A watch that passes an abort of `signal` on and ends the request itself after `limitMs` of silence. */
export function startWatch(signal: AbortSignal, limitMs: number, clock: Clock): Watch {
  const controller = new AbortController()
  let silent = false
  let timer: Timer | undefined
  const onAbort = (): void => controller.abort(signal.reason)
  const heard = (ms: number): void => {
    timer?.cancel()
    timer = clock.after(ms, () => {
      silent = true
      controller.abort(new Error(`nothing came for ${ms / 1000} s`))
    })
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  heard(limitMs)
  return {
    signal: controller.signal,
    isSilent: () => silent,
    heard,
    stop: () => {
      timer?.cancel()
      signal.removeEventListener('abort', onAbort)
    },
  }
}

/** What a stream is read with. */
export interface StreamParts {
  readonly collector: Collector
  readonly watch: Watch
  readonly clock: Clock
  readonly limits: DifyLimits
  /** {@link Clock.monotonic} that times count from. */
  readonly sentAt: number
}

/** How a stream ended: the collector is told everything, whatever the end. */
export type StreamEnd =
  | { readonly kind: 'ended' }
  /** The connection broke or fell silent. */
  | { readonly kind: 'broken'; readonly cause: unknown }
  /** What came was no stream of events. */
  | { readonly kind: 'garbled'; readonly error: GreenloopError }
  /** It is more than can be taken. */
  | { readonly kind: 'too_large'; readonly error: GreenloopError }

/** Reads events into the collector until it is closed or the stream ends. An abort ends it as `broken`. */
export async function readEvents({ body }: HttpResponse, parts: StreamParts): Promise<StreamEnd> {
  const { collector, watch, limits } = parts
  const decoder = new TextDecoder()
  const reader = createEventReader(parts)
  let bytes = 0
  try {
    const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
    for await (const chunk of chunks) {
      bytes += chunk.length
      reader.feed(decoder.decode(chunk, { stream: true }))
      if (collector.state() === 'closed') break
      const overflow = reader.overflow() ?? overflowOf(bytes, limits)
      if (overflow !== undefined) {
        body.destroy()
        return { kind: 'too_large', error: overflow }
      }
      watch.heard(collector.state() === 'open' ? limits.silenceMs : limits.lingerMs)
    }
  } catch (error) {
    body.destroy()
    return { kind: 'broken', cause: error }
  }
  // Events need their blank line; a server that closes right behind the last one still has said it.
  reader.feed(`${decoder.decode()}\n\n`)
  drain(body, parts)
  const nonsense = reader.nonsense()
  if (nonsense === undefined || collector.state() !== 'open') return { kind: 'ended' }
  return { kind: 'garbled', error: garbled(`the answer is no stream of events: ${nonsense}`) }
}

function overflowOf(bytes: number, { answerBytes }: DifyLimits): GreenloopError | undefined {
  return bytes > answerBytes ? garbled(`the answer is larger than ${answerBytes} bytes`) : undefined
}

function createEventReader({ collector, clock, sentAt, limits }: StreamParts) {
  let overflowing = false
  let understood = false
  let head = ''
  const parser = createParser({
    maxBufferSize: limits.eventChars,
    onEvent: ({ data }) => {
      const fields = parseFields(data)
      if (fields === undefined) return
      understood = true
      collector.push({ fields, chars: data.length, atMs: clock.monotonic() - sentAt })
    },
    onError: ({ type }) => {
      overflowing ||= type === 'max-buffer-size-exceeded'
    },
  })
  return {
    feed: (text: string): void => {
      if (!understood && head.length < 500) head += text
      parser.feed(text)
    },
    overflow: () =>
      overflowing ? garbled(`an event of the stream is larger than ${limits.eventChars} characters`) : undefined,
    /** The beginning of a body in which nothing was an event or a sign of life. */
    nonsense: (): string | undefined => {
      const start = head.trim()
      return understood || start === '' || /^(?:data|event|id|retry)?:/u.test(start) ? undefined : start
    },
  }
}

/** Lets the connection be used again: the server ends the stream right behind its last word. */
function drain(body: Readable, { clock, limits }: StreamParts): void {
  if (body.readableEnded || body.destroyed) return
  const timer = clock.after(limits.lingerMs, () => body.destroy())
  body.once('error', () => timer.cancel())
  body.once('close', () => timer.cancel())
  body.resume()
}
