import { describe, expect, it } from 'vitest'
import type { DifyMode, DifyScript } from '../../tests/support/dify-script.ts'
import type { DifyApp } from '../../tests/support/dify-server.ts'
import type { TrialIds } from '../domain/test-result.ts'
import { environmentSchema } from '../domain/workflow.ts'
import { callOf, quietly, startBench, summary } from '../../tests/support/dify-bench.ts'

const app = (mode: DifyMode, script: DifyScript | DifyApp['script']): DifyApp => ({
  mode,
  script: typeof script === 'function' ? script : () => script,
})

describe('a call to a Dify app', () => {
  it('brings back text, outputs, nodes, tokens, cost, times and ids of a workflow', async () => {
    await using bench = await startBench({ app: app('workflow', summary) })
    const reply = await bench.target.call(callOf(), quietly())
    expect(reply).toMatchObject({
      status: 'succeeded',
      text: summary.text,
      outputs: { text: summary.text },
      usage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
      cost: { amount: '0.0001230', currency: 'USD', source: 'node' },
      timing: { serverMs: 500 },
      ids: { taskId: 'task-1', runId: 'run-1' },
      model: 'test-model',
      nodeRetries: 0,
      recovered: false,
    })
    expect(reply.nodes).toMatchObject([
      { id: 'start', title: 'Start', type: 'start', status: 'succeeded' },
      {
        id: 'llm',
        title: 'Writer',
        status: 'succeeded',
        inputs: { topic: 'rain' },
        elapsedMs: 250,
        tokens: 42,
        cost: '0.0001230',
      },
    ])
    expect(reply.timing.connectMs).toBeGreaterThanOrEqual(0)
    expect(reply.timing.ttftMs).toBeLessThanOrEqual(reply.timing.totalMs)
    expect(bench.server.requests.at(-1)?.body).toMatchObject({
      response_mode: 'streaming',
      user: 'gl-1',
      inputs: { topic: 'rain' },
    })
  })

  it.each<[DifyMode, string]>([
    ['advanced-chat', 'chat-messages'],
    ['chat', 'chat-messages'],
    ['agent-chat', 'chat-messages'],
    ['completion', 'completion-messages'],
  ])('talks to an app of the mode %s', async (mode, path) => {
    const script = mode === 'advanced-chat' ? summary : { text: summary.text ?? '', usage: summary.usage }
    await using bench = await startBench({ app: app(mode, script as DifyScript) })
    const reply = await bench.target.call(callOf({ query: 'Will it rain?' }), quietly())
    expect(reply).toMatchObject({
      status: 'succeeded',
      text: summary.text,
      outputs: { answer: summary.text },
      usage: { inputTokens: 30, outputTokens: 12, totalTokens: 42 },
      cost: { amount: '0.0001230', currency: 'USD' },
      ids: { messageId: 'message-1' },
    })
    expect(bench.server.requests.at(-1)?.path).toBe(path)
    expect(bench.server.executions()).toBe(1)
  })

  it('gives a failed run as the answer of the app, for both kinds that have runs', async () => {
    for (const mode of ['workflow', 'advanced-chat'] as const) {
      await using bench = await startBench({ app: app(mode, { ...summary, status: 'failed', error: 'no such tool' }) })
      const reply = await bench.target.call(callOf({ query: 'go' }), quietly())
      expect(reply).toMatchObject({ status: 'app_failed', error: { message: 'no such tool' }, recovered: false })
      expect(reply.nodes).toHaveLength(2)
    }
  })

  it('tells partial success and a pause apart from success', async () => {
    const partial = { ...summary, status: 'partial-succeeded' } as const
    await using one = await startBench({ app: app('workflow', partial) })
    expect((await one.target.call(callOf(), quietly())).status).toBe('partial')
    await using other = await startBench({ app: app('workflow', { ...summary, pause: true }) })
    expect((await other.target.call(callOf(), quietly())).status).toBe('paused')
  })

  it('takes the closing events of a chatflow in either order', async () => {
    await using bench = await startBench({ app: app('advanced-chat', { ...summary, finishedFirst: true }) })
    const reply = await bench.target.call(callOf({ query: 'go' }), quietly())
    expect(reply).toMatchObject({ status: 'succeeded', text: summary.text, usage: { totalTokens: 42 } })
  })

  it('takes what a moderation puts in the place of the answer', async () => {
    const events = [
      { event: 'message', id: 'message-1', answer: 'bad word' },
      { event: 'message_replace', id: 'message-1', answer: 'not for you' },
      { event: 'message_end', id: 'message-1', metadata: {} },
    ]
    await using bench = await startBench({ app: app('chat', { events }) })
    expect((await bench.target.call(callOf({ query: 'go' }), quietly())).text).toBe('not for you')
  })

  it('does not say twice what an agent repeats at its end', async () => {
    for (const name of ['message', 'agent_message']) {
      const events = [
        { event: name, answer: 'It ' },
        { event: 'agent_thought', id: 't', tool: 'weather', tool_input: '{}', observation: 'wet' },
        { event: name, answer: 'rains.' },
        { event: 'message', answer: 'It rains.' },
        { event: 'message_end', metadata: {} },
      ]
      await using bench = await startBench({ app: app('agent-chat', { events }) })
      const reply = await bench.target.call(callOf({ query: 'go' }), quietly())
      expect(reply.text).toBe('It rains.')
      expect(reply.nodes).toMatchObject([{ id: 't', title: 'weather', type: 'agent_thought' }])
    }
  })

  it('counts rounds and retries of nodes, and pays an iteration only once', async () => {
    const inner = { id: 'inner', tokens: [10, 5], price: '0.01' } as const
    const nodes = [
      { ...inner, inside: { iteration: 'each', round: 0 } },
      { ...inner, inside: { iteration: 'each', round: 1 }, retries: 2 },
      { id: 'each', type: 'iteration', tokens: [20, 10], price: '0.02' },
    ] as const
    await using bench = await startBench({ app: app('workflow', { nodes, text: 'done' }) })
    const reply = await bench.target.call(callOf(), quietly())
    expect(reply.cost).toEqual({ amount: '0.02', currency: 'USD', source: 'node' })
    expect(reply.usage).toEqual({ inputTokens: 20, outputTokens: 10, totalTokens: 30 })
    expect(reply.nodes.map(({ round }) => round)).toEqual([0, 1, undefined])
    expect(reply.nodeRetries).toBe(2)
  })

  it('follows an iteration of which only rounds are told', async () => {
    const around = { id: 'each', node_id: 'each', title: 'Each', node_type: 'iteration' }
    const inner = { id: 'e1', node_id: 'inner', node_type: 'llm', iteration_id: 'each' }
    const events = [
      { event: 'iteration_started', data: around },
      { event: 'iteration_next', data: { ...around, index: 3 } },
      { event: 'node_finished', data: { ...inner, status: 'succeeded' } },
      { event: 'iteration_completed', data: { ...around, status: 'succeeded', outputs: { output: ['a'] } } },
      { event: 'workflow_finished', data: { status: 'succeeded', outputs: { list: ['a'] } } },
    ]
    await using bench = await startBench({ app: app('workflow', { events }) })
    const { nodes } = await bench.target.call(callOf(), quietly())
    expect(nodes).toMatchObject([
      { id: 'each', title: 'Each', type: 'iteration', status: 'succeeded', outputs: { output: ['a'] } },
      { id: 'inner', type: 'llm', round: 3 },
    ])
  })

  it('prices tokens by the table where the server has no price', async () => {
    const nodes = [{ id: 'llm', tokens: [1000, 500], price: '0.0000000', model: 'own-model' }] as const
    const { prices } = environmentSchema.parse({
      prices: { currency: 'EUR', models: { 'own-model': { input: 2, output: 4 } } },
    })
    await using bench = await startBench({ app: app('workflow', { nodes, text: 'done' }), setup: { prices } })
    const { cost } = await bench.target.call(callOf(), quietly())
    expect(cost).toMatchObject({ currency: 'EUR', source: 'price_table' })
    expect(Number(cost?.amount)).toBe(0.004)
  })

  it('cuts what a node has put out to a bearable size, and says so', async () => {
    const nodes = [{ id: 'big', outputs: { text: 'x'.repeat(2_000_000) } }]
    await using bench = await startBench({ app: app('workflow', { nodes, outputs: { answer: 'done' } }) })
    const reply = await bench.target.call(callOf(), quietly())
    expect(reply.text).toBe('done')
    expect(JSON.stringify(reply.nodes).length).toBeLessThan(1_100_000)
    expect(JSON.stringify(reply.nodes)).toContain('characters cut')
  })

  it('tells ids at once, and again when there are more', async () => {
    const seen: TrialIds[] = []
    const events = [
      { event: 'message', task_id: 't', workflow_run_id: 'r', message_id: undefined, conversation_id: undefined },
      { event: 'message', answer: 'hi', message_id: 'm', conversation_id: 'c' },
      { event: 'message_end', metadata: {}, message_id: 'm', conversation_id: 'c' },
      { event: 'workflow_finished', data: { status: 'succeeded' } },
    ]
    await using bench = await startBench({ app: app('advanced-chat', { events }) })
    await bench.target.call(callOf({ query: 'go' }), quietly({ onIds: (ids) => seen.push(ids) }))
    expect(seen).toEqual([
      { taskId: 't', runId: 'r' },
      { taskId: 't', runId: 'r', messageId: 'm', conversationId: 'c' },
    ])
  })

  it('goes on with a conversation under the same user', async () => {
    const echo: DifyApp['script'] = ({ query }) => ({ text: `you said ${query}` })
    await using bench = await startBench({ app: app('chat', echo) })
    const first = await bench.target.call(callOf({ query: 'one' }), quietly())
    const { conversationId } = first.ids
    const history = [{ query: 'one', answer: first.text }]
    const second = await bench.target.call(callOf({ query: 'two', conversationId, history }), quietly())
    expect(second.text).toBe('you said two')
    expect(second.ids.conversationId).toBe(conversationId)
    expect(bench.server.requests.at(-1)?.body).toMatchObject({
      conversation_id: conversationId,
      auto_generate_name: false,
    })
  })

  it('runs a pinned version of a workflow by its path, and of a chatflow by its body', async () => {
    await using flow = await startBench({ app: app('workflow', summary), setup: { version: 'v-7' } })
    await flow.target.call(callOf(), quietly())
    expect(flow.server.runs[0]?.call.version).toBe('v-7')
    await using chat = await startBench({ app: app('advanced-chat', summary), workflow: { version: 'v-8' } })
    await chat.target.call(callOf({ query: 'go' }), quietly())
    expect(chat.server.runs[0]?.call.version).toBe('v-8')
  })

  it('asks what the app is only once, and not at all where the catalog says it', async () => {
    await using asked = await startBench({ app: app('workflow', summary) })
    await Promise.all([1, 2, 3].map(() => asked.target.call(callOf(), quietly())))
    expect(asked.server.requests.filter(({ path }) => path === 'info')).toHaveLength(1)
    await using told = await startBench({ app: app('workflow', summary), workflow: { app: 'workflow' } })
    await told.target.call(callOf(), quietly())
    expect(told.server.requests.map(({ path }) => path)).toEqual(['workflows/run'])
    expect(told.target.name).toBe('dify workflow support')
  })

  it('refuses to say nothing to a chat app', async () => {
    await using bench = await startBench({ app: app('chat', summary) })
    await expect(bench.target.call(callOf(), quietly())).rejects.toMatchObject({ code: 'target_refused' })
    expect(bench.server.executions()).toBe(0)
  })
})

