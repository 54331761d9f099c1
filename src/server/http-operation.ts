import type { Context } from 'hono'
import { routes } from '../client/routes.ts'
import type { OperationId } from '../client/routes.ts'
import type { RouteSpec } from '../client/route-spec.ts'
import { runSchema } from '../domain/api-run.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Call, Caller, Reply } from './handler.ts'
import { isChange } from './http-audit.ts'
import { checkText, letGoBody, readBody } from './http-body.ts'
import { addressOf } from './http-desk.ts'
import type { Admit, Env } from './http-desk.ts'
import { headersOfAll } from './http-guard.ts'
import { once } from './http-idempotency.ts'
import { createThrottle } from './http-limits.ts'
import type { AppParts } from './http-parts.ts'
import { waitWish, whenOver } from './http-wait.ts'
import { issueEntries, knownError, Refusal } from './problem.ts'

/** Largest body of somebody who is not known yet. */
const maxStrangerBytes = 16 * 1024

/** One call on its way. */
interface Order {
  readonly id: OperationId
  readonly spec: RouteSpec
  readonly context: Context<Env>
  readonly parts: AppParts
}

/** What was sent, checked. */
interface Checked {
  readonly given: { readonly params: unknown; readonly query: unknown; readonly body: unknown }
  readonly bytes: Uint8Array
}

/** Gives what carries out one operation after another: it checks the caller and what was sent, calls the handler, and books changes. */
export function operator(parts: AppParts, admit: Admit): (context: Context<Env>, id: OperationId) => Promise<Response> {
  const throttle = createThrottle()
  return async (context, id) => {
    context.set('operation', id)
    const order: Order = { id, spec: routes[id], context, parts }
    const address = addressOf(context)
    if (id === 'startSession') throttle.check(address)
    try {
      const caller = await admit(context, order.spec.scope)
      const response = await carryOut(order, caller)
      if (response.ok && !response.headers.has('Idempotent-Replayed')) await book(order, 'done')
      return response
    } catch (error) {
      if (id === 'startSession' && knownError(error).code === 'token_refused') throttle.failed(address)
      await book(order, 'refused')
      throw placed(error, order.spec)
    }
  }
}

/** What the path names and is not there is 404; what a body names is 422: the address itself is right. */
function placed(error: unknown, { params, body, method }: RouteSpec): unknown {
  if (!(error instanceof GreenloopError)) return error
  const isPathAlone = params !== undefined && body === undefined
  if (error.code === 'model_unknown' || error.code === 'secret_unknown') {
    return new Refusal(error, { status: isPathAlone ? 404 : 422 })
  }
  const isNamed = params !== undefined || method === 'get'
  const isUnknown = error.code === 'run_unknown' || error.code === 'entry_unknown'
  return isUnknown && !isNamed ? new Refusal(error, { status: 422 }) : error
}

