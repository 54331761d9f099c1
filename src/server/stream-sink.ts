import type { ServerResponse } from 'node:http'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { after } from '../lib/clock.ts'
import type { Call } from './handler.ts'

/** One client of a stream. */
export interface Sink {
  readonly isGone: () => boolean
  /** Bytes that the other side has not taken yet. */
  readonly backlog: () => number
  readonly write: (bytes: Buffer) => void
  /** Waits until the other side has taken most of it; gives up on it after a minute. */
  readonly drained: () => Promise<void>
  /** Ends the stream behind what was written. */
  readonly end: () => void
  /** Cuts the connection; the client comes back and goes on where it was. */
  readonly drop: () => void
  /** Calls `listener` once, as soon as the client has gone. */
  readonly onGone: (listener: () => void) => void
}

/** A sink with the answer that belongs to it. */
export interface OpenedSink {
  readonly sink: Sink
  readonly response: Response
}

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
} as const
const stalledMs = 60_000

/** Answers a call with a stream that stays open. */
export function openSink(call: Call): OpenedSink {
  return call.raw === undefined ? webSink(call.signal) : rawSink(call.raw.outgoing)
}

/** Writes to the socket past web streams: with thousands of clients they take most of the time. */
function rawSink(outgoing: ServerResponse): OpenedSink {
  // Sent together with the first bytes.
  outgoing.writeHead(200, headers)
  outgoing.on('error', () => {})
  const isGone = (): boolean => outgoing.destroyed || outgoing.writableEnded
  const drop = (): void => void outgoing.destroy()
  const sink: Sink = {
    isGone,
    backlog: () => outgoing.writableLength,
    write: (bytes) => void (isGone() || outgoing.write(bytes)),
    drained: () =>
      waitFor({
        isOver: () => isGone() || !outgoing.writableNeedDrain,
        listen: (listener) => {
          outgoing.once('drain', listener).once('close', listener)
          return () => outgoing.off('drain', listener).off('close', listener)
        },
        drop,
      }),
    end: () => void outgoing.end(),
    drop,
    onGone: (listener) => void outgoing.once('close', listener),
  }
  // What Node's adapter of Hono knows an answer by that was sent already.
  return { sink, response: new Response(null, { headers: { 'x-hono-already-sent': 'true' } }) }
}

interface Waiting {
  readonly isOver: () => boolean
  /** Gives what stops listening. */
  readonly listen: (listener: () => void) => () => unknown
  readonly drop: () => void
}

async function waitFor({ isOver, listen, drop }: Waiting): Promise<void> {
  if (isOver()) return
  const timer = after(stalledMs, drop)
  let stop: (() => unknown) | undefined
  await new Promise<void>((resolve) => (stop = listen(resolve)))
  stop?.()
  timer.cancel()
}

/** For calls that come from no socket. */
function webSink(signal: AbortSignal): OpenedSink {
  const listeners: (() => void)[] = []
  let isOver = false
  let waiting: (() => void)[] = []
  const close = (): void => {
    if (isOver) return
    isOver = true
    for (const each of [...waiting, ...listeners]) each()
  }
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: 65_536 })
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => void (controller = given),
      pull: () => {
        for (const each of waiting) each()
        waiting = []
      },
      cancel: close,
    },
    strategy,
  )
  const room = (): number => controller?.desiredSize ?? 0
  const finish = (act: (given: ReadableStreamDefaultController<Uint8Array>) => void): void => {
    if (isOver || controller === undefined) return
    close()
    act(controller)
  }
  const drop = (): void => finish((given) => given.error(new Error('the stream was cut')))
  signal.addEventListener('abort', drop, { once: true })
  const sink: Sink = {
    isGone: () => isOver,
    backlog: () => Math.max(0, 65_536 - room()),
    write: (bytes) => void (isOver || controller?.enqueue(bytes)),
    drained: () =>
      waitFor({
        isOver: () => isOver || room() > 0,
        listen: (listener) => {
          waiting.push(listener)
          return () => {}
        },
        drop,
      }),
    end: () => finish((given) => given.close()),
    drop,
    onGone: (listener) => void listeners.push(listener),
  }
  return { sink, response: new Response(body, { headers }) }
}

/** Clients that are written to before everything else gets its turn. */
const sliceSize = 100
/** A client that has not taken this much is cut off. */
const mostBacklog = 256 * 1024

/** Writes to each client; one that is too far behind is cut off instead. */
export function eachSink<T extends Client>(members: Iterable<T>, write: (member: T) => void): Promise<void> {
  return inSlices(members, (member) => {
    if (member.sink.backlog() > mostBacklog) member.sink.drop()
    else write(member)
  })
}

/** Does something for each client that is there, in slices, so that thousands of them hold nothing else up. */
export async function inSlices<T extends Client>(members: Iterable<T>, act: (member: T) => void): Promise<void> {
  let count = 0
  for (const member of [...members]) {
    if (member.sink.isGone()) continue
    act(member)
    if (++count % sliceSize === 0) await othersTurn()
  }
}

/** Somebody with a sink. */
interface Client {
  readonly sink: Sink
}
