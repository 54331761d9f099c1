import { createHmac, randomBytes } from 'node:crypto'
import type { ApiDelivery, ApiWebhook } from '../domain/api-admin.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { after, now } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { createHttpClient } from '../lib/http-client.ts'
import { publicLookup } from '../lib/public-address.ts'
import { random } from '../lib/random.ts'
import { allDocuments } from './access-documents.ts'
import { plainView } from './run-view.ts'
import type { ServiceContext } from './service-context.ts'
import { deliveryKind, deliveryView, keptWebhook, signingKeys, webhookKind } from './webhooks.ts'
import type { KeptDelivery, KeptWebhook } from './webhooks.ts'

/** Sends what webhooks are to be told, until it has arrived or a day is over. */
export interface WebhookSender {
  /** Sends a test event. Throws `entry_unknown`. */
  test(webhook: string): Promise<ApiDelivery>
  /** Sends a delivery again. Throws `entry_unknown`. */
  again(webhook: string, delivery: string): Promise<ApiDelivery>
  close(): void
}

type EventName = ApiWebhook['events'][number]

/** Waits between attempts in milliseconds; each is lengthened by up to a fifth. Then the letter is dead. */
const waits = [5000, 60_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 57_600_000]
const attemptMs = 15_000
const keptMs = 30 * 86_400_000
const gone = 410

/** Starts to send; what was not delivered before goes on. */
export async function openWebhooks(service: ServiceContext): Promise<WebhookSender> {
  const sender = new Sender(service)
  await sender.takeUp()
  return sender
}

class Sender implements WebhookSender {
  readonly #service: ServiceContext
  readonly #open = createHttpClient({ keep: 0, lookup: publicLookup })
  readonly #private = createHttpClient({ keep: 0 })
  readonly #timers = new Map<string, Timer>()
  readonly #stop = new AbortController()
  readonly #unlisten: () => void

  constructor(service: ServiceContext) {
    this.#service = service
    this.#unlisten = service.runs.onChange((run) => void this.#tell(run).catch(() => {}))
  }

  async takeUp(): Promise<void> {
    const { documents } = this.#service.store
    for (const { key: webhook } of await allDocuments(documents, webhookKind)) {
      for (const { key, value } of await allDocuments<KeptDelivery>(documents, deliveryKind(webhook))) {
        if (value.status === 'pending') this.#schedule(webhook, key, value.nextAt ?? now())
      }
    }
  }

  async #tell(run: StoredRun): Promise<void> {
    const events = eventsOf(run)
    if (events.length === 0) return
    const webhooks = await allDocuments<KeptWebhook>(this.#service.store.documents, webhookKind)
    for (const { key, value } of webhooks) {
      const wanted = value.disabledReason === undefined ? events.filter((event) => value.events.includes(event)) : []
      // The id says what is told, so that two servers of one store tell it once.
      for (const event of wanted) {
        const at = event === 'run.started' ? run.startedAt : run.finishedAt
        await this.#keep(key, event, { id: `${timeKey(at ?? now())}-${idPart(event)}-${idPart(run.id)}`, run })
      }
    }
  }

