import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { ApiSecret } from '../domain/api-admin.ts'
import { GreenloopError } from '../domain/errors.ts'
import { allDocuments } from './access-documents.ts'
import { ownerPath, ownerText, randomText } from './secrets-file.ts'
import type { ServiceContext } from './service-context.ts'
import type { Surroundings } from './surroundings.ts'

type Vault = Pick<ServiceContext, 'store' | 'key'>

/** A secret as it is kept: locked, all parts in base64. */
export interface Locked {
  readonly nonce: string
  readonly data: string
  readonly tag: string
  readonly updatedBy: string
}

const kind = 'secret'
const cipher = 'aes-256-gcm'

/** Names of all secrets, in their order. */
export async function listSecrets({ store }: Pick<Vault, 'store'>): Promise<readonly ApiSecret[]> {
  const documents = await allDocuments<Locked>(store.documents, kind)
  return documents.map(({ key, value, updatedAt }) => view(key, value.updatedBy, updatedAt))
}

/** Sets a secret. */
export async function writeSecret(
  { store, key }: Vault,
  { name, value }: { readonly name: string; readonly value: string },
  by: string,
): Promise<ApiSecret> {
  const locked: Locked = { ...lock(value, name, key), updatedBy: by }
  const { updatedAt } = await store.documents.put({ kind, key: name, value: locked })
  return view(name, by, updatedAt)
}

/** Removes a secret. Throws `secret_unknown`. */
export async function deleteSecret({ store }: Pick<Vault, 'store'>, name: string): Promise<void> {
  if (!(await store.documents.remove(kind, name))) throw unknown(name)
}

/**
 * The value of a secret, for what is started with it and for nobody else. Throws `secret_unknown`, and `secret_locked`
 * where it was locked with another key.
 */
export async function readSecret({ store, key }: Vault, name: string): Promise<string> {
  const document = await store.documents.get(kind, name)
  if (document === undefined) throw unknown(name)
  return unlock(document.value as Locked, name, key)
}

function view(name: string, updatedBy: string, updatedAt: number): ApiSecret {
  return { name, updatedBy, updatedAt: new Date(updatedAt).toISOString() }
}

function unknown(name: string): GreenloopError {
  return new GreenloopError('secret_unknown', `there is no secret \`${name}\``, {
    help: `set it on the settings page, or with PUT /v1/secrets/${name}`,
  })
}

/** Locks a text that is no secret of people's own, such as the key of a webhook; its name has to be given again. */
export function lockText(text: string, name: string, { key }: Pick<Vault, 'key'>): Omit<Locked, 'updatedBy'> {
  return lock(text, name, key)
}

/** Opens what {@link lockText} has locked. Throws `secret_locked`. */
export function unlockText(locked: Omit<Locked, 'updatedBy'>, name: string, { key }: Pick<Vault, 'key'>): string {
  return unlock(locked, name, key)
}

function lock(text: string, name: string, key: Buffer): Omit<Locked, 'updatedBy'> {
  const nonce = randomBytes(12)
  const locking = createCipheriv(cipher, derived(key), nonce)
  // A locked text that is moved under another name does not open.
  locking.setAAD(Buffer.from(name))
  const data = Buffer.concat([locking.update(text, 'utf8'), locking.final()])
  const base64 = (bytes: Buffer): string => bytes.toString('base64')
  return { nonce: base64(nonce), data: base64(data), tag: base64(locking.getAuthTag()) }
}

function unlock({ nonce, data, tag }: Omit<Locked, 'updatedBy'>, name: string, key: Buffer): string {
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
  try {
    const opening = createDecipheriv(cipher, derived(key), bytes(nonce), { authTagLength: 16 })
    opening.setAAD(Buffer.from(name))
    opening.setAuthTag(bytes(tag))
    return Buffer.concat([opening.update(bytes(data)), opening.final()]).toString('utf8')
  } catch (error) {
    throw new GreenloopError('secret_locked', `the secret \`${name}\` cannot be opened with the key of this server`, {
      help: 'set it anew on the settings page, or bring back the old GREENLOOP_SECRET_KEY or server-key file',
      cause: error,
    })
  }
}

function derived(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'greenloop secrets 1', 32))
}

/**
 * The 32 bytes that only this installation knows: GREENLOOP_SECRET_KEY (base64 or hexadecimal), else a file that only
 * its owner can read, made when it is missing. Throws `config_invalid`.
 */
export async function openInstallationKey(storeAt: string, where: Pick<Surroundings, 'cwd' | 'env'>): Promise<Buffer> {
  const given = where.env['GREENLOOP_SECRET_KEY']?.trim()
  if (given !== undefined && given !== '') return keyOf(given, 'GREENLOOP_SECRET_KEY')
  const path = ownerPath('server-key', { storeAt, root: where.cwd })
  return keyOf((await ownerText(path, randomText)).text, path)
}

function keyOf(text: string, origin: string): Buffer {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : base64Bytes(text)
  if (bytes?.length === 32) return bytes
  throw new GreenloopError('config_invalid', `${origin} must hold 32 bytes in base64 or hexadecimal`, {
    help: 'openssl rand -base64 32',
  })
}

function base64Bytes(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}
