import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { GreenloopError } from '../domain/errors.ts'
import type { Answer, CallOptions, Prompt, Provider } from '../domain/ports.ts'
import { monotonic } from '../lib/clock.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { brokenOff, createAnswerReader } from './answer-reader.ts'
import type { AnswerReader, Collected } from './answer-reader.ts'
import { completionBody } from './completion.ts'
import type { Sampling } from './completion.ts'
import { startDeadlines } from './deadlines.ts'
import type { Deadlines, Timeouts } from './deadlines.ts'
import { connectionError, isSystemError, statusError, tooLarge } from './http-errors.ts'

/** An OpenAI-compatible server and how it is asked. */
export interface HttpConfig extends Sampling {
  /** Base URL (`http://127.0.0.1:8000/v1`) or the whole address ending in `/chat/completions`. */
  readonly endpoint: string
  /** Further headers; an `Authorization` among them goes before `apiKey`. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined
  readonly timeouts: Timeouts
  /** Cap on the decoded bytes of a body. */
  readonly maxAnswerBytes: number
}

/**
 * A model behind an OpenAI-compatible HTTP interface, streamed or not. Follows no redirects, so that a key goes to no
 * other server. Throws the `llm_*` errors; an abort throws the signal's reason.
 */
export function openAiCompatible(config: HttpConfig): Provider {
  const url = completionUrl(config.endpoint)
  const ask = async (prompt: Prompt, options: CallOptions, streamUsage: boolean): Promise<Answer> => {
    const startedAt = monotonic()
    const collected = await exchange(JSON.stringify(completionBody(prompt, config, streamUsage)), options, {
      url,
      config,
    })
    return answerOf(collected, { prompt, model: config.model, durationMs: Math.round(monotonic() - startedAt) })
  }
  return {
    name: `http ${config.model}`,
    model: config.model,
    complete: async (prompt, options) => {
      try {
        return await ask(prompt, options, true)
      } catch (error) {
        if (!refusesStreamUsage(error)) throw error
        return await ask(prompt, options, false)
      }
    },
  }
}

/** The address of chat completions for a base URL or for itself; throws `config_invalid` for what is no HTTP URL. */
export function completionUrl(endpoint: string): URL {
  const url = URL.parse(endpoint.trim())
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new GreenloopError('config_invalid', `the model endpoint is not an http or https URL: ${endpoint}`, {
      help: 'for example LLM_BASE_URL=http://127.0.0.1:8000/v1',
    })
  }
  const path = url.pathname.replace(/\/+$/u, '')
  if (!path.endsWith('/chat/completions')) url.pathname = `${path === '' ? '/v1' : path}/chat/completions`
  return url
}

interface Exchange {
  readonly url: URL
  readonly config: HttpConfig
}

async function exchange(body: string, options: CallOptions, { url, config }: Exchange): Promise<Collected> {
  options.signal.throwIfAborted()
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(options.signal.reason)
  options.signal.addEventListener('abort', onAbort, { once: true })
  const reader = createAnswerReader(options.onText)
  const deadlines = startDeadlines(config.timeouts, (error) => stop.abort(error))
  try {
    const response = await send(body, { url, config, signal: stop.signal, deadlines })
    return await receive(response, { reader, config, deadlines })
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason
    // Some servers keep the connection open after the last word; what is complete is not thrown away.
    if (stop.signal.aborted && reader.state() !== 'open') return reader.finish()
    if (stop.signal.aborted) throw withPartial(stop.signal.reason, reader)
    if (!isSystemError(error)) throw error
    if (reader.text() !== '') throw brokenOff(reader.text(), error)
    throw connectionError(error, url)
  } finally {
    deadlines.stop()
    options.signal.removeEventListener('abort', onAbort)
    stop.abort()
  }
}

interface Sending extends Exchange {
  readonly signal: AbortSignal
  readonly deadlines: Deadlines
}

