import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { routes } from '../client/routes.ts'
import type { OperationId } from '../client/routes.ts'
import type { RouteSpec } from '../client/route-spec.ts'
import { GreenloopError } from '../domain/errors.ts'
import { monotonic, now } from '../lib/clock.ts'
import { letGoBody, readBody } from './http-body.ts'
import { openDesk } from './http-desk.ts'
import type { Admit, Env } from './http-desk.ts'
import { checkHost, headersOfAll } from './http-guard.ts'
import { operator } from './http-operation.ts'
import { pageResponse } from './http-page.ts'
import type { AppParts } from './http-parts.ts'
import { openApiDocument } from './openapi.ts'
import { knownError, problemResponse, Refusal } from './problem.ts'

/** Adds routes of their own, such as probes, behind the guard. */
export type AddRoutes = (app: Hono<Env>, admit: Admit) => void

/** The whole of the server but for its sockets: guard, operations, description, page. */
export function buildApp(parts: AppParts, addRoutes?: AddRoutes): Hono<Env> {
  const app = new Hono<Env>()
  const admit = openDesk(parts)
  guard(app, parts)
  addOperations(app, parts, admit)
  app.get('/v1/openapi.json', async (context) => {
    await admit(context, 'read')
    return context.json(openApiDocument())
  })
  if (parts.mcp !== undefined) addMcp(app, parts.mcp, admit)
  addRoutes?.(app, admit)
  refuseOtherMethods(app, parts.mcp !== undefined)
  app.notFound((context) => pageOrNothing(context, parts))
  app.onError((error, context) => {
    const requestId = context.get('requestId')
    if (knownError(error).code === 'internal') parts.onFailure?.(error, requestId)
    return problemResponse(error, requestId)
  })
  return app
}

/** In front of everything: an id, the name that was asked for, and headers on every answer. */
function guard(app: Hono<Env>, parts: AppParts): void {
  const headers = headersOfAll(parts.isTls)
  app.use(async (context, next) => {
    const began = monotonic()
    const requestId = createRequestId()
    context.set('requestId', requestId)
    try {
      checkHost(context.req.raw, parts.hosts)
      await next()
    } catch (error) {
      context.res = problemResponse(error, requestId)
    } finally {
      letGoBody(context.req.raw)
    }
    const { res } = context
    for (const [name, value] of Object.entries(headers)) if (!res.headers.has(name)) res.headers.set(name, value)
    for (const [name, value] of Object.entries(context.get('headers') ?? {})) res.headers.set(name, value)
    res.headers.set('X-Request-Id', requestId)
    parts.onRequest?.({
      requestId,
      method: context.req.raw.method,
      operation: context.get('operation'),
      path: context.req.path,
      status: res.status,
      ms: monotonic() - began,
      caller: context.get('caller'),
    })
  })
}

/** Routes without parameters come first, so that a name in a path is no id. */
function addOperations(app: Hono<Env>, parts: AppParts, admit: Admit): void {
  const operate = operator(parts, admit)
  const table = Object.entries(routes) as unknown as readonly (readonly [OperationId, RouteSpec])[]
  const isPlain = ([, { path }]: readonly [OperationId, RouteSpec]): boolean => !path.includes('{')
  for (const [id, { method, path }] of [...table.filter(isPlain), ...table.filter((entry) => !isPlain(entry))]) {
    app.on(method.toUpperCase(), honoPath(path), (context) => operate(context, id))
  }
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/gu, ':$1')
}

/** The body goes through the same checks as every other one. */
function addMcp(app: Hono<Env>, mcp: NonNullable<AppParts['mcp']>, admit: Admit): void {
  app.post('/mcp', async (context) => {
    const caller = await admit(context, 'read')
    const { raw } = context.req
    const { bytes } = await readBody(raw)
    const { url, headers, signal } = raw
    const copy = new Request(url, { method: 'POST', headers, signal, body: new Uint8Array(bytes) })
    if (caller === undefined) throw new GreenloopError('token_missing', 'the server wants a token')
    return mcp(copy, caller)
  })
}

/** A path that is there answers other methods with those it has. */
function refuseOtherMethods(app: Hono<Env>, hasMcp: boolean): void {
  const methods = new Map<string, Set<string>>([
    ['/v1/openapi.json', new Set(['GET', 'HEAD'])],
    ...(hasMcp ? [['/mcp', new Set(['POST'])] as const] : []),
  ])
  for (const { path, method } of Object.values(routes)) {
    const known = methods.get(path) ?? new Set()
    for (const name of method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]) known.add(name)
    methods.set(path, known)
  }
  for (const [path, known] of methods) {
    const allow = [...known].toSorted().join(', ')
    app.all(honoPath(path), ({ req }) => {
      const error = new GreenloopError('body_invalid', `${path} does not take ${req.method.slice(0, 20)}, but ${allow}`)
      throw new Refusal(error, { status: 405, headers: { Allow: allow } })
    })
  }
}

async function pageOrNothing(context: Context<Env>, { page }: AppParts): Promise<Response> {
  const { req } = context
  const isRead = req.raw.method === 'GET' || req.raw.method === 'HEAD'
  const isApi = /^\/(?:v\d|mcp|metrics)(?:\/|$)/u.test(req.path)
  const response = isRead && !isApi && page !== undefined ? await pageResponse(page, req.raw) : undefined
  if (response !== undefined) return response
  const error =
    page === undefined && isRead && !isApi
      ? new GreenloopError('page_missing', 'the server has no web page', { help: 'npm run build:web' })
      : new GreenloopError('entry_unknown', `there is nothing at ${req.path.slice(0, 200)}`, {
          help: 'GET /v1/openapi.json tells what is there',
        })
  return problemResponse(new Refusal(error, { status: 404 }), context.get('requestId'))
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** An id of a request: 26 characters that sort by time, as a ULID. */
function createRequestId(): string {
  let text = ''
  for (let rest = now(), index = 0; index < 10; index++, rest = Math.floor(rest / 32)) {
    text = `${digits.charAt(rest % 32)}${text}`
  }
  return `${text}${Array.from(randomBytes(16), (byte) => digits.charAt(byte % 32)).join('')}`
}
