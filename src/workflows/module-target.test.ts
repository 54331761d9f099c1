import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { callOf, setupOf, thrownBy } from '../../tests/support/target-calls.ts'
import type { Target, TargetReply } from '../domain/target.ts'
import { systemClock } from '../lib/clock.ts'
import { functionTarget, moduleTarget } from './module-target.ts'
import type { ExecuteTask } from './module-target.ts'

const prices = { currency: 'USD', models: { m: { input: 1, output: 2 } } }
const targetOf = (execute: ExecuteTask): Target => functionTarget(execute, { clock: systemClock, prices })
const replyTo = (execute: ExecuteTask, changes = {}): Promise<TargetReply> =>
  targetOf(execute).call(callOf(changes), { signal: new AbortController().signal })

describe('a function as a workflow', () => {
  it('gets the case in the words of files', async () => {
    let seen: unknown
    await replyTo((task) => ((seen = task), 'ok'), { inputs: { a: 1 }, conversationId: 'c', prompt: 'p', model: 'm' })
    expect(seen).toMatchObject({
      id: 'run/task',
      key: 'run/task',
      user: 'u-1',
      inputs: { a: 1 },
      parameters: { a: 1 },
      query: 'hello',
      prompt: 'p',
      model: 'm',
      conversation_id: 'c',
    })
  })

  it('gives back a result in snake_case or camelCase', async () => {
    const reply = await replyTo(() => ({
      workflowRunId: 'r1',
      status: 'partial-succeeded',
      outputs: { answer: 'yes', sources: [] },
      text: 'yes',
      usage: { prompt_tokens: 10, completion_tokens: 5 },
      cost: 0.000_000_1,
      nodes: [{ id: 'n1', type: 'llm', outputs: 1, tokens: 15 }],
      conversation_id: 'c-1',
    }))
    expect(reply).toMatchObject({
      status: 'partial',
      text: 'yes',
      outputs: { answer: 'yes' },
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
      cost: { amount: '0.0000001', currency: 'USD', source: 'message' },
      nodes: [{ id: 'n1', title: 'n1', type: 'llm', status: 'succeeded' }],
      ids: { runId: 'r1', conversationId: 'c-1' },
    })
  })

  it.each([
    ['success', 'succeeded'],
    ['OK', 'succeeded'],
    ['failure', 'app_failed'],
    ['partial_succeeded', 'partial'],
    ['paused', 'paused'],
    ['stopped', 'stopped'],
  ])('has a status by the word %s', async (word, status) => {
    expect((await replyTo(() => ({ status: word, outputs: {} }))).status).toBe(status)
  })

  it('may give back bare outputs', async () => {
    expect(await replyTo(() => 'text')).toMatchObject({ status: 'succeeded', text: 'text', outputs: 'text' })
    expect(await replyTo(async () => ({ answer: 'a' }))).toMatchObject({ text: 'a', outputs: { answer: 'a' } })
    expect(await replyTo(() => [1])).toMatchObject({ text: '[1]', outputs: [1] })
  })

  it('is priced by the table where it names a model and its tokens', async () => {
    const reply = await replyTo(() => ({ outputs: {}, model: 'm', usage: { input_tokens: 10, output_tokens: 5 } }))
    expect(Number(reply.cost?.amount)).toBe(0.000_02)
  })

  it('has to give something back, with a status that means something', async () => {
    expect(
      await thrownBy(
        targetOf(() => undefined),
        callOf(),
      ),
    ).toMatchObject({ code: 'target_garbled' })
    const error = await thrownBy(
      targetOf(() => ({ status: 'fine?' })),
      callOf(),
    )
    expect((error as Error).message).toContain('`fine?`')
  })

  it('breaks down with what it throws, and asks to wait with a 429', async () => {
    const throwing = (error: unknown) =>
      thrownBy(
        targetOf(() => {
          throw error
        }),
        callOf(),
      )
    expect(await throwing(new Error('disk full'))).toMatchObject({
      code: 'target_failed',
      message: 'function: disk full',
    })
    expect(await throwing({ code: '429', retryAfterMs: 50 })).toMatchObject({
      code: 'target_rate_limited',
      call: { retryAfterMs: 50 },
    })
  })
})

describe('a module as a workflow', () => {
  const leftovers: string[] = []
  afterEach(async () => {
    for (const folder of leftovers.splice(0)) await rm(folder, { recursive: true })
  })

  async function moduleOf(source: string, settings = {}): Promise<Target> {
    const folder = await mkdtemp(join(tmpdir(), 'module-target-'))
    leftovers.push(folder)
    await writeFile(join(folder, 'flow.mjs'), source)
    const setup = { ...setupOf({ target: 'module', file: 'flow.mjs', ...settings }), folder }
    return moduleTarget(setup, { clock: systemClock })
  }

  it('is loaded once', async () => {
    const target = await moduleOf('let count = 0; export const execute = () => ({ outputs: { count: ++count } })')
    const { signal } = new AbortController()
    await target.call(callOf(), { signal })
    expect((await target.call(callOf(), { signal })).outputs).toEqual({ count: 2 })
  })

  it('is refused with the function that was probably meant', async () => {
    const target = await moduleOf('export function exceute() {}; export const other = 1')
    expect(await thrownBy(target, callOf())).toMatchObject({ code: 'target_refused', help: 'did you mean `exceute`?' })
    await expect(target.probe?.(new AbortController().signal)).rejects.toMatchObject({ code: 'target_refused' })
  })

  it('is refused where the file is missing or broken', async () => {
    const missing = await moduleOf('', { file: 'gone.mjs' })
    expect((await thrownBy(missing, callOf())) as Error).toMatchObject({ code: 'target_refused' })
    const broken = await moduleOf('export const = 3')
    expect(((await thrownBy(broken, callOf())) as Error).message).toContain('cannot be loaded')
  })
})
