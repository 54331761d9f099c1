import type { IncomingHttpHeaders } from 'node:http'
import { GreenloopError } from '../domain/errors.ts'
import type { TargetSetup } from '../domain/target.ts'
import { markExhausted } from '../lib/exhausted.ts'
import type { Clock } from '../lib/clock.ts'
import { complaintOf, faultOf, faultOfSending, garbled, quoteWithout } from './dify-errors.ts'
import type { Fault, Quote } from './dify-errors.ts'
import { parseFields } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import { readBody } from '../lib/http-client.ts'
import type { HttpClient, HttpResponse } from '../lib/http-client.ts'

/** A request to the service, below its base URL. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
  readonly contentType?: string | undefined
}

/** An answer with success whose body is still to be read, or what stands in its place. */
type Opened = { readonly kind: 'open'; readonly response: HttpResponse } | Fault

/** An answer in JSON, or what stands in its place. */
export type Asked = { readonly kind: 'answer'; readonly fields: Fields; readonly headers: IncomingHttpHeaders } | Fault

/** The service API of one app. */
export interface DifyApi {
  readonly base: URL
  readonly quote: Quote
  /** Sends a request; an abort throws the signal's reason. */
  open(request: ApiRequest, signal: AbortSignal): Promise<Opened>
  /** Sends a request and reads the JSON object of its answer; an abort throws the signal's reason. */
  ask(request: ApiRequest, signal: AbortSignal): Promise<Asked>
}

const complaintBytes = 64 * 1024
const documentBytes = 64 * 1024 * 1024

/** The service API of the app that a target is set up for. Throws `plan_invalid` without a usable address. */
export function createDifyApi({ workflow, server, apiKey }: TargetSetup, http: HttpClient, clock: Clock): DifyApi {
  const base = baseOf(server?.baseUrl, workflow.id)
  const own: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey.trim()}` }
  for (const [name, value] of Object.entries(server?.headers ?? {})) own[name.toLowerCase()] = value
  const quote = quoteWithout([apiKey?.trim(), ...Object.values(server?.headers ?? {})])

  const open: DifyApi['open'] = async (request, signal) => {
    try {
      const response = await http.send(httpRequest(request, base, own), signal)
      if (response.status >= 200 && response.status < 300) return { kind: 'open', response }
      const body = await readBody(response.body, complaintBytes).catch(() => '')
      signal.throwIfAborted()
      const { status, headers } = response
      return faultOf(complaintOf(status, body, { headers, quote, nowMs: clock.now() }))
    } catch (error) {
      const fault = signal.aborted ? undefined : faultOfSending(error, base.origin)
      if (fault === undefined) throw error
      return fault
    }
  }
  return {
    base,
    quote,
    open,
    ask: async (request, signal) => {
      const opened = await open(request, signal)
      return opened.kind === 'open' ? await readAnswer(opened.response, { request, signal, quote }) : opened
    },
  }
}

interface Reading {
  readonly request: ApiRequest
  readonly signal: AbortSignal
  readonly quote: Quote
}

async function readAnswer({ body, headers }: HttpResponse, { request, signal, quote }: Reading): Promise<Asked> {
  const place = `${request.method} /${request.path}`
  try {
    const text = await readBody(body, documentBytes)
    const fields = parseFields(text)
    if (fields !== undefined) return { kind: 'answer', fields, headers }
    return { kind: 'unclear', error: garbled(`${place}: the answer is no JSON object: ${quote(text)}`) }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    return { kind: 'unclear', error: new GreenloopError('target_failed', `${place}: the answer broke off`, { cause }) }
  }
}

/** The base URL, ending in a slash; a bare host means its `/v1`. */
function baseOf(text: string | undefined, workflow: string): URL {
  const url = text === undefined ? null : URL.parse(text.trim())
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    const found = text === undefined ? 'has no server' : `has a server whose address is no http or https URL: ${text}`
    throw markExhausted(
      new GreenloopError('plan_invalid', `workflow ${workflow} ${found}`, {
        help: 'set `base_url` of the server, for example https://dify.example/v1',
      }),
    )
  }
  const path = url.pathname.replace(/\/+$/u, '')
  url.pathname = `${path === '' ? '/v1' : path}/`
  url.search = ''
  url.hash = ''
  return url
}

function httpRequest(request: ApiRequest, base: URL, own: Readonly<Record<string, string>>) {
  const { method, path, query, body, contentType = 'application/json' } = request
  const url = new URL(path, base)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': contentType }
  return { url, method, headers: { accept: 'text/event-stream, application/json', ...type, ...own }, body }
}
