import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Provider } from '../domain/ports.ts'
import { recording, recordingKey, replaying } from './record.ts'

const prompt = { system: 'You write tests.', user: 'Suite calc\nCase add\nCase sub' }
const signal = new AbortController().signal
const answer = {
  text: 'def test_add(): ...',
  reasoning: 'hmm',
  finish: 'stop',
  model: 'qwen-2026',
  usage: { inputTokens: 3, outputTokens: 4, estimated: false },
  durationMs: 5,
} as const
const model: Provider = { name: 'http qwen', model: 'qwen', complete: async () => answer }

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'greenloop-record-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

it('gives back what was recorded, byte for byte, for the same prompt and model', async () => {
  const folder = join(dir, 'new', 'folder')
  await recording(model, folder).complete(prompt, { signal })
  expect(await readdir(folder)).toEqual([`${recordingKey(prompt, 'qwen')}.json`])
  const pieces: string[] = []
  const replayed = await replaying(folder, 'qwen').complete(prompt, { signal, onText: (piece) => pieces.push(piece) })
  expect(replayed).toEqual(answer)
  expect(pieces).toEqual([answer.text])
  await expect(replaying(folder).complete(prompt, { signal })).resolves.toEqual(answer)
})

it('says which line of the prompt has changed since the nearest recording', async () => {
  await recording(model, dir).complete({ system: 'other', user: 'other' }, { signal })
  await recording(model, dir).complete(prompt, { signal })
  const changed = { ...prompt, user: prompt.user.replace('add', 'mul') }
  await expect(replaying(dir, 'qwen').complete(changed, { signal })).rejects.toMatchObject({
    code: 'replay_missing',
    why: 'the prompt has changed: line 3 of the nearest recording is `Case add`, now `Case mul`',
  })
})

it('names what has changed rather than the mark around the data, which changes with it', async () => {
  const marked = (mark: string, user: string) => ({ system: `Data: === data-${mark.repeat(16)} ===`, user })
  await recording(model, dir).complete(marked('a', 'Case add'), { signal })
  await expect(replaying(dir, 'qwen').complete(marked('b', 'Case mul'), { signal })).rejects.toMatchObject({
    why: 'the prompt has changed: line 2 of the nearest recording is `Case add`, now `Case mul`',
  })
})

it('says when only the model is another one', async () => {
  await recording(model, dir).complete(prompt, { signal })
  await expect(replaying(dir, 'llama').complete(prompt, { signal })).rejects.toMatchObject({
    code: 'replay_missing',
    why: expect.stringContaining('recorded with another model: qwen'),
  })
})

it('tells an empty folder, a missing folder and a broken recording apart', async () => {
  await expect(replaying(dir, 'qwen').complete(prompt, { signal })).rejects.toMatchObject({
    code: 'replay_missing',
    why: 'the folder holds no recording',
  })
  await expect(replaying(join(dir, 'none')).complete(prompt, { signal })).rejects.toMatchObject({
    code: 'file_missing',
  })
  await writeFile(join(dir, `${recordingKey(prompt, 'qwen')}.json`), '{"schema":')
  await expect(replaying(dir, 'qwen').complete(prompt, { signal })).rejects.toMatchObject({ code: 'syntax_invalid' })
})
