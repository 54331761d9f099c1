import { assert, asyncProperty, constantFrom, nat } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callOf, quietly, setupFor, startBench, summary } from '../../tests/support/dify-bench.ts'
import type { DifyFault, DifyMode } from '../../tests/support/dify-script.ts'
import type { TargetReply } from '../domain/target.ts'
import type { TrialIds } from '../domain/test-result.ts'
import { classify } from '../engine/classify.ts'
import { now, systemClock } from '../lib/clock.ts'
import { difyTarget } from './dify.ts'
import { createHttpClient } from '../lib/http-client.ts'

const modes = ['workflow', 'advanced-chat', 'chat', 'agent-chat'] as const satisfies readonly DifyMode[]
/** Enough for every event of the longest stream, and for a cut behind its end. */
const positions = 12

function scriptFor(mode: DifyMode) {
  const hasRuns = mode === 'workflow' || mode === 'advanced-chat'
  return hasRuns ? summary : { text: summary.text ?? '', ...(summary.usage && { usage: summary.usage }) }
}

async function broken(mode: DifyMode, fault: DifyFault, delayMs = 0): Promise<{ reply: TargetReply; runs: number }> {
  const script = () => ({ ...scriptFor(mode), fault, delayMs })
  await using bench = await startBench({ app: { mode, script }, limits: { silenceMs: 150 } })
  const reply = await bench.target.call(callOf({ query: 'go' }), quietly())
  return { reply, runs: bench.server.executions() }
}

