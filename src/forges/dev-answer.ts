import type { IncomingMessage } from 'node:http'
import { refusedScope, tokenOf } from './dev-auth.ts'
import { matchRoute, readDevBody, refused } from './dev-http.ts'
import type { DevReply, DevRoute } from './dev-http.ts'
import type { DevWorld } from './dev-world.ts'

/** An answer, with the names of what the body held. */
export interface ApiAnswer {
  readonly reply: DevReply
  readonly keys: readonly string[]
}

/** Answers a request for the API: body, token, scope, route. What it changes is on the disk before the answer is given. */
export async function answerApi(
  world: DevWorld,
  routes: readonly DevRoute[],
  { request, url }: { readonly request: IncomingMessage; readonly url: URL },
): Promise<ApiAnswer> {
  const method = request.method ?? 'GET'
  const body = await readDevBody(request)
  if (body === 'too-large') return { reply: refused(413, '413 Request Entity Too Large'), keys: [] }
  if (body === 'malformed') return { reply: failure(400, 'The provided content-type or body is invalid'), keys: [] }
  const keys = Object.keys(body)
  const token = tokenOf(world, request, url.searchParams)
  if (token === undefined) return { reply: refused(401, '401 Unauthorized'), keys }
  const refusal = url.pathname.endsWith('/personal_access_tokens/self') ? undefined : refusedScope(token, method)
  if (refusal !== undefined) return { reply: refusal, keys }
  const route = matchRoute(routes, method, url.pathname)
  if (route === undefined) return { reply: failure(404, '404 Not Found'), keys }
  if (route === 'method') return { reply: failure(405, '405 Not Allowed'), keys }
  const reply = await route.handler({
    method,
    path: url.pathname,
    params: route.params,
    query: url.searchParams,
    body: { ...Object.fromEntries(url.searchParams), ...body },
    token,
  })
  if (method !== 'GET') await world.store.saved()
  return { reply, keys }
}

const failure = (status: number, error: string): DevReply => ({ status, body: { error } })
