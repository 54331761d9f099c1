import { randomBytes } from 'node:crypto'
import type { ApiDelivery, ApiWebhook, newWebhookSchema, WebhookWrite } from '../domain/api-admin.ts'
import type { Page } from '../domain/api-common.ts'
import type { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { now } from '../lib/clock.ts'
import { addressOfHost, isPublicAddress } from '../lib/public-address.ts'
import { allDocuments } from './access-documents.ts'
import { lockText, unlockText } from './secrets.ts'
import type { Locked } from './secrets.ts'
import type { ServiceContext } from './service-context.ts'

type Shelf = Pick<ServiceContext, 'store' | 'key'>
type NewWebhook = z.output<typeof newWebhookSchema>

/** A key as it is kept. */
type LockedKey = Omit<Locked, 'updatedBy'>

/** A webhook as it is kept. */
export interface KeptWebhook {
  readonly url: string
  readonly events: ApiWebhook['events']
  readonly allowPrivate: boolean
  readonly createdAt: number
  readonly key: LockedKey
  /** The key before the last rotation; it signs beside the new one until then, in epoch milliseconds. */
  readonly old?: { readonly key: LockedKey; readonly until: number } | undefined
  readonly disabledReason?: string | undefined
  readonly last?: { readonly at: number; readonly status: string; readonly code?: number | undefined } | undefined
}

/** A delivery as it is kept. */
export interface KeptDelivery {
  readonly event: string
  readonly body: string
  readonly createdAt: number
  readonly status: ApiDelivery['status']
  readonly attempts: number
  readonly nextAt?: number | undefined
  readonly lastCode?: number | undefined
  readonly lastError?: string | undefined
}

/** Documents of webhooks. */
export const webhookKind = 'webhook'
/** An old key signs for so long beside the new one. */
const overlapMs = 86_400_000

/** Documents of the deliveries of one webhook; their keys grow with time. */
export function deliveryKind(webhook: string): string {
  return `delivery ${webhook}`
}

/** All webhooks, without their keys. */
export async function listWebhooks({ store }: Shelf): Promise<readonly ApiWebhook[]> {
  const kept = await allDocuments<KeptWebhook>(store.documents, webhookKind)
  return kept.map(({ key, value }) => viewOf(key, value))
}

/** Adds a webhook. Throws `address_refused` for an address of the own network, unless that is allowed. */
export async function createWebhook(shelf: Shelf, { url, events, allowPrivate }: WebhookWrite): Promise<NewWebhook> {
  refusePrivate(url, allowPrivate)
  const id = randomBytes(12).toString('base64url')
  const { text, locked } = newKey(id, shelf)
  const value: KeptWebhook = { url, events: [...new Set(events)], allowPrivate, createdAt: now(), key: locked }
  await shelf.store.documents.put({ kind: webhookKind, key: id, value }, 0)
  return { ...viewOf(id, value), key: text }
}

/** Removes a webhook; what waits to be delivered is forgotten. Throws `entry_unknown`. */
export async function deleteWebhook({ store }: Shelf, id: string): Promise<void> {
  if (!(await store.documents.remove(webhookKind, id))) throw unknown(id)
  for (const { key } of await allDocuments(store.documents, deliveryKind(id))) {
    await store.documents.remove(deliveryKind(id), key)
  }
}

/** Gives a webhook a new key, and switches it on again where it had been switched off. Throws `entry_unknown`. */
export async function rotateWebhook(shelf: Shelf, id: string): Promise<NewWebhook> {
  const { disabledReason: _past, ...kept } = await keptWebhook(shelf, id)
  const { text, locked } = newKey(id, shelf)
  const value: KeptWebhook = { ...kept, key: locked, old: { key: kept.key, until: now() + overlapMs } }
  await shelf.store.documents.put({ kind: webhookKind, key: id, value })
  return { ...viewOf(id, value), key: text }
}

/** Deliveries of a webhook, newest first. Throws `entry_unknown`. */
export async function listDeliveries(
  shelf: Shelf,
  id: string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<ApiDelivery>> {
  await keptWebhook(shelf, id)
  const page = { limit: limit + 1, order: 'desc', after: cursor } as const
  const found = await shelf.store.documents.list(deliveryKind(id), page)
  const items = found.slice(0, limit).map(({ key, value }) => deliveryView(key, value as KeptDelivery))
  const last = items.at(-1)
  return found.length > limit && last !== undefined ? { items, nextCursor: last.id } : { items }
}

/** A webhook as it is kept. Throws `entry_unknown`. */
export async function keptWebhook({ store }: Shelf, id: string): Promise<KeptWebhook> {
  const document = await store.documents.get(webhookKind, id)
  if (document === undefined) throw unknown(id)
  return document.value as KeptWebhook
}

/** Keys that sign now: the current one, and the one before it for a day. Throws `secret_locked`. */
export function signingKeys(id: string, { key, old }: KeptWebhook, shelf: Shelf): readonly Buffer[] {
  const locked = [key, ...(old !== undefined && old.until > now() ? [old.key] : [])]
  return locked.map((one) => Buffer.from(unlockText(one, `webhook ${id}`, shelf).replace(prefix, ''), 'base64'))
}

/** A delivery as the API tells it. */
export function deliveryView(id: string, kept: KeptDelivery): ApiDelivery {
  const { event, status, attempts, nextAt, lastCode, lastError, createdAt } = kept
  return {
    id,
    event,
    status,
    attempts,
    createdAt: new Date(createdAt).toISOString(),
    ...(nextAt === undefined ? {} : { nextAttemptAt: new Date(nextAt).toISOString() }),
    ...(lastCode === undefined ? {} : { lastCode }),
    ...(lastError === undefined ? {} : { lastError }),
  }
}

/** How Standard Webhooks writes a key. */
const prefix = 'whsec_'

function newKey(id: string, shelf: Shelf): { readonly text: string; readonly locked: LockedKey } {
  const text = `${prefix}${randomBytes(32).toString('base64')}`
  return { text, locked: lockText(text, `webhook ${id}`, shelf) }
}

function viewOf(id: string, { url, events, createdAt, disabledReason, last }: KeptWebhook): ApiWebhook {
  return {
    id,
    url,
    events: [...events],
    isEnabled: disabledReason === undefined,
    createdAt: new Date(createdAt).toISOString(),
    ...(disabledReason === undefined ? {} : { disabledReason }),
    ...(last === undefined
      ? {}
      : {
          lastDelivery: {
            at: new Date(last.at).toISOString(),
            status: last.status,
            ...(last.code === undefined ? {} : { code: last.code }),
          },
        }),
  }
}

function refusePrivate(url: string, allowPrivate: boolean): void {
  const { hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw new GreenloopError('address_refused', 'the address holds a user or a password', {
      help: 'the signature tells the other side who calls',
    })
  }
  const address = addressOfHost(hostname)
  const isLocal = address === undefined ? /(?:^|\.)localhost$/iu.test(hostname) : !isPublicAddress(address)
  if (!isLocal || allowPrivate) return
  throw new GreenloopError('address_refused', `\`${hostname}\` is no address of the open internet`, {
    help: 'where it is meant, set `allowPrivate`',
  })
}

function unknown(id: string): GreenloopError {
  return new GreenloopError('entry_unknown', `there is no webhook \`${id}\``)
}
