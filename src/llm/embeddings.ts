import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Embed } from '../domain/ports.ts'
import { after } from '../lib/clock.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { excerpt } from './excerpt.ts'
import { connectionError, isSystemError, statusError, tooLarge } from './http-errors.ts'

/** A server with an OpenAI-compatible interface for embeddings. */
export interface EmbeddingsConfig {
  /** Base URL (`http://127.0.0.1:8000/v1`) or the whole address ending in `/embeddings`. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined
  /** Further headers; an `Authorization` among them goes before `apiKey`. */
  readonly headers: Readonly<Record<string, string>>
  /** Limit of one call, in milliseconds. */
  readonly timeoutMs: number
}

/** Servers limit the texts of one call; this many are taken everywhere. */
const batchSize = 64
const maxBodyBytes = 64 * 1024 * 1024
const errorBodyBytes = 16 * 1024

/**
 * Embeddings of an OpenAI-compatible server, in calls of up to 64 texts, one after another. Follows no redirects. Throws
 * the `llm_*` errors; an abort throws the signal's reason.
 */
export function openAiEmbeddings(config: EmbeddingsConfig): Embed {
  const url = embeddingsUrl(config.baseUrl)
  return async (texts, signal) => {
    const vectors: (readonly number[])[] = []
    let tokens = 0
    for (let at = 0; at < texts.length; at += batchSize) {
      const batch = texts.slice(at, at + batchSize)
      const said = readReply(await exchange(batch, { url, config, signal }), batch)
      vectors.push(...said.vectors)
      tokens += said.tokens
    }
    return { vectors, tokens }
  }
}

function embeddingsUrl(baseUrl: string): URL {
  const url = URL.parse(baseUrl.trim())
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new GreenloopError('config_invalid', `the address for embeddings is not an http or https URL: ${baseUrl}`)
  }
  const path = url.pathname.replace(/\/+$/u, '').replace(/\/chat\/completions$/u, '')
  if (!path.endsWith('/embeddings')) url.pathname = `${path === '' ? '/v1' : path}/embeddings`
  return url
}

interface Exchange {
  readonly url: URL
  readonly config: EmbeddingsConfig
  readonly signal: AbortSignal
}

async function exchange(input: readonly string[], { url, config, signal }: Exchange): Promise<string> {
  signal.throwIfAborted()
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = after(config.timeoutMs, () => {
    stop.abort(new GreenloopError('llm_timeout', `no embeddings within ${config.timeoutMs / 1000} s`))
  })
  try {
    const body = JSON.stringify({ model: config.model, input })
    return await receive(await send(body, { url, config, signal: stop.signal }), config)
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason
    throw isSystemError(error) ? connectionError(error, url) : error
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
  }
}

async function send(body: string, { url, config, signal }: Exchange): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: headersOf(config), signal })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

function headersOf({ headers, apiKey }: EmbeddingsConfig): Record<string, string> {
  const own: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'greenloop',
  }
  if (apiKey !== undefined && apiKey.trim() !== '') own['authorization'] = `Bearer ${apiKey.trim()}`
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value
  return own
}

async function receive(response: IncomingMessage, { apiKey, headers }: EmbeddingsConfig): Promise<string> {
  const status = response.statusCode ?? 0
  const good = status >= 200 && status < 300
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBodyBytes) throw tooLarge(maxBodyBytes)
    if (!good && size > errorBodyBytes) break
  }
  const body = Buffer.concat(chunks).toString('utf8')
  const secrets = [apiKey?.trim() ?? '', ...Object.values(headers)].filter((value) => value.length >= 8)
  if (!good) throw statusError(response, body, secrets)
  return body
}

const replySchema = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ total_tokens: z.number().optional(), prompt_tokens: z.number().optional() }).nullish(),
})

function readReply(body: string, input: readonly string[]) {
  const reply = replySchema.safeParse(parsed(body))
  if (!reply.success || reply.data.data.length !== input.length) {
    throw new GreenloopError('llm_garbled', `the server answered no embeddings: ${excerpt(body)}`)
  }
  const { data, usage } = reply.data
  const ordered = data
    .map(({ index, embedding }, place) => ({ at: index ?? place, embedding }))
    .toSorted((a, b) => a.at - b.at)
  const tokens = usage?.total_tokens ?? usage?.prompt_tokens ?? estimateTokens(input.join(''))
  return { vectors: ordered.map(({ embedding }) => embedding), tokens }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}
