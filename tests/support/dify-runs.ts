import { after, now } from '../../src/lib/clock.ts'
import { tokensOf } from './dify-script.ts'
import type { DifyCall, DifyMode, DifyNode, DifyScript, Fields } from './dify-script.ts'

/** A run, or a message of an app without runs, and how far it is. */
export interface DifyRun {
  readonly id: string
  readonly taskId: string
  readonly messageId: string
  readonly conversationId: string
  readonly key: string
  readonly mode: DifyMode
  readonly user: string
  readonly query: string
  readonly call: DifyCall
  readonly script: DifyScript
  /** Epoch seconds. */
  readonly createdAt: number
  readonly begunAt: number
  readonly sent: Fields[]
  status: string
  outputs: unknown
  isOver: boolean
  isStopping: boolean
  abandoned: boolean
  readonly listeners: Set<() => void>
}

/** Does the work of a run, whoever listens. */
export async function playRun(run: DifyRun): Promise<void> {
  for (const event of eventsOf(run)) {
    await new Promise<void>((resolve) => after(run.script.delayMs ?? 0, resolve))
    if (run.abandoned) return
    if (run.isStopping) break
    say(run, event)
  }
  if (run.isStopping && run.mode === 'workflow') {
    run.status = 'stopped'
    say(
      run,
      frame(run, 'workflow_finished', { id: run.id, status: 'stopped', outputs: null, error: 'stopped by user' }),
    )
  }
  run.isOver = true
  for (const listener of run.listeners) listener()
}

/** Ends a run at its next event. */
export function stopRun(run: DifyRun): void {
  run.isStopping = true
}

function say(run: DifyRun, event: Fields): void {
  const data = event['data'] as Fields | undefined
  if (event['event'] === 'workflow_finished') {
    run.status = String(data?.['status'])
    run.outputs = data?.['outputs']
  }
  if (event['event'] === 'workflow_paused') run.status = 'paused'
  run.sent.push(event)
  // The end of a run is known before the end of its stream.
  for (const listener of run.listeners) listener()
}

/** Events of a run from one of them on, as they come. */
export async function* runEvents(run: DifyRun, from: number): AsyncGenerator<Fields> {
  for (let at = from; ;) {
    for (; at < run.sent.length; at++) yield run.sent[at] ?? {}
    if (run.isOver || run.abandoned) return
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        run.listeners.delete(listener)
        resolve()
      }
      run.listeners.add(listener)
    })
  }
}

const replayed = new Set(['workflow_started', 'node_started', 'node_finished', 'workflow_paused'])

/** What is shown to who comes back: the end of a run that is over, else its nodes without what is in them, then the rest. */
export async function* snapshotOf(run: DifyRun): AsyncGenerator<Fields> {
  const last = run.sent.find(({ event }) => event === 'workflow_finished')
  if (last !== undefined) return yield last
  const from = run.sent.length
  for (const event of run.sent.slice(0, from)) {
    if (!replayed.has(String(event['event']))) continue
    const data = event['data'] as Fields
    const emptied = { inputs: null, outputs: null, process_data: null, execution_metadata: null }
    yield String(event['event']).startsWith('node_') ? { ...event, data: { ...data, ...emptied } } : event
  }
  yield* runEvents(run, from)
}

function frame(run: DifyRun, event: string, data?: Fields): Fields {
  const isChat = run.mode !== 'workflow'
  const hasRun = run.mode === 'workflow' || run.mode === 'advanced-chat'
  return {
    event,
    task_id: run.taskId,
    ...(hasRun ? { workflow_run_id: run.id } : {}),
    ...(isChat ? { message_id: run.messageId } : {}),
    ...(isChat && run.mode !== 'completion' ? { conversation_id: run.conversationId } : {}),
    created_at: run.createdAt,
    ...(data === undefined ? {} : { data }),
  }
}

function eventsOf(run: DifyRun): readonly Fields[] {
  const { script } = run
  if (script.events !== undefined) return script.events.map((event) => ({ ...frame(run, ''), ...event }))
  const pieces = piecesOf(script.text ?? '', script.pieces ?? 3)
  return run.mode === 'workflow' || run.mode === 'advanced-chat' ? flowEvents(run, pieces) : chatEvents(run, pieces)
}

function piecesOf(text: string, count: number): readonly string[] {
  const size = Math.max(1, Math.ceil(text.length / count))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, at * size + size))
}

