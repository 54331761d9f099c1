import { Client, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js'
import type { GrpcObject, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { afterEach, describe, expect, it } from 'vitest'
import { createRunClient } from '../client/run-client.ts'
import type { RunClientConfig } from '../client/run-client.ts'
import { loadRunService, runServiceName } from '../client/run-messages.ts'
import type { RunEventMessage } from '../client/run-messages.ts'
import { makeCertificate } from '../forges/gitlab-certificate.fixture.ts'
import { startGrpc } from './grpc-server.ts'
import type { GrpcConfig } from './grpc-server.ts'
import { scriptedService } from './grpc.fixture.ts'

const never = new AbortController().signal
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function serve(config: Partial<GrpcConfig> = {}) {
  const service = scriptedService()
  const server = await startGrpc(
    { host: '127.0.0.1', port: 0, reflection: true, followMs: 5, heartbeatMs: 40, ...config },
    service,
  )
  closing.push(() => server.close(200))
  const connect = (more: Partial<RunClientConfig> = {}) => {
    const client = createRunClient({ address: server.address, ...more })
    closing.push(() => client.close())
    return client
  }
  return { service, server, connect }
}

const wish = (idempotencyKey: string, project = 'demo/basket') => ({ idempotencyKey, project, ref: '', files: [] })

async function all(events: AsyncIterable<RunEventMessage>): Promise<RunEventMessage[]> {
  const seen: RunEventMessage[] = []
  for await (const event of events) seen.push(event)
  return seen
}

describe('the repair service', () => {
  it('gives the same run for the same key, with everything that was asked for', async () => {
    const { service, connect } = await serve()
    const client = connect()
    const files = [{ path: 'src/a.ts', content: Buffer.from('export {}\n'), executable: true }]
    const request = { ...wish('key-1'), ref: 'develop', files, options: { rounds: 2, mergeRequest: 7 } }
    const [one, other] = [await client.start(request, never), await client.start(request, never)]
    expect(one.id).toBe(other.id)
    expect(one).toMatchObject({ state: 'RUN_STATE_RUNNING', end: 'RUN_END_UNSPECIFIED', project: 'demo/basket' })
    expect(service.wishes).toHaveLength(1)
    expect(service.wishes[0]?.overrides).toEqual({ project: 'demo/basket', ref: 'develop', rounds: 2, mergeRequest: 7 })
    expect(Buffer.from(service.wishes[0]?.files[0]?.content ?? '').toString()).toBe('export {}\n')
  })

  it('streams what happened and what happens, and ends with the snapshot of the run', async () => {
    const { service, connect } = await serve()
    const client = connect()
    const { id } = await client.start(wish('key'), never)
    service.move(id, 'polling', { pipelineId: 12 })
    service.tell(id, 'pipeline', { status: 'failed', pipelineId: 12, text: 'pipeline 12 is failed' })
    const watching = all(client.watch(id, 0, never))
    const round = {
      number: 1,
      pipelineId: 12,
      failing: [{ name: 'unit', stage: 'test', status: 'failed' }],
      signature: 's',
      strategy: 'blocks',
      outcome: 'pushed',
      explanation: 'e',
      diff: 'd',
      findings: [],
      tokens: 1,
      costUsd: 0,
    } as const
    service.move(id, 'pushing', { rounds: [round] })
    service.tell(id, 'step', { text: 'pushed a patch' })
    service.move(id, 'done', { end: 'succeeded', rounds: [{ ...round, outcome: 'green' }] })
    const seen = await watching
    expect(seen.at(0)?.snapshot?.id).toBe(id)
    const numbered = seen.filter(({ seq }) => seq > 0)
    expect(numbered.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(numbered[0]?.stateChange).toMatchObject({ phase: 'polling', pipelineId: 12 })
    expect(numbered[1]?.stateChange).toMatchObject({ pipelineStatus: 'failed' })
    expect(numbered[2]?.round).toMatchObject({ number: 1, failingJobs: ['unit'], outcome: 'pushed' })
    expect(numbered[3]?.logChunk?.text).toBe('pushed a patch')
    expect(seen.at(-1)?.snapshot).toMatchObject({ state: 'RUN_STATE_FINISHED', end: 'RUN_END_SUCCEEDED' })
  })

  it('goes on behind the last number that a watcher saw', async () => {
    const { service, connect } = await serve()
    const client = connect()
    const { id } = await client.start(wish('key'), never)
    for (let count = 0; count < 250; count++) service.tell(id, 'step', { text: `line ${count}` })
    service.move(id, 'done', { end: 'gave_up' })
    const rest = (await all(client.watch(id, 240, never))).filter(({ seq }) => seq > 0)
    expect(rest.map(({ seq }) => seq)).toEqual([241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251])
    const whole = (await all(client.watch(id, 0, never))).filter(({ seq }) => seq > 0)
    expect(whole).toHaveLength(251)
  })

  it('sends heartbeats while nothing happens, and lets a watcher leave', async () => {
    const { connect } = await serve()
    const client = connect()
    const { id } = await client.start(wish('key'), never)
    const stop = new AbortController()
    const kinds: string[] = []
    await expect(async () => {
      for await (const event of client.watch(id, 0, stop.signal)) {
        kinds.push(event.heartbeat ? 'heartbeat' : 'other')
        if (event.heartbeat) stop.abort(new Error('seen enough'))
      }
    }).rejects.toThrow('seen enough')
    expect(kinds).toContain('heartbeat')
  })

  it('lists by pages, cancels, and plays gates', async () => {
    const { service, connect } = await serve()
    const client = connect()
    for (const key of ['a', 'b', 'c']) await client.start(wish(key), never)
    const first = await client.list({ pageSize: 2 }, never)
    expect(first.runs.map(({ id }) => id)).toEqual(['run-3', 'run-2'])
    const second = await client.list({ pageSize: 2, pageToken: first.nextPageToken }, never)
    expect(second.runs.map(({ id }) => id)).toEqual(['run-1'])
    expect(second.nextPageToken).toBe('')
    await client.cancel('run-1', 'no longer needed', never)
    expect(service.cancelled).toEqual(['run-1'])
    expect(await client.playGate('run-1', 'deploy', never)).toEqual({ jobUrl: 'http://127.0.0.1/jobs/7' })
  })

  it('answers each failure with its status and what it means', async () => {
    const { connect, server } = await serve()
    const client = connect()
    await expect(client.get('nowhere', never)).rejects.toMatchObject({ code: 'run_unknown' })
    await expect(client.start(wish(''), never)).rejects.toMatchObject({
      code: 'usage_invalid',
      message: expect.stringContaining('idempotency_key'),
    })
    await expect(client.start(wish('k', 'busy'), never)).rejects.toMatchObject({ code: 'budget_reached' })
    await expect(client.list({ pageToken: 'garbage' }, never)).rejects.toMatchObject({ code: 'usage_invalid' })
    await client.start(wish('k'), never)
    await expect(client.playGate('run-1', 'publish', never)).rejects.toMatchObject({ code: 'run_conflict' })
    const { constructor: Service } = loadRunService()
    const raw = new Service(server.address, credentials.createInsecure())
    closing.push(() => raw.close())
    const error = await new Promise<ServiceError>((resolve) => {
      const call = (raw as unknown as Record<string, (request: object, done: (error: ServiceError) => void) => void>)
        .startRun
      call?.call(raw, wish('k2', 'locked'), resolve)
    })
    expect(error.code).toBe(9)
    expect(String(error.metadata.get('grpc-status-details-bin')[0])).toContain('GITLAB_AUTH')
  })

  it('lets in whoever has the token, and nobody else', async () => {
    const { connect } = await serve({ token: 'a-long-token' })
    await expect(connect().get('run-1', never)).rejects.toMatchObject({
      code: 'forge_auth_failed',
      help: expect.stringContaining('--token-file'),
    })
    await expect(connect({ token: 'a-wrong-token' }).start(wish('k'), never)).rejects.toMatchObject({
      code: 'forge_auth_failed',
    })
    await expect(all(connect({ token: 'a-wrong-token' }).watch('run-1', 0, never))).rejects.toMatchObject({
      code: 'forge_auth_failed',
    })
    expect(await connect({ token: 'a-long-token' }).start(wish('k'), never)).toMatchObject({ id: 'run-1' })
  })

  it('refuses to listen beyond this machine without token and TLS', async () => {
    await expect(serve({ host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'usage_invalid',
      message: expect.stringContaining('a token and TLS'),
    })
    await expect(serve({ host: '::', token: 'x' })).rejects.toMatchObject({
      message: expect.stringContaining('needs TLS'),
    })
  })

  it('talks TLS with a certificate of its own, which clients have to know', async () => {
    const { cert, key } = makeCertificate()
    const { connect } = await serve({ tls: { cert, key }, token: 'a-long-token' })
    expect(await connect({ ca: cert, token: 'a-long-token' }).start(wish('k'), never)).toMatchObject({ id: 'run-1' })
    await expect(connect({ token: 'a-long-token', timeoutMs: 2000 }).get('run-1', never)).rejects.toBeInstanceOf(Error)
  })

  it('tells its health, and that it drains', async () => {
    const { server } = await serve()
    server.setDependency('llm', false)
    const check = healthOf(server.address)
    expect(await check('')).toBe('SERVING')
    expect(await check(runServiceName)).toBe('SERVING')
    expect(await check('greenloop.dep.llm')).toBe('NOT_SERVING')
  })

  it('describes itself to tools that ask', async () => {
    const { server } = await serve()
    const client = new Client(server.address, credentials.createInsecure())
    closing.push(() => client.close())
    const names = await new Promise<string>((resolve, reject) => {
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
      const raw = (bytes: Buffer): Buffer => bytes
      const stream = client.makeBidiStreamRequest(path, raw, raw, new Metadata())
      stream.on('data', (bytes: Buffer) => resolve(bytes.toString('latin1')))
      stream.on('error', reject)
      stream.write(Buffer.from([0x3a, 0x01, 0x2a]))
      stream.end()
    })
    expect(names).toContain(runServiceName)
  })

  it('ends streams when it stops, and frees its port', async () => {
    const { server, connect } = await serve()
    const client = connect()
    const { id } = await client.start(wish('key'), never)
    const watching = all(client.watch(id, 0, AbortSignal.timeout(10_000)))
    const settled = expect(watching).rejects.toBeInstanceOf(Error)
    await server.close(200)
    await settled
  })
})

function healthOf(address: string): (service: string) => Promise<string> {
  const message = (name: string, fields: object) => ({ [name]: { fields } })
  const status = { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2 } }
  const definition = fromJSON(
    {
      nested: {
        grpc: {
          nested: {
            health: {
              nested: {
                v1: {
                  nested: {
                    ...message('HealthCheckRequest', { service: { type: 'string', id: 1 } }),
                    ...message('HealthCheckResponse', { status: { type: 'Status', id: 1 } }),
                    Status: status,
                    Health: {
                      methods: {
                        Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    { enums: String },
  )
  const grpc = loadPackageDefinition(definition).grpc as GrpcObject
  const Health = ((grpc.health as GrpcObject).v1 as GrpcObject).Health as ServiceClientConstructor
  const client = new Health(address, credentials.createInsecure())
  closing.push(() => client.close())
  const call = (
    client as unknown as Record<
      string,
      (request: object, done: (error: Error | null, reply: { status: string }) => void) => void
    >
  ).check
  return (service) =>
    new Promise((resolve, reject) => {
      call?.call(client, { service }, (error, reply) => (error === null ? resolve(reply.status) : reject(error)))
    })
}
