import { isIPv6 } from 'node:net'
import { GreenloopError } from '../domain/errors.ts'
import { Refusal } from './problem.ts'

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Headers of every answer that does not bring its own. Nothing inline, nothing from elsewhere, no frame around it. */
const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/** The headers of every answer, by name. */
export function headersOfAll(isTls: boolean): Readonly<Record<string, string>> {
  return isTls ? { ...securityHeaders, 'Strict-Transport-Security': 'max-age=31536000' } : securityHeaders
}

/** A name as it stands in a Host header, in lower case and without port; `undefined` for what is no name. */
function hostName(authority: string): string | undefined {
  const [, bracketed, plain] = /^(?:(\[[0-9a-f:.]{2,45}\])|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/iu.exec(authority) ?? []
  return (bracketed ?? plain)?.toLowerCase()
}

/** A name or address of `--allow-host` or `--host` as a Host header has it. */
export function asHostName(name: string): string | undefined {
  return hostName(isIPv6(name) ? `[${name}]` : name)
}

/**
 * Refuses a request that came under a foreign name. A page elsewhere can point its own name at this machine, and then the Host header
 * is all that still tells its name. The port does not count: a tunnel may have another one at its near end.
 */
export function checkHost(request: Request, hosts: ReadonlySet<string>): void {
  const { host: inUrl } = new URL(request.url)
  for (const host of [request.headers.get('host') ?? inUrl, inUrl]) {
    const name = hostName(host)
    if (name !== undefined && (loopbackNames.has(name) || hosts.has(name))) continue
    throw new GreenloopError('host_refused', `the server is not known as \`${host.slice(0, 200)}\``, {
      help: 'greenloop serve --allow-host NAME',
    })
  }
}

/** How a request shows that it comes from the own page, or from a program. */
export interface Origin {
  readonly isChange: boolean
  readonly isTls: boolean
}

/**
 * Refuses what another site makes a browser send. Changes need the own Origin, or none and no cookie. Reads are refused where the
 * browser says that a page of another site asks in the background; another port of this machine is another site here.
 */
export function checkOrigin(request: Request, { isChange, isTls }: Origin): void {
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  const isForeign = site !== null && site !== 'same-origin' && site !== 'none'
  if (!isChange) {
    if (isForeign && headers.get('sec-fetch-mode') !== 'navigate') throw refusedOrigin(`Sec-Fetch-Site is ${site}`)
    return
  }
  const origin = headers.get('origin')
  if (isForeign) throw refusedOrigin(`Sec-Fetch-Site is ${site}`)
  if (origin === null && headers.has('cookie') && !headers.has('authorization')) {
    throw refusedOrigin('a change with a cookie needs an Origin')
  }
  if (origin !== null && !isOwn(origin, request, isTls)) throw refusedOrigin(`the Origin is ${origin.slice(0, 200)}`)
}

function refusedOrigin(why: string): GreenloopError {
  return new GreenloopError('origin_refused', 'the request comes from another site', { why })
}

/** Behind something that speaks TLS for the server, the page has https though the server has not. */
function isOwn(origin: string, request: Request, isTls: boolean): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host } = new URL(origin)
  if (protocol !== 'https:' && (isTls || protocol !== 'http:')) return false
  const own = request.headers.get('host') ?? new URL(request.url).host
  return URL.canParse(`${protocol}//${own}`) && new URL(`${protocol}//${own}`).host === host
}

/** The bearer token of a request. Throws where the header holds something else. */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization')
  if (header === null) return undefined
  const token = /^bearer +([!-~]{1,500})$/iu.exec(header)?.[1]
  if (token !== undefined) return token
  throw unauthorized('token_missing', 'the Authorization header holds no bearer token')
}

/** An answer that asks for a token. */
export function unauthorized(code: 'token_missing' | 'token_refused', message: string): Refusal {
  const help = 'send `Authorization: Bearer TOKEN`; `greenloop serve` prints where the first token lies'
  return new Refusal(new GreenloopError(code, message, { help }), {
    status: 401,
    headers: { 'WWW-Authenticate': 'Bearer realm="greenloop"' },
  })
}

/** Name of the cookie where browsers see https; they keep it only with `Secure`, for this host and every path. */
const secureCookie = '__Host-greenloop'
/** Over plain http the other one cannot be set in every browser; SameSite, Origin and Host checks are the same. */
const plainCookie = 'greenloop'

/** Value of the session cookie. Where the server speaks TLS, one that came without `Secure` does not count. */
export function sessionOf(request: Request, isTls: boolean): string | undefined {
  const cookies = request.headers.get('cookie')?.split(';') ?? []
  const named = (name: string): string | undefined =>
    cookies
      .map((cookie) => cookie.trim())
      .find((cookie) => cookie.startsWith(`${name}=`))
      ?.slice(name.length + 1)
  return named(secureCookie) ?? (isTls ? undefined : named(plainCookie))
}

/** The `Set-Cookie` header of a session, or with `undefined` the one that ends it. */
export function sessionCookie(
  request: Request,
  {
    isTls,
    value,
    maxAgeSeconds = 0,
  }: { readonly isTls: boolean; readonly value?: string; readonly maxAgeSeconds?: number },
): string {
  const isSecure = isTls || (request.headers.get('origin')?.startsWith('https:') ?? false)
  const attributes = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${value === undefined ? 0 : maxAgeSeconds}`
  return isSecure
    ? `${secureCookie}=${value ?? ''}; ${attributes}; Secure`
    : `${plainCookie}=${value ?? ''}; ${attributes}`
}
