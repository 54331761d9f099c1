import type { IncomingMessage } from 'node:http'
import { sha256 } from '../lib/hash.ts'
import type { DevReply } from './dev-http.ts'
import type { DevToken } from './dev-records.ts'
import type { DevWorld } from './dev-world.ts'

/** Whose token a request for the API carries: `PRIVATE-TOKEN`, `Authorization: Bearer`, or Basic with it as the password. */
export function tokenOf(world: DevWorld, { headers }: IncomingMessage, query?: URLSearchParams): DevToken | undefined {
  const given = headers['private-token']
  const text =
    typeof given === 'string' ? given : (fromAuthorization(headers.authorization) ?? query?.get('private_token'))
  if (text === undefined || text === null) return undefined
  const hash = sha256(text)
  const token = world.store.state.tokens.find((other) => other.hash === hash)
  return token === undefined || token.isRevoked || isExpired(world, token) ? undefined : token
}

function fromAuthorization(header = ''): string | undefined {
  const blank = header.indexOf(' ')
  const [kind, value] = [header.slice(0, blank).toLowerCase(), header.slice(blank + 1).trim()]
  if (kind === 'bearer') return value
  if (kind !== 'basic') return undefined
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}

function isExpired(world: DevWorld, { expiresOn }: DevToken): boolean {
  return expiresOn !== undefined && Date.parse(expiresOn) <= world.clock.now()
}

/** Why a token may not do this: its scopes are too small. `undefined` where it may. */
export function refusedScope({ scopes }: DevToken, method: string): DevReply | undefined {
  const isRead = method === 'GET' || method === 'HEAD'
  if (scopes.includes('api') || (isRead && scopes.includes('read_api'))) return undefined
  const error_description = 'The request requires higher privileges than provided by the access token.'
  return { status: 403, body: { error: 'insufficient_scope', error_description, scope: 'api' } }
}
