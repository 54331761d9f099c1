import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredRun } from '../domain/stored-run.ts'
import { publicLookup } from '../lib/public-address.ts'
import type { RunService, ServiceContext } from './service-context.ts'
import { openRunStore, thisProcess } from './store.ts'
import { openWebhooks } from './webhook-sender.ts'
import type { WebhookSender } from './webhook-sender.ts'
import { createWebhook, deleteWebhook, listDeliveries, listWebhooks, rotateWebhook } from './webhooks.ts'

interface Letter {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let folder = ''
let service: ServiceContext
let sender: WebhookSender
let server: Server
let letters: Letter[] = []
let answers: number[] = []
let tell: (run: StoredRun) => void = () => {}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-webhooks-'))
  const storeAt = join(folder, 'greenloop.db')
  const store = await openRunStore(storeAt)
  const runs = {
    onChange: (listener: (run: StoredRun) => void) => {
      tell = listener
      return () => {}
    },
  } as Partial<RunService> as RunService
  const where = { cwd: folder, env: {}, signal: new AbortController().signal }
  service = { store, storeAt, root: folder, artifacts: folder, key: Buffer.alloc(32, 7), where, runs }
  sender = await openWebhooks(service)
  letters = []
  answers = []
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      letters.push({ headers: request.headers, body })
      response.writeHead(answers.shift() ?? 204, { location: '/elsewhere' }).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  sender.close()
  server.close()
  await service.store.close()
  await rm(folder, { recursive: true, force: true })
})

function address(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
}

function add() {
  return createWebhook(service, { url: address(), events: ['run.finished'], allowPrivate: true })
}

/** As the specification of Standard Webhooks has it. */
function isSigned({ headers, body }: Letter, key: string): boolean {
  const secret = Buffer.from(key.replace('whsec_', ''), 'base64')
  const signed = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`
  const signature = `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`
  return String(headers['webhook-signature']).split(' ').includes(signature)
}

async function ended(id: string): Promise<StoredRun> {
  await service.store.create({ id, kind: 'pipeline', title: 'Sums', input: { secret: 'not told' } })
  await service.store.claim(id, thisProcess(), 1000)
  await service.store.end(id, { state: 'finished', verdict: 'passed', exitCode: 0 })
  return (await service.store.find(id)) as StoredRun
}

test('the end of a run is told once, signed, and without its input', async () => {
  const { id, key } = await add()
  const run = await ended('r1')
  tell(run)
  tell(run)
  await expect.poll(() => letters.length).toBe(1)
  const [letter] = letters as [Letter]
  expect(isSigned(letter, key)).toBe(true)
  expect(JSON.parse(letter.body)).toMatchObject({
    type: 'run.finished',
    data: { run: { id: 'r1', status: 'finished', verdict: 'passed' } },
  })
  expect(letter.body).not.toContain('not told')
  await expect
    .poll(async () => (await listDeliveries(service, id, { limit: 5 })).items)
    .toMatchObject([{ status: 'delivered', attempts: 1, lastCode: 204 }])
  expect(JSON.stringify(await listWebhooks(service))).not.toContain(key)
  expect(letters).toHaveLength(1)
})

test('a rotated key signs beside the old one', async () => {
  const { id, key } = await add()
  const rotated = await rotateWebhook(service, id)
  expect(rotated.key).not.toBe(key)
  await sender.test(id)
  await expect.poll(() => letters.length).toBe(1)
  const [letter] = letters as [Letter]
  expect([isSigned(letter, key), isSigned(letter, rotated.key)]).toEqual([true, true])
})

test('what is not taken is sent again, also by the next server; a redirect is not followed', async () => {
  const { id } = await add()
  answers = [302]
  await sender.test(id)
  await expect
    .poll(async () => (await listDeliveries(service, id, { limit: 5 })).items)
    .toMatchObject([{ status: 'pending', attempts: 1, lastCode: 302 }])
  sender.close()
  sender = await openWebhooks(service)
  await expect.poll(() => letters.length, { timeout: 10_000 }).toBe(2)
  await expect
    .poll(async () => (await listDeliveries(service, id, { limit: 5 })).items)
    .toMatchObject([{ status: 'delivered', attempts: 2 }])
})

test('an answer of 410 switches a webhook off; its letter can be sent again by hand', async () => {
  const { id } = await add()
  answers = [410]
  const { id: delivery } = await sender.test(id)
  await expect.poll(() => listWebhooks(service)).toMatchObject([{ isEnabled: false }])
  tell(await ended('r2'))
  const { items } = await listDeliveries(service, id, { limit: 5 })
  expect(items).toMatchObject([{ id: delivery, status: 'dead' }])
  await sender.again(id, delivery)
  await expect.poll(() => letters.length).toBe(2)
  await deleteWebhook(service, id)
  await expect(listDeliveries(service, id, { limit: 5 })).rejects.toMatchObject({ code: 'entry_unknown' })
})

test('addresses of the own network are refused, by number and by name', async () => {
  const refused = [
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/',
    'http://10.1.2.3/',
    'http://0.0.0.0/',
    'http://localhost:8080/',
    'http://user:word@example.com/',
  ]
  for (const url of refused) {
    const made = createWebhook(service, { url, events: ['run.finished'], allowPrivate: false })
    await expect(made, url).rejects.toMatchObject({ code: 'address_refused' })
  }
  const error = await new Promise((done) => publicLookup('localhost', {}, (found) => done(found)))
  expect(error).toMatchObject({ code: 'EADDRREFUSED' })
})