describe('a call whose connection breaks', () => {
  it.each(modes)('is paid once and brings its whole answer, wherever the stream of a %s is cut', async (mode) => {
    for (let after = 0; after <= positions; after++) {
      const { reply, runs } = await broken(mode, { kind: 'cut', after })
      expect(runs).toBe(1)
      expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, usage: { totalTokens: 42 } })
    }
  })

  it('is paid once, however slow the run is and wherever the stream is cut', async () => {
    const cuts = asyncProperty(constantFrom(...modes), nat(positions), nat(8), async (mode, after, delayMs) => {
      const { reply, runs } = await broken(mode, { kind: 'cut', after }, delayMs)
      expect(runs).toBe(1)
      expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, usage: { totalTokens: 42 } })
    })
    await assert(cuts, { numRuns: 15 })
  })

  it.each(modes)('is paid once where a gateway hides the answer of a %s', async (mode) => {
    const faults = [
      { kind: 'status', status: 504, work: true },
      { kind: 'hang_up', work: true },
    ] as const
    for (const fault of faults) {
      const { reply, runs } = await broken(mode, fault, 3)
      expect(runs).toBe(1)
      expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, recovered: true })
    }
  })

  it('is found again when the stream falls silent', async () => {
    const { reply, runs } = await broken('workflow', { kind: 'silence', after: 2 })
    expect(runs).toBe(1)
    expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, recovered: true })
    // What took long was our waiting, not the run.
    expect(reply.timing.totalMs).toBe(500)
  })

  it('does not take a quiet run for a broken one while there are signs of life', async () => {
    const over = { event: 'workflow_finished', data: { status: 'succeeded', outputs: { text: 'done' } } }
    const script = () => ({ events: [over], delayMs: 1300 })
    await using bench = await startBench({ app: { mode: 'workflow', script }, pingMs: 20, limits: { silenceMs: 1200 } })
    const reply = await bench.target.call(callOf(), quietly())
    expect(reply.recovered).toBe(false)
  })

  it('watches the run on under the same user, and keeps what was seen before the break', async () => {
    const script = () => ({ ...summary, delayMs: 15, fault: { kind: 'cut', after: 3 } }) as const
    await using bench = await startBench({ app: { mode: 'workflow', script } })
    const reply = await bench.target.call(callOf(), quietly())
    const watched = bench.server.requests.find(({ path }) => path === 'workflow/run-1/events')
    expect(watched?.query).toEqual({ user: 'gl-1', include_state_snapshot: 'true' })
    expect(reply.nodes).toMatchObject([
      { id: 'start', outputs: { topic: 'rain' } },
      { id: 'llm', cost: '0.0001230' },
    ])
    expect(reply.cost?.amount).toBe('0.0001230')
  })

  it('gives no cost where only a part of it is known', async () => {
    const { reply } = await broken('workflow', { kind: 'cut', after: 1 })
    expect(reply).toMatchObject({ recovered: true, usage: { totalTokens: 42 } })
    expect(reply.cost).toBeUndefined()
  })

  it('asks a server that cannot be watched until the run is over', async () => {
    const script = () => ({ ...summary, delayMs: 10, fault: { kind: 'cut', after: 1 } }) as const
    await using bench = await startBench({ app: { mode: 'workflow', script }, watchable: false })
    const reply = await bench.target.call(callOf(), quietly())
    expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, recovered: true })
    expect(bench.server.executions()).toBe(1)
  })

  it('outlives a server that is away for a moment', async () => {
    let refusals = 2
    const script = () => ({ ...summary, fault: { kind: 'cut', after: 1 } }) as const
    await using bench = await startBench({
      app: { mode: 'workflow', script },
      intercept: ({ path }) => (path.startsWith('workflows/run/') && refusals-- > 0 ? { status: 502 } : undefined),
    })
    expect(await bench.target.call(callOf(), quietly())).toMatchObject({ status: 'succeeded', recovered: true })
  })

  it('is not sent again where the server does not tell what became of it', async () => {
    const away = { workflow: 'workflows/', 'advanced-chat': 'conversations', chat: 'conversations' } as const
    for (const [mode, hidden] of Object.entries(away)) {
      const script = () => ({ ...summary, fault: { kind: 'cut', after: 0 } }) as const
      await using bench = await startBench({
        app: { mode: mode as DifyMode, script },
        logs: 'off',
        intercept: ({ method, path }) => (method === 'GET' && path.startsWith(hidden) ? { status: 503 } : undefined),
      })
      const error: unknown = await bench.target
        .call(callOf({ query: 'go' }), quietly())
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'target_unknown' })
      expect(classify(error).retryable).toBe(false)
    }
  })

  it('is not sent again where the server had taken it on, though it has no trace of it', async () => {
    const script = () => ({ ...summary, fault: { kind: 'cut', after: 0 } }) as const
    const nothing = { status: 200, body: '{"data":[],"has_more":false}' }
    await using bench = await startBench({
      app: { mode: 'workflow', script },
      intercept: ({ path }) => (path === 'workflows/logs' ? nothing : undefined),
    })
    await expect(bench.target.call(callOf(), quietly())).rejects.toMatchObject({ code: 'target_unknown' })
  })

  it('of a completion app is not sent again, since its messages are listed nowhere', async () => {
    const script = () => ({ text: 'done', fault: { kind: 'cut', after: 1 } }) as const
    await using bench = await startBench({ app: { mode: 'completion', script } })
    await expect(bench.target.call(callOf(), quietly())).rejects.toMatchObject({ code: 'target_unknown' })
  })

  it('may be sent again where the server has no trace of it', async () => {
    for (const mode of modes) {
      const script = () => ({ fault: { kind: 'hang_up', work: false } }) as const
      await using bench = await startBench({ app: { mode, script } })
      const error: unknown = await bench.target
        .call(callOf({ query: 'go' }), quietly())
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'target_failed' })
      expect(classify(error).retryable).toBe(true)
      expect(bench.server.executions()).toBe(0)
    }
  })

  it('is not mistaken for the turn before it', async () => {
    const script = ({ number, query }: { number: number; query: string }) =>
      number === 1
        ? { text: `first ${query}` }
        : ({ text: `second ${query}`, fault: { kind: 'cut', after: 0 } } as const)
    for (const mode of ['chat', 'advanced-chat', 'workflow'] as const) {
      await using bench = await startBench({ app: { mode, script } })
      const first = await bench.target.call(callOf({ query: 'again' }), quietly())
      const { conversationId } = first.ids
      const history = [{ query: 'again', answer: first.text }]
      const second = await bench.target.call(callOf({ query: 'again', conversationId, history }), quietly())
      expect([first.text, second.text].map((text) => text.split(' ')[0])).toEqual(['first', 'second'])
      expect(bench.server.executions()).toBe(2)
    }
  })

  it('stops the run when it is aborted while it is watched on', async () => {
    const script = () => ({ ...summary, delayMs: 30, fault: { kind: 'cut', after: 1 } }) as const
    const stop = new AbortController()
    await using bench = await startBench({
      app: { mode: 'workflow', script },
      intercept: ({ path }) => {
        if (path === 'workflow/run-1/events') stop.abort(new Error('time is up'))
        return undefined
      },
    })
    await expect(bench.target.call(callOf(), quietly({ signal: stop.signal }))).rejects.toThrow('time is up')
    await bench.target.close()
    await bench.server.idle()
    expect(bench.server.runs[0]?.status).toBe('stopped')
  })
})

