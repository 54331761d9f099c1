import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { raw, startLlmServer, streamed } from '../../tests/support/llm-server.ts'
import type { ModelCall } from '../domain/generation.ts'
import { sleep } from '../lib/clock.ts'
import { createProvider } from './provider-table.ts'
import type { ProviderConfig } from './provider-table.ts'

const prompt = { system: 's', user: 'u' }
const signal = new AbortController().signal
const retry = { maxAttempts: 3, baseMs: 1, maxWaitMs: 1 }
const http = {
  mode: 'http',
  model: 'm',
  headers: {},
  temperature: 0,
  maxTokens: 9,
  stream: true,
  timeouts: { connectMs: 9000, firstByteMs: 9000, idleMs: 9000, totalMs: 9000 },
  maxAnswerBytes: 9000,
} as const

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'greenloop-provider-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

function create(config: ProviderConfig) {
  const calls: ModelCall[] = []
  const provider = createProvider(config, { clock: { sleep }, random: () => 0, onCall: (call) => calls.push(call) })
  return { provider, calls }
}

it('meters every attempt, retries, and records the answer for a replay without a server', async () => {
  await using server = await startLlmServer([raw('busy', 503), streamed('hello')])
  const { provider, calls } = create({ ...http, endpoint: server.url, retry, recordDir: dir })
  const answer = await provider.complete(prompt, { signal })
  expect(calls.map((call) => call.error ?? call.outcome)).toEqual(['llm_failed', 'answered'])
  await server.close()
  const replay = create({ mode: 'replay', dir, model: 'm', retry }).provider
  await expect(replay.complete(prompt, { signal })).resolves.toEqual(answer)
})

it('makes a mock and a command as well', async () => {
  const file = join(dir, 'answer.md')
  await writeFile(file, 'hi')
  const mock = create({ mode: 'mock', file, retry }).provider
  await expect(mock.complete(prompt, { signal })).resolves.toMatchObject({ text: 'hi' })
  const { timeouts, maxAnswerBytes } = http
  const command = `'${process.execPath}' -p 1+1`
  const run = create({ mode: 'subprocess', command, cwd: dir, env: {}, timeouts, maxAnswerBytes, retry }).provider
  await expect(run.complete(prompt, { signal })).resolves.toMatchObject({ text: '2\n' })
})
