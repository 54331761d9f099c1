import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, quietly, startBench, summary } from '../../tests/support/dify-bench.ts'
import type { DifyMode, DifyScript } from '../../tests/support/dify-script.ts'
import type { TargetReply } from '../domain/target.ts'

async function replyTo(mode: DifyMode, script: DifyScript): Promise<Omit<TargetReply, 'timing'>> {
  await using bench = await startBench({ app: { mode, script: () => script } })
  const { timing, ...reply } = await bench.target.call(callOf({ query: 'go' }), quietly())
  expect(timing.totalMs).toBeGreaterThanOrEqual(timing.ttftMs ?? 0)
  expect(bench.server.executions()).toBe(1)
  return reply
}

describe('the stream of an answer', () => {
  it('is read the same in whatever pieces its bytes come, with either line end', async () => {
    const whole = {
      workflow: await replyTo('workflow', summary),
      'advanced-chat': await replyTo('advanced-chat', summary),
    }
    const sizes = array(integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 })
    const mode = constantFrom('workflow', 'advanced-chat')
    const split = asyncProperty(mode, sizes, constantFrom('\n', '\r\n'), async (mode, sizes, newline) => {
      expect(await replyTo(mode, { ...summary, newline, fault: { kind: 'split', sizes } })).toEqual(whole[mode])
    })
    await assert(split, { numRuns: 25 })
  })

  it('is read byte by byte and packed', async () => {
    const whole = await replyTo('advanced-chat', summary)
    expect(await replyTo('advanced-chat', { ...summary, fault: { kind: 'split', sizes: [1] } })).toEqual(whole)
    expect(await replyTo('advanced-chat', { ...summary, fault: { kind: 'gzip' } })).toEqual(whole)
  })

  it('may hold events that are not known, and lack what is usually there', async () => {
    const events = [
      { event: 'brand_new', data: [1, 2] },
      { event: 'workflow_started' },
      { event: 'node_started', data: null },
      { event: 'node_finished', data: { node_id: 'odd', execution_metadata: 'none', elapsed_time: 'soon' } },
      { event: 'text_chunk' },
      { nothing: true },
      { event: 'workflow_finished', data: { status: 'succeeded', outputs: null } },
    ]
    const reply = await replyTo('workflow', { events })
    expect(reply).toMatchObject({ status: 'succeeded', text: '', outputs: {}, recovered: false })
    expect(reply.nodes.at(-1)).toMatchObject({ id: 'odd' })
  })

  it('gives several outputs as what was streamed of them, else as JSON', async () => {
    const outputs = { title: 'Rain', words: 3 }
    expect((await replyTo('workflow', { outputs, text: 'It rains.' })).text).toBe('It rains.')
    expect((await replyTo('workflow', { outputs })).text).toBe('{"title":"Rain","words":3}')
  })

  it('may not be larger than the cap: the task is stopped and not sent again', async () => {
    const text = 'x'.repeat(300_000)
    for (const limits of [{ eventChars: 100_000 }, { answerBytes: 100_000 }]) {
      const script = () => ({ nodes: [{ id: 'big', outputs: { text } }], text, pieces: 1, delayMs: 5 })
      await using bench = await startBench({ app: { mode: 'workflow', script }, limits })
      const error: unknown = await bench.target.call(callOf(), quietly()).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'target_garbled' })
      await bench.target.close()
      expect(bench.server.requests.at(-1)?.path).toBe('workflows/tasks/task-1/stop')
    }
  })

  it('leaves its connection for the next call', async () => {
    await using bench = await startBench({ app: { mode: 'workflow', script: () => summary } })
    await bench.target.call(callOf(), quietly())
    await bench.server.idle()
    const connects: (number | undefined)[] = []
    for (let number = 0; number < 5; number++) {
      connects.push((await bench.target.call(callOf(), quietly())).timing.connectMs)
    }
    expect(connects.filter((ms) => ms === 0).length).toBeGreaterThan(0)
  })

  it('leaves the wait for a server that is full to the engine', async () => {
    const script = () => ({ ...summary, delayMs: 10 })
    await using bench = await startBench({ app: { mode: 'workflow', script, concurrency: 2 } })
    const calls = await Promise.allSettled([1, 2, 3, 4].map(() => bench.target.call(callOf(), quietly())))
    const refused = calls.flatMap((call) => (call.status === 'rejected' ? [call.reason as { code: string }] : []))
    expect(refused.map(({ code }) => code)).toEqual(['target_rate_limited', 'target_rate_limited'])
    expect(bench.server.peak()).toBe(2)
  })
})
