import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { createGzip } from 'node:zlib'
import { after } from '../../src/lib/clock.ts'

/** Answers one request; may leave the response open. */
export type Reply = (response: ServerResponse) => void

/** A request as it arrived. */
interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

/** A scripted OpenAI-compatible server that runs. */
export interface LlmServer {
  /** Base URL, without `/v1`. */
  readonly url: string
  readonly requests: readonly Received[]
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server on 127.0.0.1 that gives the replies in turn and repeats the last one. */
export async function startLlmServer(replies: readonly Reply[], port = 0): Promise<LlmServer> {
  const requests: Received[] = []
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await textOf(request)) || '{}') as Record<string, unknown>
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    const reply = replies[Math.min(requests.length, replies.length) - 1]
    if (reply === undefined) response.writeHead(500).end('no reply is scripted')
    else reply(response)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  const { port: bound } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${bound}`, requests, close, [Symbol.asyncDispose]: close }
}

/** How a stream is told. */
export interface StreamOptions {
  /** `undefined` leaves the finish reason out. */
  readonly finish?: string | undefined
  readonly done?: boolean
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number }
  readonly reasoning?: Readonly<Record<string, string>>
  readonly newline?: string
  readonly pieceLength?: number
  /** Keeps the connection open after the last event. */
  readonly hold?: boolean
}

/** Events of a stream that says `text`. */
export function eventsOf(text: string, options: StreamOptions = {}): string {
  const { done = true, usage, reasoning, newline = '\n', pieceLength = 7 } = options
  const finish = 'finish' in options ? options.finish : 'stop'
  const deltas: Record<string, string>[] = [{ role: 'assistant', content: '' }]
  if (reasoning !== undefined) deltas.push(reasoning)
  for (let at = 0; at < text.length; at += pieceLength) deltas.push({ content: text.slice(at, at + pieceLength) })
  const pieces: unknown[] = deltas.map((delta) => ({ model: 'scripted', choices: [{ delta, finish_reason: null }] }))
  if (finish !== undefined) pieces.push({ choices: [{ delta: {}, finish_reason: finish }] })
  if (usage !== undefined) pieces.push({ choices: [], usage })
  const lines = pieces.map((piece) => `data: ${JSON.stringify(piece)}`)
  if (done) lines.push('data: [DONE]')
  return lines.map((line) => line + newline + newline).join('')
}

/** Streams `text` as a model server does. */
export function streamed(text: string, options: StreamOptions = {}): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(eventsOf(text, options))
    if (options.hold !== true) response.end()
  }
}

/** Answers `text` in one JSON document. */
export function whole(text: string, finish = 'stop'): Reply {
  const message = { role: 'assistant', content: text }
  const usage = { prompt_tokens: 11, completion_tokens: 7 }
  return raw(JSON.stringify({ model: 'scripted', choices: [{ message, finish_reason: finish }], usage }))
}

/** Answers with this body, status and headers. */
export function raw(body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }
}

/** Begins a stream of `text` and breaks the connection in the middle of a token. */
export function cut(text: string): Reply {
  return (response) => {
    const events = eventsOf(text, { done: false, finish: undefined })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(events.slice(0, -12), () => after(20, () => response.destroy()))
  }
}

/** Says nothing at all, or sends the head and falls silent. */
export function silent(part: 'nothing' | 'head' | 'start'): Reply {
  return (response) => {
    if (part === 'nothing') return
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    if (part === 'start') response.write(eventsOf('begun', { done: false, finish: undefined }))
  }
}

/** Sends one byte of a comment after the other and never ends. */
export function dripping(everyMs: number): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const drip = (): void => {
      if (response.destroyed) return
      response.write(':')
      after(everyMs, drip)
    }
    drip()
  }
}

/** Streams without end; `gzip` sends the same packed about a thousandfold. */
export function endless(encoding: 'identity' | 'gzip'): Reply {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding })
    const block = Buffer.from(
      eventsOf('x'.repeat(64 * 1024), { pieceLength: 64 * 1024, done: false, finish: undefined }),
    )
    const target = encoding === 'gzip' ? createGzip() : response
    if (target !== response) target.pipe(response)
    const pour = (): void => {
      while (!response.destroyed && target.write(block));
      if (!response.destroyed) target.once('drain', pour)
    }
    pour()
  }
}

/** Breaks the connection without a word. */
export function hangUp(): Reply {
  return (response) => void response.socket?.destroy()
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { answer: { type: 'string' }, port: { type: 'string', default: '8000' } } })
  if (values.answer === undefined) {
    process.stderr.write('usage: node tests/support/llm-server.ts --answer FILE [--port N]\n')
    process.exitCode = 2
  } else {
    const server = await startLlmServer([streamed(readFileSync(values.answer, 'utf8'))], Number(values.port))
    process.stdout.write(`LLM_BASE_URL=${server.url}/v1\n`)
    process.once('SIGINT', () => void server.close())
    process.once('SIGTERM', () => void server.close())
  }
}
