import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { startDevModel } from './dev-model.ts'
import { openAiCompatible } from './http.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'greenloop-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = async (script: unknown) => {
  const path = join(folder, 'script.json')
  writeFileSync(path, typeof script === 'string' ? script : JSON.stringify(script))
  return startDevModel({ script: path, clock: systemClock })
}

const timeouts = { connectMs: 5000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 30_000 }

function ask(url: string, user: string, changes: { readonly stream?: boolean; readonly firstByteMs?: number } = {}) {
  const { stream = true, firstByteMs = timeouts.firstByteMs } = changes
  const provider = openAiCompatible({
    endpoint: url,
    model: 'some-model',
    headers: {},
    temperature: 0,
    maxTokens: 512,
    stream,
    timeouts: { ...timeouts, firstByteMs },
    maxAnswerBytes: 1024 * 1024,
  })
  return provider.complete({ system: 'You mend.', user }, { signal: new AbortController().signal })
}

describe('a scripted model', () => {
  it.each([true, false])('says what the script says, with usage and finish reason (streamed: %s)', async (stream) => {
    const text = 'Ein längerer Satz, in Stücken. 修复'
    await using model = await start({ replies: [{ text }, { text: 'cut short', finish: 'length' }] })
    expect(await ask(model.url, 'one', { stream })).toMatchObject({ text, finish: 'stop', usage: { estimated: false } })
    expect(await ask(model.url, 'two', { stream })).toMatchObject({ text: 'cut short', finish: 'length' })
    expect(model.requests).toHaveLength(2)
    expect(model.requests[0]).toMatchObject({ model: 'some-model', messages: [{ role: 'system' }, { content: 'one' }] })
  })

  it('gives the first unused reply that fits the prompt, as often as it may', async () => {
    const replies = [
      { when: { contains: ['red', 'test'] }, text: 'for red', times: 2 },
      { when: { contains: 'blue' }, text: 'for blue' },
      { text: 'for all' },
    ]
    await using model = await start({ replies, repeat: true })
    const texts: string[] = []
    for (const user of ['blue', 'a red test', 'a red test', 'a red test', 'blue', 'more']) {
      texts.push((await ask(model.url, user)).text)
    }
    expect(texts).toEqual(['for blue', 'for red', 'for red', 'for all', 'for all', 'for all'])
  })

  it('refuses what the script has no reply for', async () => {
    await using model = await start({ replies: [{ when: { contains: 'red' }, text: 'x' }] })
    await expect(ask(model.url, 'blue')).rejects.toMatchObject({ code: 'llm_failed', call: { status: 400 } })
  })

  it('takes a reply from a file beside the script', async () => {
    writeFileSync(join(folder, 'reply.md'), 'from a file')
    await using model = await start({ replies: [{ file: 'reply.md' }] })
    expect((await ask(model.url, 'x')).text).toBe('from a file')
  })

  it('tells the name of its model', async () => {
    await using model = await start({ replies: [{ text: 'x' }] })
    const answer = await fetch(`${model.url}/models`)
    expect(await answer.json()).toMatchObject({ data: [{ id: 'greenloop-dev' }] })
    expect((await fetch(`${model.url}/other`)).status).toBe(404)
    expect((await fetch(`${model.url}/chat/completions`, { method: 'POST', body: '{' })).status).toBe(400)
  })
})

describe('a fault of the script', () => {
  it.each([
    [
      'too many requests',
      { status: 429, headers: { 'retry-after': '7' } },
      { code: 'llm_rate_limited', call: { retryAfterMs: 7000 } },
    ],
    ['an error of the server', { status: 503, text: 'down' }, { code: 'llm_failed', call: { status: 503 } }],
    ['a key that is refused', { status: 401 }, { code: 'llm_unauthorized' }],
    [
      'a stream that breaks off',
      { text: 'half a thought', cut: 6 },
      { code: 'llm_truncated', call: { partial: 'half a' } },
    ],
    ['silence', { hang: true }, { code: 'llm_timeout' }],
    ['an answer that comes too late', { text: 'x', delayMs: 60_000 }, { code: 'llm_timeout' }],
  ])('is seen by the client: %s', async (_, reply, expected) => {
    await using model = await start({ replies: [reply] })
    await expect(ask(model.url, 'x', { firstByteMs: 300 })).rejects.toMatchObject(expected)
  })

  it('may be an empty answer', async () => {
    await using model = await start({ replies: [{}] })
    expect((await ask(model.url, 'x')).text).toBe('')
  })
})

describe('a bad script', () => {
  it.each([
    ['no JSON', '{', /is not JSON/],
    ['no replies', { replies: [] }, /is no script/],
    ['a key that nobody knows', { replies: [{ txt: 'x' }] }, /is no script/],
    ['text and file', { replies: [{ text: 'x', file: 'y' }] }, /is no script/],
    ['a file that is not there', { replies: [{ file: 'none.md' }] }, /none\.md cannot be read/],
  ])('is refused: %s', async (_, script, message) => {
    await expect(start(script)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(message),
    })
  })

  it('is refused with a port that is taken', async () => {
    await using model = await start({ replies: [{ text: 'x' }] })
    const config = { script: join(folder, 'script.json'), port: Number(new URL(model.url).port), clock: systemClock }
    await expect(startDevModel(config)).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it('is told with every problem and its place', async () => {
    const error: unknown = await start({ replies: [{ text: 1 }, { status: 7 }] }).catch((one: unknown) => one)
    expect(error).toMatchObject({
      problems: [
        { message: expect.stringMatching(/^replies\.0\.text: /) },
        { message: expect.stringMatching(/^replies\.1\.status: /) },
      ],
    })
  })
})
