import { basename } from 'node:path'
import type { Access, Caller } from '../app/access.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { ApiSession } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { reply } from './handler.ts'
import type { Handlers } from './handler.ts'
import { sessionCookie, sessionOf } from './http-guard.ts'

/** What sessions need to know of the server. */
export interface SessionFacts {
  readonly version: string
  /** Whether the server itself speaks TLS. */
  readonly isTls: boolean
}

/** Operations on who is asking. */
export function sessionHandlers(
  { root }: Pick<ServiceContext, 'root'>,
  access: Access,
  { version, isTls }: SessionFacts,
): Handlers<'getSession' | 'startSession' | 'endSession'> {
  const view = ({ name, scope, via, expiresAt }: Caller): ApiSession => {
    const session = { name, scope, via, version, root: basename(root) }
    return expiresAt === undefined ? session : { ...session, expiresAt: new Date(expiresAt).toISOString() }
  }
  return {
    getSession: async (_given, { caller }) => {
      if (caller === undefined) throw new GreenloopError('token_missing', 'nobody is logged in')
      return view(caller)
    },
    startSession: async ({ body }, { request }) => {
      const { cookie, expiresAt, caller } = await access.startSession(body)
      const maxAgeSeconds = Math.round((expiresAt - now()) / 1000)
      return reply(view(caller), { 'Set-Cookie': sessionCookie(request, { isTls, value: cookie, maxAgeSeconds }) })
    },
    endSession: async (_given, { request }) => {
      const cookie = sessionOf(request, isTls)
      if (cookie !== undefined) await access.endSession(cookie)
      return reply(undefined, { 'Set-Cookie': sessionCookie(request, { isTls }) })
    },
  }
}