function chatEvents(run: DifyRun, pieces: readonly string[]): readonly Fields[] {
  const name = run.mode === 'agent-chat' ? 'agent_message' : 'message'
  const deltas = pieces.map((answer) => ({ ...frame(run, name), id: run.messageId, answer }))
  return [...deltas, run.script.errorEvent === undefined ? messageEnd(run) : errorEvent(run)]
}

function flowEvents(run: DifyRun, pieces: readonly string[]): readonly Fields[] {
  const { script, mode } = run
  const begin = frame(run, 'workflow_started', {
    id: run.id,
    workflow_id: 'w',
    inputs: run.call.inputs,
    reason: 'initial',
  })
  const nodes = (script.nodes ?? []).flatMap((node, index) => nodeEvents(run, node, index))
  const text = pieces.map((piece) =>
    mode === 'workflow'
      ? frame(run, 'text_chunk', { text: piece, from_variable_selector: ['llm', 'text'] })
      : { ...frame(run, 'message'), id: run.messageId, answer: piece },
  )
  const end = nodes.at(-1)
  const work = end === undefined ? [begin, ...text] : [begin, ...nodes.slice(0, -1), ...text, end]
  if (script.pause === true)
    return [...work, frame(run, 'workflow_paused', { reasons: [{ form_id: 'f' }], outputs: {} })]
  if (script.errorEvent !== undefined && script.status !== 'failed') return [...work, errorEvent(run)]
  const over = frame(run, 'workflow_finished', finishedData(run))
  if (mode === 'workflow') return [...work, over]
  if (script.status === 'failed') {
    return [...work, over, { ...frame(run, 'error'), status: 400, code: 'invalid_param', message: script.error ?? '' }]
  }
  return script.finishedFirst === true ? [...work, over, messageEnd(run)] : [...work, messageEnd(run), over]
}

function finishedData(run: DifyRun): Fields {
  const { script, mode } = run
  return {
    id: run.id,
    workflow_id: 'w',
    status: script.status ?? 'succeeded',
    outputs: script.outputs ?? (mode === 'workflow' ? { text: script.text ?? '' } : { answer: script.text ?? '' }),
    error: script.error ?? null,
    elapsed_time: 0.5,
    total_tokens: tokensOf(script),
    total_steps: script.nodes?.length ?? 0,
    created_at: run.createdAt,
    finished_at: Math.floor(now() / 1000),
  }
}

function messageEnd(run: DifyRun): Fields {
  const { usage } = run.script
  const metadata =
    usage === undefined
      ? {}
      : {
          usage: {
            prompt_tokens: usage.tokens[0],
            completion_tokens: usage.tokens[1],
            total_tokens: usage.tokens[0] + usage.tokens[1],
            total_price: usage.price,
            currency: usage.currency ?? 'USD',
            latency: 0.5,
          },
        }
  return { ...frame(run, 'message_end'), id: run.messageId, metadata }
}

function errorEvent(run: DifyRun): Fields {
  const { task_id: _, ...rest } = frame(run, 'error')
  return { ...rest, ...run.script.errorEvent }
}

function nodeEvents(run: DifyRun, node: DifyNode, index: number): readonly Fields[] {
  const { tokens, price, model, inside } = node
  const common = {
    id: `execution-${run.id}-${index}`,
    node_id: node.id,
    node_type: node.type ?? 'llm',
    title: node.title ?? node.id,
    index,
    inputs: node.inputs ?? null,
    iteration_id: inside?.iteration ?? null,
  }
  const usage = tokens && {
    prompt_tokens: tokens[0],
    completion_tokens: tokens[1],
    total_tokens: tokens[0] + tokens[1],
  }
  const retries = Array.from({ length: node.retries ?? 0 }, (_, at) =>
    frame(run, 'node_retry', { ...common, retry_index: at, error: 'again' }),
  )
  const finished = {
    ...common,
    process_data: model === undefined ? null : { model_name: model, model_provider: 'test' },
    outputs: { ...node.outputs, ...(usage === undefined ? {} : { usage }) },
    status: node.status ?? 'succeeded',
    error: node.error ?? null,
    elapsed_time: 0.25,
    execution_metadata:
      tokens === undefined && price === undefined && inside === undefined
        ? null
        : {
            ...(usage === undefined ? {} : { total_tokens: usage.total_tokens }),
            ...(price === undefined ? {} : { total_price: price, currency: 'USD' }),
            ...(inside === undefined ? {} : { iteration_index: inside.round, iteration_id: inside.iteration }),
          },
  }
  return [frame(run, 'node_started', common), ...retries, frame(run, 'node_finished', finished)]
}
