import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { mockProvider } from './mock.ts'

const prompt = { system: '', user: 'x' }
const signal = new AbortController().signal

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'greenloop-mock-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

async function mock(name: string, content: string) {
  const file = join(dir, name)
  await writeFile(file, content)
  return mockProvider({ file })
}

it('answers with the text of a file, every time', async () => {
  const provider = await mock('answer.md', 'line 1\nline 2')
  const pieces: string[] = []
  const onText = (piece: string): void => void pieces.push(piece)
  await expect(provider.complete(prompt, { signal, onText })).resolves.toMatchObject({
    text: 'line 1\nline 2',
    finish: 'stop',
  })
  await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text: 'line 1\nline 2' })
  expect(pieces).toEqual(['line 1\n', 'line 2'])
  expect(provider.name).toBe('mock answer.md')
})

it('gives scripted answers in turn and repeats the last', async () => {
  const script = [{ status: 'llm_rate_limited' }, { text: 'a', finish: 'length', delayMs: 1 }, { text: 'b' }]
  const provider = await mock('script.json', JSON.stringify(script))
  await expect(provider.complete(prompt, { signal })).rejects.toMatchObject({ code: 'llm_rate_limited' })
  await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text: 'a', finish: 'length' })
  await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text: 'b', finish: 'stop' })
  await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text: 'b' })
})

it('understands the answer of an OpenAI-compatible server kept in a file', async () => {
  const completion = { choices: [{ message: { content: 'hello' }, finish_reason: 'length' }] }
  const provider = await mock('completion.json', JSON.stringify(completion))
  await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text: 'hello', finish: 'length' })
})

it('takes any other file for an answer, be it JSON or not', async () => {
  for (const text of ['{"a": 1}', 'not json', '']) {
    const provider = await mock('a.json', text)
    await expect(provider.complete(prompt, { signal })).resolves.toMatchObject({ text })
  }
})

it('refuses a file that is not there and a script it does not understand', async () => {
  const none = mockProvider({ file: join(dir, 'none.md') })
  await expect(none.complete(prompt, { signal })).rejects.toMatchObject({ code: 'file_missing' })
  const odd = await mock('odd.json', '[{"status":"no_such_code"}]')
  await expect(odd.complete(prompt, { signal })).rejects.toMatchObject({ code: 'config_invalid' })
})

it('can be aborted while it pretends to think', async () => {
  const provider = await mock('slow.json', '[{"text":"a","delayMs":600000}]')
  const stop = new AbortController()
  const call = provider.complete(prompt, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
})