async function carryOut(order: Order, caller: Caller | undefined): Promise<Response> {
  const { id, spec, context, parts } = order
  const request = context.req.raw
  const { given, bytes } = await check(order)
  const call = callOf(order, caller)
  if (request.method === 'HEAD' && isStream(spec, request)) {
    return new Response(null, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  const handler = parts.handlers[id] as (given: unknown, call: Call) => Promise<unknown>
  const work = async (): Promise<Response> => answerOf(order, await handler(given, call))
  const key = request.headers.get('idempotency-key')
  const { pathname: target } = new URL(request.url)
  const response =
    spec.method === 'post' && key !== null && caller !== undefined
      ? await once(parts.service, { caller: caller.name, operation: id, key, body: bytes, target }, work)
      : await work()
  return waited(order, response, call)
}

async function check({ spec, context }: Order): Promise<Checked> {
  const request = context.req.raw
  const { value, bytes } =
    spec.method === 'get'
      ? { value: undefined, bytes: new Uint8Array() }
      : await readBody(request, spec.scope === 'none' ? maxStrangerBytes : undefined)
  const query = Object.fromEntries(new URL(request.url).searchParams)
  for (const text of Object.values(query)) checkText(text)
  const given = {
    params: parsed(spec.params, context.req.param(), 'path'),
    query: parsed(spec.query, query, 'query'),
    body: parsed(spec.body, value, 'body'),
  }
  const isEmpty = value === undefined || value === null || JSON.stringify(value) === '{}'
  if (spec.body === undefined && !isEmpty) throw new GreenloopError('body_invalid', 'this operation takes no body')
  return { given, bytes }
}

function parsed(schema: RouteSpec['body'], value: unknown, part: 'path' | 'query' | 'body'): unknown {
  if (schema === undefined) return undefined
  const { data, error } = schema.safeParse(value)
  if (error === undefined) return data
  const errors = issueEntries(error, part === 'body' ? '' : `/${part}`)
  const first = errors[0]
  const message =
    value === undefined
      ? 'a JSON body is wanted'
      : `the ${part} is not as this operation wants it: ${first?.pointer ?? ''} ${first?.message ?? ''}`.trim()
  throw new Refusal(new GreenloopError('body_invalid', message), { errors })
}

function callOf({ spec, context, parts }: Order, caller: Caller | undefined): Call {
  const request = context.req.raw
  const outgoing = context.env?.outgoing
  if (outgoing !== undefined && isStream(spec, request)) {
    for (const [name, value] of Object.entries(headersOfAll(parts.isTls))) outgoing.setHeader(name, value)
    outgoing.setHeader('X-Request-Id', context.get('requestId'))
  }
  let signal: AbortSignal | undefined
  return {
    caller,
    request,
    requestId: context.get('requestId'),
    address: addressOf(context),
    // Thousands of streams live long and never ask for it.
    get signal() {
      return (signal ??= AbortSignal.any([request.signal, parts.stopping]))
    },
    raw: outgoing === undefined ? undefined : { outgoing },
  }
}

function isStream({ media }: RouteSpec, request: Request): boolean {
  return media === 'text/event-stream' || (request.headers.get('accept')?.includes('text/event-stream') ?? false)
}

function answerOf({ spec, context }: Order, result: unknown): Response {
  if (result instanceof Response) return result
  const { answer, headers } = isReply(result) ? result : { answer: result, headers: {} }
  if (answer === undefined) return new Response(null, { status: spec.status === 200 ? 204 : spec.status, headers })
  const response = Response.json(answer, { status: spec.status, headers })
  const { nextCursor, id: created } = answer as { readonly nextCursor?: unknown; readonly id?: unknown }
  if (typeof nextCursor === 'string') response.headers.set('Link', nextLink(context.req.raw.url, nextCursor))
  if (spec.answer === runSchema && typeof created === 'string' && !response.headers.has('Location')) {
    response.headers.set('Location', `/v1/runs/${encodeURIComponent(created)}`)
  }
  if (typeof created === 'string') context.set('made', created)
  return response
}

function isReply(result: unknown): result is Reply<unknown> {
  return typeof result === 'object' && result !== null && 'answer' in result && 'headers' in result
}

function nextLink(url: string, cursor: string): string {
  const next = new URL(url)
  next.searchParams.set('cursor', cursor)
  return `<${next.pathname}${next.search}>; rel="next"`
}

/** With `Prefer: wait=N`, the run as it is when it is over or the time has passed. */
async function waited({ id, context, parts }: Order, response: Response, call: Call): Promise<Response> {
  const seconds = waitWish(id, call.request)
  if (seconds === undefined || !response.ok) return response
  letGoBody(call.request)
  const { id: run } = (await response.clone().json()) as { readonly id: string }
  await whenOver(parts.service, run, { seconds, signal: call.signal })
  const result = await parts.handlers.getRun({ params: { id: run }, query: undefined, body: undefined }, call)
  if (result instanceof Response) return response
  const answer = runSchema.parse(isReply(result) ? result.answer : result)
  context.set('headers', { ...context.get('headers'), 'Preference-Applied': `wait=${seconds}` })
  return Response.json(answer, { status: response.status, headers: response.headers })
}

/** Puts a change, or the refusal of one, into the book of changes. */
async function book({ id, spec, context, parts }: Order, outcome: 'done' | 'refused'): Promise<void> {
  const who = context.get('caller') ?? (spec.scope === 'none' ? '-' : undefined)
  if (!isChange(id) || who === undefined) return
  const target = Object.values(context.req.param()).join('/') || (context.get('made') ?? '')
  try {
    await parts.access.audit({ who, action: id, target, outcome, address: addressOf(context) })
  } catch (error) {
    parts.onFailure?.(error, context.get('requestId'))
  }
}
