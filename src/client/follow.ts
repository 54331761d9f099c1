import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import { backoffMs } from '../lib/backoff.ts'
import { after, monotonic, sleep } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { ApiError, ConnectionError } from './api-client.ts'
import type { ApiClient } from './api-client.ts'
import type { ApiRun, ApiRunEvent } from './types.ts'

/** How a stream is followed. */
export interface FollowOptions {
  readonly signal: AbortSignal
  /** The numbering began anew, or events are gone: what was shown so far counts no more. */
  readonly onReset?: (() => void) | undefined
  /** The connection broke and is made again; `undefined` once it stands. */
  readonly onTrouble?: ((error: Error | undefined) => void) | undefined
  /** Milliseconds without any answer after which the last error is thrown; five minutes unless set. */
  readonly patienceMs?: number | undefined
}

/** How a run has ended, as its stream tells it. */
export interface RunEnd {
  readonly status: ApiRun['status']
  readonly verdict?: string | undefined
  readonly exitCode?: number | undefined
  readonly reason?: string | undefined
}

/**
 * Events of a run behind `after`, each once and in order, until nothing more happens in it; gives how it ended. A broken connection is
 * taken up where it was. Throws `ApiError` where the server refuses, `ConnectionError` where it stays away, the reason of the signal.
 */
export async function* followRun(
  client: ApiClient,
  id: string,
  options: FollowOptions & { readonly after?: number | undefined },
): AsyncGenerator<ApiRunEvent, RunEnd, undefined> {
  let seen = options.after ?? 0
  const connect = (signal: AbortSignal): Promise<Response> =>
    client.response('listEvents', { params: { id }, query: { after: seen } }, { signal, headers: accept })
  for await (const { event, data } of messages(connect, options)) {
    const told: unknown = JSON.parse(data)
    if (event === 'end') return told as RunEnd
    if (event === 'reset') {
      seen = 0
      options.onReset?.()
      continue
    }
    const next = told as ApiRunEvent
    if (next.seq <= seen) continue
    seen = next.seq
    yield next
  }
  throw new ConnectionError('server_garbled', 'the stream of the run ended without an end')
}

/** What becomes of all runs from now on, without end; after a reset the list has to be read again. */
export async function* followRuns(client: ApiClient, options: FollowOptions): AsyncGenerator<ApiRun, void, undefined> {
  let seen: string | undefined
  const connect = (signal: AbortSignal): Promise<Response> =>
    client.response(
      'followRuns',
      {},
      { signal, headers: { ...accept, ...(seen === undefined ? {} : { 'last-event-id': seen }) } },
    )
  for await (const { event, data, id } of messages(connect, options)) {
    seen = id ?? seen
    if (event === 'reset') options.onReset?.()
    if (event === 'run') yield (JSON.parse(data) as { readonly run: ApiRun }).run
  }
}

const accept = { accept: 'text/event-stream' }
const usualPatienceMs = 300_000
/** The server says something every 15 seconds; after three of them it is taken for gone. */
const silenceMs = 45_000
/** An event is small; a stream that never ends one is not ours. */
const maxEventChars = 32 * 1024 * 1024
const backoff = { backoffSeconds: 1, backoffMultiplier: 2, maxBackoffSeconds: 30, jitter: 'full' } as const
/** Even the shortest wait leaves the server some air. */
const leastWaitMs = 100

type Connect = (signal: AbortSignal) => Promise<Response>

/** Messages over as many connections as it takes. */
async function* messages(
  connect: Connect,
  options: FollowOptions,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const { signal, onTrouble, patienceMs = usualPatienceMs } = options
  let failures = 0
  let troubleSince: number | undefined
  const opened = (): void => {
    if (troubleSince !== undefined) onTrouble?.(undefined)
    troubleSince = undefined
    failures = 0
  }
  for (;;) {
    try {
      yield* connection(connect, { signal, opened })
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassing(error)) throw error
      troubleSince ??= monotonic()
      if (monotonic() - troubleSince > patienceMs) throw error
      onTrouble?.(error)
    }
    failures++
    await sleep(leastWaitMs + backoffMs(failures, backoff, random), signal)
  }
}

/** Whether another try may go better: nobody answered, the stream broke, the server is busy or restarting. */
function isPassing(error: unknown): error is Error {
  if (error instanceof ApiError) return error.status >= 500 || error.status === 429
  return error instanceof ConnectionError && (error.status === undefined || error.status >= 500)
}

/** Messages of one connection. */
async function* connection(
  connect: Connect,
  { signal, opened }: { readonly signal: AbortSignal; readonly opened: () => void },
): AsyncGenerator<EventSourceMessage, void, undefined> {
  const stop = new AbortController()
  const forward = (): void => stop.abort(signal.reason)
  signal.throwIfAborted()
  signal.addEventListener('abort', forward, { once: true })
  const gone = (): void => stop.abort(new ConnectionError('server_unreachable', 'the server has fallen silent'))
  let silence = after(silenceMs, gone)
  try {
    const reader = readerOf(await connect(stop.signal))
    opened()
    const waiting: EventSourceMessage[] = []
    const parser = createParser({ onEvent: (message) => waiting.push(message), maxBufferSize: maxEventChars })
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      silence.cancel()
      silence = after(silenceMs, gone)
      parser.feed(decoder.decode(value, { stream: true }))
      yield* waiting.splice(0)
    }
  } catch (error) {
    stop.signal.throwIfAborted()
    throw error instanceof Error && error.name === 'TypeError'
      ? new ConnectionError('server_unreachable', 'the stream broke off', { cause: error })
      : error
  } finally {
    silence.cancel()
    signal.removeEventListener('abort', forward)
    stop.abort()
  }
}

function readerOf(answer: Response): ReadableStreamDefaultReader<Uint8Array> {
  const type = answer.headers.get('content-type') ?? 'no media type'
  if (answer.body === null || !type.startsWith('text/event-stream')) {
    throw new ConnectionError('server_garbled', `the answer is ${type}, not a stream of events`, {
      status: answer.status,
    })
  }
  return answer.body.getReader()
}
