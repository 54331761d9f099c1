import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { OperationId } from '../client/routes.ts'
import { scopes } from '../domain/api-common.ts'
import type { Scope } from '../domain/api-common.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Caller } from './handler.ts'
import { bearerOf, checkOrigin, sessionOf, unauthorized } from './http-guard.ts'
import { createBuckets } from './http-limits.ts'
import type { AppParts } from './http-parts.ts'

/** What one request carries through the app. */
export interface Env {
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    operation?: OperationId
    /** Name of the caller. */
    caller?: string
    /** Id of what was made. */
    made?: string
    /** Headers for the answer, whoever makes it. */
    headers?: Readonly<Record<string, string>>
  }
}

/**
 * Lets a caller of a scope in: by token, or by the cookie of the page. Throws where there is none, where it may not do
 * this, or where it asks too often. With `none` everybody may come, and the caller is known where there is one.
 */
export type Admit = (context: Context<Env>, scope: Scope | 'none') => Promise<Caller | undefined>

const defaultRate = { perSecond: 50, burst: 200 }

/** Who stands at the door. */
export function openDesk(parts: Pick<AppParts, 'access' | 'isTls' | 'rate'>): Admit {
  const buckets = createBuckets(parts.rate ?? defaultRate)
  return async (context, scope) => {
    const request = context.req.raw
    const isChange = request.method !== 'GET' && request.method !== 'HEAD'
    checkOrigin(request, { isChange, isTls: parts.isTls })
    const caller = await callerOf(request, parts)
    if (caller !== undefined) context.set('caller', caller.name)
    const name = caller === undefined ? `address ${addressOf(context)}` : `caller ${caller.name}`
    const allowance = buckets.take(name)
    context.set('headers', { ...context.get('headers'), ...allowance.headers })
    allowance.check()
    if (scope !== 'none') authorize(caller, { scope, request })
    return caller
  }
}

/** A token counts before a cookie, also where it is wrong. */
async function callerOf(
  request: Request,
  { access, isTls }: Pick<AppParts, 'access' | 'isTls'>,
): Promise<Caller | undefined> {
  const token = bearerOf(request)
  if (token !== undefined) return access.byToken(token)
  const session = sessionOf(request, isTls)
  return session === undefined ? undefined : access.bySession(session)
}

function authorize(
  caller: Caller | undefined,
  { scope, request }: { readonly scope: Scope; readonly request: Request },
): void {
  if (caller === undefined) {
    const isWrong = request.headers.has('authorization')
    throw isWrong
      ? unauthorized('token_refused', 'the token is not known here, or it is expired or revoked')
      : unauthorized('token_missing', 'the server wants a token')
  }
  if (scopes.indexOf(caller.scope) >= scopes.indexOf(scope)) return
  throw new GreenloopError('token_refused', `\`${caller.name}\` may \`${caller.scope}\`, and this needs \`${scope}\``, {
    help: 'take a token of that scope',
  })
}

/** Address of the other side; empty where a call comes from no socket. */
export function addressOf(context: Context<Env>): string {
  return context.env?.incoming?.socket.remoteAddress?.replace(/^::ffff:/u, '') ?? ''
}
