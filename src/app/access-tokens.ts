import type { ApiToken, NewToken } from '../domain/api-admin.ts'
import type { Scope } from '../domain/api-common.ts'
import type { DocumentStore, StoredDocument } from '../domain/documents.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { sha256 } from '../lib/hash.ts'
import { allDocuments } from './access-documents.ts'
import { randomText } from './secrets-file.ts'

/** A token as it is kept: by its hash, never itself. */
export interface TokenRecord {
  readonly name: string
  readonly scope: Scope
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly lastUsedAt?: number | undefined
  /** The token that a server made for itself at its first start. */
  readonly isFirst?: boolean | undefined
}

/** A new token as an administrator orders it. */
export interface TokenOrder {
  readonly name: string
  readonly scope: Scope
  readonly expiresInDays?: number | undefined
}

const kind = 'token'
const dayMs = 86_400_000
const usedEveryMs = 60_000
const mostTokens = 1000
const idLength = 24

/** Who the audit log knows by these names is no token that people have made. */
const reservedNames: ReadonlySet<string> = new Set(['page', 'server'])

/** A new token text: 256 random bits behind a beginning that scanners of secrets can know. */
export function tokenText(): string {
  return `greenloop_${randomText()}`
}

/** A token by its hash, unless it has expired or was revoked. */
export async function tokenOf(
  documents: DocumentStore,
  hash: string,
): Promise<StoredDocument<TokenRecord> | undefined> {
  const document = await documents.get(kind, hash)
  return document as StoredDocument<TokenRecord> | undefined
}

/** Notes that a token was used, at most once a minute. */
export async function noteUse(documents: DocumentStore, token: StoredDocument<TokenRecord>): Promise<void> {
  const at = now()
  if (at - (token.value.lastUsedAt ?? 0) < usedEveryMs) return
  const { key, value, expiresAt, version } = token
  await unlessBeaten(documents.put({ kind, key, value: { ...value, lastUsedAt: at }, expiresAt }, version))
}

/** Waits for a writing that may fail: somebody else was faster, or the disk is full, and callers are let in all the same. */
export async function unlessBeaten(writing: Promise<unknown>): Promise<void> {
  await writing.catch((error: unknown) => {
    if (!(error instanceof GreenloopError)) throw error
  })
}

/** Every token, oldest first. */
export async function listTokens(documents: DocumentStore): Promise<readonly ApiToken[]> {
  const all = await allDocuments<TokenRecord>(documents, kind)
  return all.toSorted((one, other) => one.value.createdAt - other.value.createdAt).map(view)
}

/** Makes a token. Throws `body_invalid` where the name is taken. */
export async function createToken(documents: DocumentStore, order: TokenOrder): Promise<NewToken> {
  const all = await allDocuments<TokenRecord>(documents, kind)
  if (reservedNames.has(order.name) || all.some(({ value }) => value.name === order.name)) {
    throw new GreenloopError('body_invalid', `the name \`${order.name}\` is taken`, {
      why: 'the audit log tells callers apart by the names of their tokens',
      help: 'choose another name, or revoke that token first',
    })
  }
  if (all.length >= mostTokens) {
    throw new GreenloopError('body_invalid', `there are ${mostTokens} tokens already`, { help: 'revoke some first' })
  }
  const token = tokenText()
  const at = now()
  const expiresAt = order.expiresInDays === undefined ? undefined : at + order.expiresInDays * dayMs
  const value: TokenRecord = { name: order.name, scope: order.scope, createdAt: at }
  const document = await documents.put({ kind, key: sha256(token), value, expiresAt }, 0)
  return { ...view({ ...document, value }), token }
}

/** Keeps the token that a server made for itself; gives nothing where it was revoked. */
export async function keepFirst(documents: DocumentStore, token: string): Promise<'kept' | 'revoked'> {
  const hash = sha256(token)
  if ((await documents.get(revokedKind, hash)) !== undefined) return 'revoked'
  const value: TokenRecord = { name: 'server', scope: 'admin', createdAt: now(), isFirst: true }
  if ((await tokenOf(documents, hash)) === undefined) {
    await unlessBeaten(documents.put({ kind, key: hash, value }, 0))
  }
  return 'kept'
}

const revokedKind = 'token-revoked'

/** Revokes a token by its id, and gives its hash. Throws `entry_unknown`. */
export async function deleteToken(documents: DocumentStore, id: string): Promise<string> {
  const all = await allDocuments<TokenRecord>(documents, kind)
  const token = all.find(({ key }) => key.startsWith(id) && id.length === idLength)
  if (token === undefined) {
    throw new GreenloopError('entry_unknown', 'there is no such token', { help: 'it was revoked, or has expired' })
  }
  // Its file may lie on another machine, whose server would bring it back at its next start.
  if (token.value.isFirst === true) await documents.put({ kind: revokedKind, key: token.key, value: {} })
  await documents.remove(kind, token.key)
  return token.key
}

function view({ key, value, expiresAt }: StoredDocument<TokenRecord>): ApiToken {
  const { name, scope, createdAt, lastUsedAt } = value
  const time = (at: number): string => new Date(at).toISOString()
  return {
    id: key.slice(0, idLength),
    name,
    scope,
    createdAt: time(createdAt),
    ...(expiresAt === undefined ? {} : { expiresAt: time(expiresAt) }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: time(lastUsedAt) }),
  }
}
