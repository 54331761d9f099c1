import { randomBytes } from 'node:crypto'
import type { ApiToken, NewToken } from '../domain/api-admin.ts'
import type { Scope } from '../domain/api-common.ts'
import type { DocumentStore, StoredDocument } from '../domain/documents.ts'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { sha256 } from '../lib/hash.ts'
import { createAuditLog } from './access-audit.ts'
import type { AuditLog } from './access-audit.ts'
import {
  createToken,
  deleteToken,
  keepFirst,
  listTokens,
  noteUse,
  tokenOf,
  tokenText,
  unlessBeaten,
} from './access-tokens.ts'
import type { TokenOrder, TokenRecord } from './access-tokens.ts'
import { ownerPath, ownerText, randomText, replaceOwnerText } from './secrets-file.ts'
import type { ServiceContext } from './service-context.ts'

/** Who asks. */
export interface Caller {
  /** Name of the token, or `page`. */
  readonly name: string
  readonly scope: Scope
  readonly via: 'cookie' | 'token'
  /** When the session or the token ends, in epoch milliseconds. */
  readonly expiresAt?: number | undefined
}

/** What a session is begun with. */
type Credential = { readonly code: string } | { readonly token: string }

/** A session that was begun; the cookie's value is not kept anywhere. */
interface NewSession {
  readonly cookie: string
  /** Epoch milliseconds, unless it is used before then. */
  readonly expiresAt: number
  readonly caller: Caller
}

/** The token that a server made for itself. */
interface FirstToken {
  readonly token: string
  /** The file that holds it; only its owner can read it. */
  readonly file: string
  readonly isNew: boolean
}

/** Who may do what: tokens, sessions of the page, one-time codes, and the book of changes. */
export interface Access extends AuditLog {
  byToken(token: string): Promise<Caller | undefined>
  bySession(cookie: string): Promise<Caller | undefined>
  /** Begins a session of the page. Throws `token_refused`. */
  startSession(credential: Credential): Promise<NewSession>
  endSession(cookie: string): Promise<void>
  /** A code that begins one session within 10 minutes. */
  createCode(): Promise<string>
  /** The administrator's token of this server, made at its first start. Throws `config_invalid` where others can read it. */
  firstToken(): Promise<FirstToken>
  listTokens(): Promise<readonly ApiToken[]>
  /** Makes a token. Throws `body_invalid` where the name is taken. */
  createToken(order: TokenOrder): Promise<NewToken>
  /** Revokes a token with its sessions; for the server's own one another is made. Throws `entry_unknown`. */
  deleteToken(id: string): Promise<void>
}

/** A session as it is kept, by the hash of its cookie. It ends with its token. */
interface SessionRecord {
  /** `page` where a code began it. */
  readonly name?: string | undefined
  readonly tokenHash: string
}

const codeMs = 10 * 60_000
const sessionMs = 12 * 3_600_000
const slideEveryMs = 60_000

/** Opens the access to a service. Of tokens, cookies and codes only hashes are kept. */
export function openAccess(service: Pick<ServiceContext, 'store' | 'storeAt' | 'root'>): Access {
  const { documents } = service.store
  const file = ownerPath('server-token', service)
  return {
    ...createAuditLog(documents),
    byToken: (token) => byToken(documents, token),
    bySession: (cookie) => bySession(documents, cookie),
    startSession: (credential) => startSession(documents, credential),
    endSession: async (cookie) => void (await documents.remove('session', sha256(cookie))),
    async createCode() {
      const code = randomBytes(24).toString('base64url')
      const { token } = await firstToken(documents, file)
      const value: SessionRecord = { name: 'page', tokenHash: sha256(token) }
      await documents.put({ kind: 'code', key: sha256(code), value, expiresAt: now() + codeMs }, 0)
      return code
    },
    firstToken: () => firstToken(documents, file),
    listTokens: () => listTokens(documents),
    createToken: (order) => createToken(documents, order),
    async deleteToken(id) {
      await deleteToken(documents, id)
      await firstToken(documents, file)
    },
  }
}

async function byToken(documents: DocumentStore, token: string): Promise<Caller | undefined> {
  const found = await tokenOf(documents, sha256(token))
  if (found === undefined) return undefined
  await noteUse(documents, found)
  return { name: found.value.name, scope: found.value.scope, via: 'token', expiresAt: found.expiresAt }
}

async function bySession(documents: DocumentStore, cookie: string): Promise<Caller | undefined> {
  const session = (await documents.get('session', sha256(cookie))) as StoredDocument<SessionRecord> | undefined
  if (session === undefined) return undefined
  const token = await tokenOf(documents, session.value.tokenHash)
  if (token === undefined) return undefined
  await noteUse(documents, token)
  const expiresAt = now() + sessionMs
  if (expiresAt - (session.expiresAt ?? 0) >= slideEveryMs) {
    await unlessBeaten(documents.put({ ...session, expiresAt }, session.version))
  }
  return callerOf(session.value, token.value, expiresAt)
}

async function startSession(documents: DocumentStore, credential: Credential): Promise<NewSession> {
  const value: SessionRecord =
    'code' in credential ? await useCode(documents, credential.code) : { tokenHash: sha256(credential.token) }
  const token = await tokenOf(documents, value.tokenHash)
  if (token === undefined) {
    throw new GreenloopError('token_refused', 'the token is not known here', {
      why: 'it is mistyped, expired or revoked',
      help: 'greenloop serve link',
    })
  }
  const cookie = randomText()
  const expiresAt = now() + sessionMs
  await documents.put({ kind: 'session', key: sha256(cookie), value, expiresAt }, 0)
  return { cookie, expiresAt, caller: callerOf(value, token.value, expiresAt) }
}

function callerOf(session: SessionRecord, token: TokenRecord, expiresAt: number): Caller {
  return { name: session.name ?? token.name, scope: token.scope, via: 'cookie', expiresAt }
}

/** Of two who use a code at once one finds it. */
async function useCode(documents: DocumentStore, code: string): Promise<SessionRecord> {
  const key = sha256(code)
  const found = await documents.get('code', key)
  if (found !== undefined && (await documents.remove('code', key))) return found.value as SessionRecord
  throw new GreenloopError('token_refused', 'the link was used already, or is older than 10 minutes', {
    help: 'greenloop serve link',
  })
}

async function firstToken(documents: DocumentStore, file: string): Promise<FirstToken> {
  const { text, isNew } = await ownerText(file, tokenText)
  if (!/^[\w-]{32,200}$/.test(text)) {
    throw new GreenloopError('config_invalid', `${file} holds no token`, { help: `remove it, and a new one is made` })
  }
  if ((await keepFirst(documents, text)) === 'kept') return { token: text, file, isNew }
  const token = tokenText()
  await replaceOwnerText(file, token)
  await keepFirst(documents, token)
  return { token, file, isNew: true }
}
