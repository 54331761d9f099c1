import type { ErrorCode, ErrorDetails } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import type { Redactor } from '../lib/redact.ts'
import type { ExchangeAnswer, Exchanged } from './gitlab-exchange.ts'
import { readMessage } from './gitlab-message.ts'
import { isLocked } from './gitlab-retry.ts'

/** What an error tells of its request. */
export interface Asked {
  readonly method: string
  /** Path below `/api/v4`. */
  readonly path: string
  readonly attempt: number
}

const quoteCap = 1024

/** The error for a request that did not succeed. It holds texts only, without secrets: no request, answer or headers. */
export function forgeError(exchanged: Exchanged, asked: Asked, redactor: Redactor): GreenloopError {
  const clean = (text: string): string => capHead(plainText(redactor.text(text)), quoteCap)
  const what = clean(`${asked.method} ${asked.path}`)
  const tries = asked.attempt > 1 ? ` (attempt ${asked.attempt})` : ''
  if (exchanged.kind === 'failure') {
    const code = exchanged.isGarbled ? 'forge_garbled' : 'forge_unavailable'
    const help = exchanged.help === undefined ? {} : { help: exchanged.help }
    return new GreenloopError(code, `${what}: ${exchanged.reason}${tries}`, help)
  }
  const { status, headers } = exchanged
  const id = headers['x-request-id']
  const request = typeof id === 'string' ? `, request ${clean(id).slice(0, 100)}` : ''
  const said = clean(readMessage(exchanged.text))
  const row = rowOf(exchanged)
  const message = `${what}: ${status}${request}${tries}${said === '' ? '' : `: ${said}`}`
  const target = headers.location
  const why = target !== undefined && status < 400 ? { why: `it redirects to ${clean(target)}` } : {}
  return new GreenloopError(row.code, message, { ...row.details, ...why, call: { status } })
}

/** The error for a body that is not what was expected; quotes its first 300 characters. */
export function garbledError(text: string, asked: Asked, redactor: Redactor): GreenloopError {
  // The cut comes first, for the sake of time, with room for a secret that lies across it.
  const start = capHead(plainText(redactor.text(text.slice(0, 5000))), 300)
  const what = plainText(redactor.text(`${asked.method} ${asked.path}`))
  return new GreenloopError('forge_garbled', `${what}: the answer is not what GitLab answers: ${start}`, {
    help: 'check `services.gitlab_url`, and that no proxy answers in its place',
  })
}

/** Whether an error is the host's answer with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof GreenloopError && error.call?.status === status
}

/** Whether an error says that something is not there, or is not for this token to see. */
export function isOutOfSight(error: unknown): boolean {
  return hasStatus(error, 404) || hasStatus(error, 403)
}

interface Row {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

const tokenHelp = 'set `authentication.gitlab_private_token` to a token that is valid'
const roleHelp =
  'the token of `authentication.gitlab_private_token` needs the scope `api` (and `write_repository` to push) and at least the role Developer'

function rowOf({ status, text }: ExchangeAnswer): Row {
  if (status < 400) return { code: 'forge_garbled', details: { help: 'check `services.gitlab_url`' } }
  if (status === 401) return { code: 'forge_auth_failed', details: { help: tokenHelp } }
  // What is wrong here is the job, not the token.
  if (status === 403 && /not retryable|unplayable/i.test(text)) return { code: 'forge_rejected', details: {} }
  if (status === 403) return { code: 'forge_auth_failed', details: { help: roleHelp } }
  if (status === 404) {
    return { code: 'forge_not_found', details: { why: 'it does not exist, or the token may not see it' } }
  }
  if (status === 429) return { code: 'forge_rate_limited', details: {} }
  if (status === 408 || status >= 500 || isLocked(status, text)) return { code: 'forge_unavailable', details: {} }
  return { code: 'forge_rejected', details: {} }
}