describe('ending a call', () => {
  it('stops the task under the same user and throws the reason of the abort', async () => {
    for (const [mode, query] of [
      ['workflow', undefined],
      ['chat', 'go'],
      ['completion', undefined],
    ] as const) {
      await using bench = await startBench({ app: app(mode, { ...summary, delayMs: 20, pieces: 200 }) })
      const stop = new AbortController()
      const reason = new Error('time is up')
      const options = { signal: stop.signal, onIds: () => stop.abort(reason) }
      await expect(bench.target.call(callOf({ query }), options)).rejects.toBe(reason)
      await bench.target.close()
      expect(bench.server.requests.at(-1)).toMatchObject({ method: 'POST', body: { user: 'gl-1' } })
      expect(bench.server.requests.at(-1)?.path).toMatch(/task-1\/stop$/u)
      await bench.server.idle()
      expect(bench.server.runs[0]?.isStopping).toBe(true)
    }
  })

  it('gives up stopping where the server does not answer', async () => {
    await using bench = await startBench({
      app: app('workflow', { ...summary, delayMs: 20 }),
      intercept: ({ path }) => (path.endsWith('/stop') ? 'hang_up' : undefined),
    })
    const stop = new AbortController()
    const options = { signal: stop.signal, onIds: () => stop.abort(new Error('enough')) }
    await expect(bench.target.call(callOf(), options)).rejects.toThrow('enough')
    await bench.target.close()
    await bench.target.close()
    expect(bench.server.executions()).toBe(1)
  })

  it('throws the reason of a signal that was aborted before, and sends nothing', async () => {
    await using bench = await startBench({ app: app('workflow', summary) })
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(bench.target.call(callOf(), { signal })).rejects.toThrow('too late')
    expect(bench.server.requests).toEqual([])
  })
})

describe('probing a Dify app', () => {
  const form = [
    { 'text-input': { variable: 'topic', label: 'Topic', required: true } },
    { select: { variable: 'tone', label: 'Tone', required: false } },
  ]

  it('tells what it is and which inputs it takes', async () => {
    await using bench = await startBench({ app: { ...app('workflow', summary), name: 'Weather', form } })
    expect(await bench.target.probe?.(quietly().signal)).toEqual({
      title: 'Dify workflow "Weather" 1.16.0',
      inputs: [
        { name: 'topic', required: true },
        { name: 'tone', required: false },
      ],
      problems: [],
    })
  })

  it('names what will not work', async () => {
    await using bench = await startBench({
      app: app('chat', summary),
      workflow: { app: 'workflow' },
      setup: { version: 'v-1' },
    })
    const facts = await bench.target.probe?.(quietly().signal)
    expect(facts?.problems).toEqual(['the catalog calls the app workflow, the server chat (chat)'])
    await using other = await startBench({ app: app('chat', summary), setup: { version: 'v-1' } })
    const { problems } = (await other.target.probe?.(quietly().signal)) ?? { problems: [] }
    expect(problems).toEqual(['a published version cannot be chosen for an app of the kind chat'])
  })
})