  async #keep(
    webhook: string,
    event: string,
    { id, run }: { readonly id: string; readonly run: StoredRun | undefined },
  ): Promise<ApiDelivery> {
    const data = run === undefined ? { message: 'a test of this webhook' } : { run: plainView(run) }
    const body = JSON.stringify({ type: event, timestamp: new Date(now()).toISOString(), data })
    const value: KeptDelivery = { event, body, createdAt: now(), status: 'pending', attempts: 0, nextAt: now() }
    const kind = deliveryKind(webhook)
    const isNew = await this.#service.store.documents
      .put({ kind, key: id, value, expiresAt: now() + keptMs }, 0)
      .then(() => true)
      .catch(isKnown)
    if (isNew) this.#schedule(webhook, id, now())
    return deliveryView(id, value)
  }

  async test(webhook: string): Promise<ApiDelivery> {
    await keptWebhook(this.#service, webhook)
    const id = `${timeKey(now())}-test-${randomBytes(4).toString('hex')}`
    return this.#keep(webhook, 'webhook.test', { id, run: undefined })
  }

  async again(webhook: string, delivery: string): Promise<ApiDelivery> {
    const { documents } = this.#service.store
    const document = await documents.get(deliveryKind(webhook), delivery)
    if (document === undefined) throw new GreenloopError('entry_unknown', `there is no delivery \`${delivery}\``)
    const { lastError: _past, ...kept } = document.value as KeptDelivery
    const value: KeptDelivery = { ...kept, status: 'pending', attempts: 0, nextAt: now() }
    await documents.put({ kind: deliveryKind(webhook), key: delivery, value, expiresAt: now() + keptMs })
    this.#schedule(webhook, delivery, now())
    return deliveryView(delivery, value)
  }

  #schedule(webhook: string, delivery: string, at: number): void {
    const name = `${webhook} ${delivery}`
    this.#timers.get(name)?.cancel()
    const attempt = (): void => {
      this.#timers.delete(name)
      void this.#attempt(webhook, delivery).catch(() => {})
    }
    this.#timers.set(name, after(Math.max(0, at - now()), attempt, { unref: true }))
  }

  async #attempt(webhook: string, delivery: string): Promise<void> {
    const { documents } = this.#service.store
    const [kept, document] = await Promise.all([
      keptWebhook(this.#service, webhook),
      documents.get(deliveryKind(webhook), delivery),
    ])
    if (document === undefined || this.#stop.signal.aborted) return
    const value = document.value as KeptDelivery
    const result = await this.#send(webhook, kept, { delivery, body: value.body })
    const ended = concluded(value, result)
    await documents.put({ kind: deliveryKind(webhook), key: delivery, value: ended, expiresAt: now() + keptMs })
    const last = { at: now(), status: ended.status, code: result.code }
    const off = result.code === gone ? { disabledReason: 'the other side answered 410: it is gone' } : {}
    await documents.put({
      kind: webhookKind,
      key: webhook,
      value: { ...(await keptWebhook(this.#service, webhook)), last, ...off },
    })
    if (ended.status === 'pending' && ended.nextAt !== undefined) this.#schedule(webhook, delivery, ended.nextAt)
  }

  async #send(id: string, webhook: KeptWebhook, letter: { readonly delivery: string; readonly body: string }) {
    try {
      const client = webhook.allowPrivate ? this.#private : this.#open
      const timestamp = Math.floor(now() / 1000)
      const signed = `${letter.delivery}.${timestamp}.${letter.body}`
      const signatures = signingKeys(id, webhook, this.#service).map(
        (key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
      )
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'greenloop-webhook',
        'webhook-id': letter.delivery,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatures.join(' '),
      }
      const url = new URL(webhook.url)
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(attemptMs)])
      const { status, body } = await client.send({ url, method: 'POST', headers, body: letter.body }, signal)
      body.destroy()
      return { code: status }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    }
  }

  close(): void {
    this.#unlisten()
    this.#stop.abort(new GreenloopError('cancelled', 'the server stops'))
    for (const timer of this.#timers.values()) timer.cancel()
    this.#open.close()
    this.#private.close()
  }
}

function concluded(
  value: KeptDelivery,
  { code, error }: { readonly code?: number | undefined; readonly error?: string | undefined },
): KeptDelivery {
  const { nextAt: _past, lastCode: _code, lastError: _error, ...rest } = value
  const attempts = value.attempts + 1
  if (code !== undefined && code >= 200 && code < 300) return { ...rest, status: 'delivered', attempts, lastCode: code }
  const wait = waits[value.attempts]
  const why = { lastCode: code, lastError: error ?? `the other side answered ${code}` }
  if (wait === undefined || code === gone) return { ...rest, status: 'dead', attempts, ...why }
  return { ...rest, status: 'pending', attempts, nextAt: now() + wait * (1 + random() / 5), ...why }
}

function isKnown(error: unknown): false {
  if (error instanceof GreenloopError && error.code === 'version_conflict') return false
  throw error
}

/** What the state of a run says to webhooks. */
function eventsOf({ state, verdict }: StoredRun): readonly EventName[] {
  switch (state) {
    case 'running':
      return ['run.started']
    case 'finished':
      return verdict === 'blocked_gate' ? ['run.finished', 'repair.gate'] : ['run.finished']
    case 'failed':
    case 'cancelled':
      return [`run.${state}`]
    case 'queued':
      return []
  }
}

/** Grows with time, as text. */
function timeKey(at: number): string {
  return String(Math.round(at)).padStart(15, '0')
}

/** Ids of deliveries go into addresses. */
function idPart(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 24)
}
