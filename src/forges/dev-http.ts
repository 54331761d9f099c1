import type { IncomingMessage } from 'node:http'
import type { DevToken } from './dev-records.ts'

/** A request for the API, read whole. */
export interface DevRequest {
  readonly method: string
  /** Path as it was sent, still encoded. */
  readonly path: string
  /** Decoded parts of the path that the route names. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Members of the body, over those of the query. */
  readonly body: Readonly<Record<string, unknown>>
  readonly token: DevToken
}

/** An answer; `text` instead of JSON where it is set. */
export interface DevReply {
  readonly status: number
  readonly body?: unknown
  readonly text?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** What answers a route. */
export type DevHandler = (request: DevRequest) => DevReply | Promise<DevReply>

/** A line of the table of routes: method, path with `:name` parts, handler. */
export type DevRoute = readonly [method: string, path: string, handler: DevHandler]

/** Answer 200 with JSON. */
export const ok = (body: unknown): DevReply => ({ status: 200, body })
/** Answer 201 with JSON. */
export const made = (body: unknown): DevReply => ({ status: 201, body })
/** Answer with GitLab's one-line message: `404 Project Not Found`. */
export const refused = (status: number, message: unknown): DevReply => ({ status, body: { message } })
/** Answer 400 for parameters that are missing: `title is missing`. */
export const invalid = (error: string): DevReply => ({ status: 400, body: { error } })

const maxBodyBytes = 8 * 1024 * 1024

/** The route for a path, with its named parts. */
export function matchRoute(
  routes: readonly DevRoute[],
  method: string,
  path: string,
): { readonly handler: DevHandler; readonly params: Readonly<Record<string, string>> } | 'method' | undefined {
  let isKnown = false
  for (const [allowed, pattern, handler] of routes) {
    const params = matchPath(pattern, path)
    if (params === undefined) continue
    if (allowed === method) return { handler, params }
    isKnown = true
  }
  return isKnown ? 'method' : undefined
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = decoded(value)
    else if (part !== value) return undefined
  }
  return params
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Reads a body of JSON or a form. `too-large` above 8 MiB, `malformed` for what is neither. */
export async function readDevBody(
  request: IncomingMessage,
): Promise<Record<string, unknown> | 'too-large' | 'malformed'> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) return 'too-large'
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (text === '') return {}
  if ((request.headers['content-type'] ?? '').includes('urlencoded'))
    return Object.fromEntries(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : 'malformed'
  } catch {
    return 'malformed'
  }
}

/** A text member of the body or query; `undefined` where it is absent or empty. */
export function textOf(request: DevRequest, name: string): string | undefined {
  const value = request.body[name]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