async function send(body: string, { url, config, signal, deadlines }: Sending): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return await new Promise((resolve, reject) => {
    deadlines.enter('connect')
    const sent = request(url, { method: 'POST', headers: headersOf(config), signal })
    onConnected(sent, url, () => deadlines.enter('firstByte'))
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A connection kept from an earlier call stands at once. */
function onConnected(sent: ClientRequest, url: URL, then: () => void): void {
  sent.once('socket', (socket) => {
    if (socket.connecting) socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', then)
    else then()
  })
}

function headersOf({ headers, apiKey, stream }: HttpConfig): Record<string, string> {
  const own: Record<string, string> = {
    'content-type': 'application/json',
    accept: stream ? 'text/event-stream, application/json' : 'application/json',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'greenloop',
  }
  if (apiKey !== undefined && apiKey.trim() !== '') own['authorization'] = `Bearer ${apiKey.trim()}`
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value
  return own
}

interface Receiving {
  readonly reader: AnswerReader
  readonly config: HttpConfig
  readonly deadlines: Deadlines
}

async function receive(response: IncomingMessage, { reader, config, deadlines }: Receiving): Promise<Collected> {
  const status = response.statusCode ?? 0
  const good = status >= 200 && status < 300
  const cap = good ? config.maxAnswerBytes : errorBodyBytes
  const decoder = new TextDecoder()
  let size = 0
  let errorBody = ''
  for await (const chunk of (await decoded(response)) as AsyncIterable<Buffer>) {
    deadlines.enter('idle')
    size += chunk.length
    if (size > cap && good) throw tooLarge(cap)
    const text = decoder.decode(chunk, { stream: true })
    if (good) reader.push(text)
    else errorBody += text
    if (size > cap || reader.state() === 'ended') break
  }
  if (!good) throw statusError(response, errorBody, secretsOf(config))
  return reader.finish()
}

/** Enough of an error page to quote its beginning. */
const errorBodyBytes = 16 * 1024

async function decoded(response: IncomingMessage): Promise<Readable> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return response
  const [zlib, { pipeline }] = await Promise.all([import('node:zlib'), import('node:stream')])
  // Streams are flushed piece by piece, and one that is cut off still gives what came.
  const flush = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH }
  const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
    gzip: () => zlib.createGunzip(flush),
    'x-gzip': () => zlib.createGunzip(flush),
    deflate: () => zlib.createInflate(flush),
    br: () => zlib.createBrotliDecompress(),
  }
  const decoder = decoders[encoding]?.()
  if (decoder === undefined) {
    throw new GreenloopError('llm_garbled', `the model server used an unknown content encoding: ${encoding}`)
  }
  return pipeline(response, decoder, () => {})
}

function secretsOf({ apiKey, headers }: HttpConfig): string[] {
  return [apiKey?.trim() ?? '', ...Object.values(headers)].filter((value) => value.length >= 8)
}

function withPartial(reason: unknown, reader: AnswerReader): unknown {
  if (!(reason instanceof GreenloopError) || reader.text() === '') return reason
  const { code, message, help } = reason
  return new GreenloopError(code, message, {
    ...(help === undefined ? {} : { help }),
    call: { partial: reader.text() },
  })
}

/** Older servers answer 400 or 422 to `stream_options`; they are asked again without it. */
function refusesStreamUsage(error: unknown): boolean {
  if (!(error instanceof GreenloopError)) return false
  return [400, 422].includes(error.call?.status ?? 0) && error.message.includes('stream_options')
}

interface Asked {
  readonly prompt: Prompt
  readonly model: string
  readonly durationMs: number
}

function answerOf(collected: Collected, { prompt, model, durationMs }: Asked): Answer {
  const { text, reasoning, finish, inputTokens, outputTokens } = collected
  return {
    text,
    reasoning,
    finish,
    model: collected.model ?? model,
    usage: {
      inputTokens: inputTokens ?? estimateTokens(prompt.system + prompt.user),
      outputTokens: outputTokens ?? estimateTokens(text + reasoning),
      estimated: inputTokens === undefined || outputTokens === undefined,
    },
    durationMs,
  }
}
