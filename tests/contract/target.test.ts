import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Target } from '../../src/domain/target.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createHttpClient } from '../../src/lib/http-client.ts'
import { createTarget } from '../../src/workflows/target-table.ts'
import { startDifyServer } from '../support/dify-server.ts'
import type { DifyScript } from '../support/dify-script.ts'
import { raw, silent, startLlmServer, streamed } from '../support/llm-server.ts'
import type { Reply } from '../support/llm-server.ts'
import { callOf, setupOf, thrownBy } from '../support/target-calls.ts'
import { startWorkflowServer } from '../support/workflow-server.ts'
import type { Fault } from '../support/workflow-server.ts'

/** What the other side does with every call. */
type Mood = 'good' | 'refuses' | 'busy' | 'down' | 'silent'

/** A target on a real other side in this mood; what it leaves behind is cleaned up after the test. */
type Start = (mood: Mood) => Promise<Target>

const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of leftovers.splice(0)) await clean()
})

function parts() {
  const http = createHttpClient()
  leftovers.push(() => http.close())
  return { http, clock: systemClock }
}

const faults: Readonly<Record<Exclude<Mood, 'good'>, Fault>> = {
  refuses: { kind: 'error_body' },
  busy: { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
  down: { kind: 'status', status: 503 },
  silent: { kind: 'silent' },
}

const httpOn =
  (path: string): Start =>
  async (mood) => {
    const server = await startWorkflowServer(mood === 'good' ? {} : { fault: () => faults[mood] })
    leftovers.push(() => server.close())
    const usage = { input: '$.usage.input', output: '$.usage.output' }
    const ids = { runId: '$.run_id' }
    const http = { url: path, text: '$.outputs.result', outputs: '$.outputs', error: '$.error', usage, ...ids }
    return createTarget(setupOf({ target: 'http', http }, server.url), parts())
  }

const replies: Readonly<Record<Mood, Reply>> = {
  good: streamed('echo:hello', { usage: { prompt_tokens: 11, completion_tokens: 7 } }),
  refuses: raw('{"error":{"code":"content_filter","message":"no"}}', 400),
  busy: raw('{"error":{"code":"rate_limit_exceeded","message":"slow down"}}', 429, { 'retry-after': '7' }),
  down: raw('{"error":{"message":"overloaded"}}', 503),
  silent: silent('nothing'),
}

const openai: Start = async (mood) => {
  const server = await startLlmServer([replies[mood]])
  leftovers.push(() => server.close())
  return createTarget(setupOf({ target: 'openai', model: 'm' }, `${server.url}/v1`), parts())
}

const bodies: Readonly<Record<Mood, string>> = {
  good: `return { workflow_run_id: 'r1', status: 'succeeded', outputs: { result: 'echo:' + task.query }, usage: { input_tokens: 11, output_tokens: 7 } }`,
  refuses: `return { workflow_run_id: 'r1', status: 'failed', outputs: null, error: 'the node broke' }`,
  busy: `throw Object.assign(new Error('slow down'), { status: 429, headers: { 'retry-after': '7' } })`,
  down: `throw new Error('the database is down')`,
  silent: `await new Promise(() => {})`,
}

const module: Start = async (mood) => {
  const folder = await mkdtemp(join(tmpdir(), 'module-target-'))
  leftovers.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'flow.mjs'), `export async function execute(task) { ${bodies[mood]} }`)
  return createTarget({ ...setupOf({ target: 'module', file: 'flow.mjs' }), folder }, parts())
}

const llm = { id: 'n1', type: 'llm', tokens: [11, 7], price: '0.001' } as const
const scripts: Readonly<Record<Mood, DifyScript>> = {
  good: { text: 'echo:hello', nodes: [llm] },
  refuses: { nodes: [llm], status: 'failed', error: 'the node broke' },
  busy: { refuse: { status: 429, code: 'too_many_requests', headers: { 'retry-after': '7' } } },
  down: {},
  silent: { fault: { kind: 'silence', after: 0 } },
}

const dify: Start = async (mood) => {
  const server = await startDifyServer({ apps: { key: { mode: 'advanced-chat', script: () => scripts[mood] } } })
  if (mood === 'down') await server.close()
  else leftovers.push(() => server.close())
  return createTarget({ ...setupOf({ target: 'dify', app: 'chatflow' }, server.url), apiKey: 'key' }, parts())
}

const adapters: Readonly<Record<string, Start>> = {
  'plain HTTP, JSON': httpOn('/run'),
  'plain HTTP, events': httpOn('/stream'),
  'a model': openai,
  'a module': module,
  Dify: dify,
}

describe.each(Object.entries(adapters))('a target: %s', (_, start) => {
  it('gives text, outputs, tokens, ids and times of a success', async () => {
    const target = await start('good')
    const ids: object[] = []
    const reply = await target.call(callOf(), {
      signal: new AbortController().signal,
      onIds: (each) => ids.push(each),
    })
    expect(reply).toMatchObject({
      status: 'succeeded',
      text: 'echo:hello',
      usage: { inputTokens: 11, outputTokens: 7, totalTokens: 18 },
      nodeRetries: 0,
      recovered: false,
    })
    expect(JSON.stringify(reply.outputs)).toContain('echo:hello')
    expect(reply.timing.totalMs).toBeGreaterThan(0)
    expect(reply.ids).toMatchObject(ids.at(-1) ?? {})
    await target.close()
  })

  it('says of a business failure that it is one, and does not throw', async () => {
    const target = await start('refuses')
    const reply = await target.call(callOf(), { signal: new AbortController().signal })
    expect(reply.status).toBe('app_failed')
    expect(reply.error?.message).toMatch(/no|the node broke/u)
  })

  it('carries the wait that a busy other side asks for', async () => {
    const target = await start('busy')
    const error = await thrownBy(target, callOf())
    expect(error).toMatchObject({ code: 'target_rate_limited', call: { retryAfterMs: 7000 } })
  })

  it('throws a failure that may pass when the other side is down', async () => {
    const target = await start('down')
    expect(await thrownBy(target, callOf())).toMatchObject({ code: 'target_failed' })
  })

  it('throws the reason of an abort, before and during the call', async () => {
    const target = await start('silent')
    const reason = new Error('time is up')
    expect(await thrownBy(target, callOf(), AbortSignal.abort(reason))).toBe(reason)
    const stop = new AbortController()
    const thrown = thrownBy(target, callOf(), stop.signal)
    setImmediate(() => stop.abort(reason))
    expect(await thrown).toBe(reason)
  })

  it('can be closed twice', async () => {
    const target = await start('good')
    await target.close()
    await expect(target.close()).resolves.toBeUndefined()
  })
})