describe('recovering after a crash', () => {
  async function crashed(mode: DifyMode, seen: 'ids' | 'nothing') {
    const bench = await startBench({ app: { mode, script: () => ({ ...scriptFor(mode), delayMs: 5 }) } })
    const stop = new AbortController()
    const startedAt = now()
    let ids: TrialIds = {}
    const call = callOf({ query: 'go' })
    const options = { signal: stop.signal, onIds: (told: TrialIds) => void (ids = told) }
    await bench.target.call(call, options)
    return { bench, lost: { ids: seen === 'ids' ? ids : {}, call, startedAt } }
  }

  it.each(modes)('finds a call to a %s by its ids', async (mode) => {
    const { bench, lost } = await crashed(mode, 'ids')
    await using again = bench
    const reply = await again.target.recover?.(lost, quietly())
    expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, recovered: true })
    expect(again.server.executions()).toBe(1)
  })

  it('finds a call of which no id was seen by its user, from a target that did not make it', async () => {
    for (const mode of modes) {
      const { bench, lost } = await crashed(mode, 'nothing')
      await using first = bench
      const http = createHttpClient()
      const limits = { lookAgainMs: [5], pollMs: 5 }
      const fresh = difyTarget(setupFor(first.server.url), { http, clock: systemClock, limits })
      const reply = await fresh.recover?.(lost, quietly())
      expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, recovered: true })
      http.close()
    }
  })

  it('says that there is no trace of a call that never arrived', async () => {
    for (const mode of modes) {
      await using bench = await startBench({ app: { mode, script: () => summary } })
      const lost = { ids: {}, call: callOf({ query: 'go' }), startedAt: now() }
      expect(await bench.target.recover?.(lost, quietly())).toBeUndefined()
    }
  })

  it('says that nobody knows where the run is gone or the app does not list its calls', async () => {
    await using bench = await startBench({ app: { mode: 'workflow', script: () => summary } })
    const lost = { ids: { runId: 'run-9' }, call: callOf(), startedAt: now() }
    await expect(bench.target.recover?.(lost, quietly())).rejects.toMatchObject({ code: 'target_unknown' })
    await using other = await startBench({ app: { mode: 'completion', script: () => summary } })
    const unseen = { ids: {}, call: callOf(), startedAt: now() }
    await expect(other.target.recover?.(unseen, quietly())).rejects.toMatchObject({ code: 'target_unknown' })
  })

  it('stops the run when it is aborted', async () => {
    const stop = new AbortController()
    await using bench = await startBench({
      app: { mode: 'workflow', script: () => ({ ...summary, delayMs: 30 }) },
      intercept: ({ path }) => {
        if (path === 'workflow/run-1/events') stop.abort(new Error('enough'))
        return undefined
      },
    })
    const begun = Promise.withResolvers<TrialIds>()
    const asked = bench.target.call(callOf(), quietly({ onIds: begun.resolve }))
    const lost = { ids: await begun.promise, call: callOf(), startedAt: now() }
    await expect(bench.target.recover?.(lost, { signal: stop.signal })).rejects.toThrow('enough')
    expect(await asked).toMatchObject({ status: 'stopped', recovered: false })
  })

  it('finds a run that waits for a person', async () => {
    const script = () => ({ ...summary, pause: true, fault: { kind: 'cut', after: 2 } }) as const
    await using bench = await startBench({ app: { mode: 'workflow', script } })
    expect(await bench.target.call(callOf(), quietly())).toMatchObject({ status: 'paused', recovered: true })
  })

  it('does not take the run of another user for its own', async () => {
    await using bench = await startBench({ app: { mode: 'workflow', script: () => summary } })
    await bench.target.call(callOf({ user: 'gl-2' }), quietly())
    const lost = { ids: {}, call: callOf({ user: 'gl-3' }), startedAt: now() }
    expect(await bench.target.recover?.(lost, quietly())).toBeUndefined()
  })
})
