import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { ApiError } from '../client/api-client.ts'
import type { ApiClient, CallOptions } from '../client/api-client.ts'
import { routes } from '../client/routes.ts'
import type { Answer, OperationId, Sent } from '../client/routes.ts'
import type { RouteSpec } from '../client/route-spec.ts'
import { scopes } from '../domain/api-common.ts'
import type { ApiProblem } from '../domain/api-common.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Call, Caller, Handlers } from './handler.ts'
import { issueEntries, problemResponse, Refusal } from './problem.ts'

/** An operation that was carried out or refused, for the book of changes. */
export interface DirectCall {
  readonly operation: OperationId
  readonly params: unknown
  readonly outcome: 'done' | 'refused'
}

/** What calls go to without a socket between. */
export interface DirectParts {
  readonly handlers: Handlers<OperationId>
  readonly caller: Caller
  readonly signal: AbortSignal
  /** Told of each operation, whether it changes something or not. */
  readonly onChange?: ((call: DirectCall) => Promise<void>) | undefined
}

/** The API within this process: the same checks of scope and schemas as over HTTP, the same handlers, the same errors. */
export function directClient(parts: DirectParts): ApiClient {
  const response = async (operation: OperationId, sent: AnySent, options: CallOptions = {}): Promise<Response> => {
    const spec: RouteSpec = routes[operation]
    const tell = (outcome: DirectCall['outcome']): Promise<void> | undefined =>
      parts.onChange?.({ operation, params: sent.params, outcome })
    try {
      const answer = await carryOut({ operation, spec }, sent, { parts, options })
      await tell('done')
      return answer
    } catch (error) {
      await tell('refused')
      throw await apiError(error)
    }
  }
  return {
    response,
    call: async <K extends OperationId>(operation: K, sent: Sent<K>, options?: CallOptions) => {
      const answer = await response(operation, sent, options)
      return (answer.status === 204 ? undefined : await answer.json()) as Answer<K>
    },
    href: (operation) => routes[operation].path,
  }
}

interface AnySent {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
}

interface Asked {
  readonly operation: OperationId
  readonly spec: RouteSpec
}

async function carryOut(
  { operation, spec }: Asked,
  sent: AnySent,
  { parts, options }: { readonly parts: DirectParts; readonly options: CallOptions },
): Promise<Response> {
  const { caller, handlers } = parts
  if (spec.scope !== 'none' && scopes.indexOf(caller.scope) < scopes.indexOf(spec.scope)) {
    throw new GreenloopError(
      'token_refused',
      `this wants the scope \`${spec.scope}\`; the token has \`${caller.scope}\``,
    )
  }
  const given = {
    params: parsed(spec.params, sent.params),
    query: parsed(spec.query, sent.query ?? {}),
    body: parsed(spec.body, sent.body),
  }
  const signal = options.signal === undefined ? parts.signal : AbortSignal.any([parts.signal, options.signal])
  const request = new Request(`http://localhost${spec.path.replaceAll(/[{}]/gu, '')}`, {
    headers: { ...options.headers },
    signal,
  })
  const call: Call = { caller, request, requestId: randomUUID(), address: 'local', signal }
  const handler = handlers[operation] as (given: unknown, call: Call) => Promise<unknown>
  const answer = await handler(given, call)
  if (answer instanceof Response) return answer
  if (answer === undefined) return new Response(null, { status: 204 })
  const isReply = typeof answer === 'object' && answer !== null && 'answer' in answer && 'headers' in answer
  return Response.json(isReply ? answer.answer : answer)
}

function parsed(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined
  const { data, error } = schema.safeParse(value)
  if (error === undefined) return data
  const errors = issueEntries(error)
  const [first] = errors
  const message = `the arguments are not as wanted: ${first?.pointer ?? ''} ${first?.message ?? ''}`.trim()
  throw new Refusal(new GreenloopError('body_invalid', message), { errors })
}

async function apiError(error: unknown): Promise<Error> {
  if (error instanceof ApiError) return error
  const response = problemResponse(error, randomUUID())
  return new ApiError((await response.json()) as ApiProblem, response.status)
}
