import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { ServiceContext } from '../app/service-context.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { Refusal } from './problem.ts'

const kind = 'idempotency'
const keptMs = 24 * 3600 * 1000
/** A request that has not ended by then has died with its server. */
const inFlightMs = 2 * 60 * 1000
/** Larger answers are not kept: such a request is carried out again. */
const maxKeptBytes = 256 * 1024

/** A request under a key of its caller. */
export interface KeyedRequest {
  readonly caller: string
  readonly operation: string
  /** The `Idempotency-Key` header. */
  readonly key: string
  readonly body: Uint8Array
  /** Path and query, which stand for the body where there is none. */
  readonly target: string
}

/** What is on record for a key; `sealed` is the answer, locked, since it may hold a new token. */
interface Kept {
  readonly digest: string
  readonly sealed?: string | undefined
}

interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Carries a request out once. The same request under the same key gets the first answer again; another one is refused, and so is one
 * that comes while the first is in flight. What fails is not kept, so that it can be tried again.
 */
export async function once(
  service: Pick<ServiceContext, 'store' | 'key'>,
  request: KeyedRequest,
  work: () => Promise<Response>,
): Promise<Response> {
  if (!/^[!-~]{1,255}$/u.test(request.key)) {
    throw new GreenloopError('body_invalid', 'an Idempotency-Key has 1 to 255 visible ASCII characters')
  }
  const { documents } = service.store
  const secret = Buffer.from(hkdfSync('sha256', service.key, '', 'greenloop idempotency', 32))
  const key = createHmac('sha256', secret)
    .update(JSON.stringify([request.caller, request.operation, request.key]))
    .digest('hex')
  const digest = createHmac('sha256', secret).update(request.target).update('\0').update(request.body).digest('hex')
  const open: Kept = { digest }
  try {
    await documents.put({ kind, key, value: open, expiresAt: now() + inFlightMs }, 0)
  } catch (error) {
    if (!(error instanceof GreenloopError) || error.code !== 'version_conflict') throw error
    const kept = (await documents.get(kind, key))?.value as Kept | undefined
    return again(kept, { digest, secret, key })
  }
  let response: Response
  try {
    response = await work()
  } catch (error) {
    await documents.remove(kind, key)
    throw error
  }
  const answer = await keep(response)
  if (answer === undefined) await documents.remove(kind, key)
  else {
    const value: Kept = { digest, sealed: seal(JSON.stringify(answer), { secret, key }) }
    await documents.put({ kind, key, value, expiresAt: now() + keptMs })
  }
  return response
}

function again(
  kept: Kept | undefined,
  { digest, secret, key }: { readonly digest: string; readonly secret: Buffer; readonly key: string },
): Response {
  if (kept !== undefined && kept.digest !== digest) {
    throw new GreenloopError('idempotency_conflict', 'this Idempotency-Key was used for another request')
  }
  if (kept?.sealed === undefined) {
    const error = new GreenloopError('idempotency_conflict', 'the first request with this Idempotency-Key is in flight')
    throw new Refusal(error, { status: 409, headers: { 'Retry-After': '1' }, retryable: true })
  }
  const { status, headers, body } = JSON.parse(unseal(kept.sealed, { secret, key })) as KeptAnswer
  const init = { status, headers: { ...headers, 'Idempotent-Replayed': 'true' } }
  return new Response(status === 204 ? null : body, init)
}

async function keep(response: Response): Promise<KeptAnswer | undefined> {
  if (!response.ok) return undefined
  const body = await response.clone().text()
  if (Buffer.byteLength(body) > maxKeptBytes) return undefined
  const headers = Object.fromEntries(
    ['content-type', 'location', 'etag'].flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  return { status: response.status, headers, body }
}

interface Lock {
  readonly secret: Buffer
  /** Binds the text to its place. */
  readonly key: string
}

function seal(text: string, { secret, key }: Lock): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(key))
  const locked = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), locked]).toString('base64')
}

function unseal(sealed: string, { secret, key }: Lock): string {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12)).setAAD(Buffer.from(key))
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
}
