import { GreenloopError } from '../domain/errors.ts'
import type { TargetReply, TargetSetup } from '../domain/target.ts'
import type { NodeTrace, TrialCost, TrialUsage } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'
import { priceOf } from './target-prices.ts'

/** What a reply is completed with. */
export interface ReplyFacts {
  readonly totalMs: number
  readonly prices: TargetSetup['prices']
  readonly model: string | undefined
}

/** Keys by which an object is taken for a result, and not for bare outputs. */
const resultKeys = ['workflow_run_id', 'workflowRunId', 'status', 'outputs', 'text', 'error']

/**
 * Reads what a function of the user gave back: `workflow_run_id`, `status` (`succeeded`, `success`, `ok`, `failed`,
 * `failure`, `error`, `stopped`, `partial-succeeded`, `paused`) and `outputs`, if it likes also `text`, `usage` or
 * `tokens`, `cost`, `nodes`, `error`, `model`, `conversation_id`, in snake_case or camelCase. Anything without one of
 * these keys is the outputs of a success. Throws `target_garbled` for nothing at all and for a status nobody knows.
 */
export function moduleReply(value: unknown, facts: ReplyFacts): TargetReply {
  if (value === undefined) {
    throw new GreenloopError('target_garbled', 'the function gave nothing back', {
      help: 'return `{ workflow_run_id, status, outputs }`, or the outputs themselves',
    })
  }
  const fields = resultFields(value)
  if (fields === undefined) return plainReply(value, facts)
  const model = textOf(fields['model']) ?? facts.model
  const usage = usageOf(fields)
  const error = errorOf(fields['error'])
  const outputs = fields['outputs'] ?? null
  return {
    ...plainReply(outputs, facts),
    status: statusOf(fields['status'], error !== undefined),
    text: textOf(fields['text']) ?? printed(outputs),
    usage,
    cost: costOf(fields['cost'], facts.prices) ?? priceOf(usage, [model], facts.prices),
    nodes: nodesOf(fields['nodes']),
    ids: idsOf(fields),
    model,
    error,
  }
}

function resultFields(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return resultKeys.some((key) => Object.hasOwn(value, key)) ? (value as Readonly<Record<string, unknown>>) : undefined
}

function plainReply(outputs: unknown, { totalMs, model }: ReplyFacts): TargetReply {
  const core = { status: 'succeeded', text: printed(outputs), outputs, timing: { totalMs } } as const
  return { ...core, nodes: [], ids: {}, model, nodeRetries: 0, recovered: false }
}

/** A text, the only text of an object, or JSON. */
function printed(outputs: unknown): string {
  if (typeof outputs === 'string') return outputs
  if (outputs === null || outputs === undefined) return ''
  const members = typeof outputs === 'object' ? Object.values(outputs) : []
  return members.length === 1 && typeof members[0] === 'string' ? members[0] : JSON.stringify(outputs)
}

const statuses: Readonly<Record<string, TargetReply['status']>> = {
  succeeded: 'succeeded',
  success: 'succeeded',
  ok: 'succeeded',
  completed: 'succeeded',
  failed: 'app_failed',
  failure: 'app_failed',
  error: 'app_failed',
  appfailed: 'app_failed',
  stopped: 'stopped',
  cancelled: 'stopped',
  partial: 'partial',
  partialsucceeded: 'partial',
  partialsuccess: 'partial',
  paused: 'paused',
}

function statusOf(status: unknown, hasError: boolean): TargetReply['status'] {
  if (status === undefined || status === null) return hasError ? 'app_failed' : 'succeeded'
  const word = typeof status === 'string' ? status : JSON.stringify(status)
  const found = statuses[word.toLowerCase().replaceAll(/[^a-z]/gu, '')]
  if (found !== undefined) return found
  throw new GreenloopError('target_garbled', `the function gave back the status \`${word}\``, {
    help: 'known: succeeded, failed, stopped, partial-succeeded, paused',
  })
}

function usageOf(fields: Readonly<Record<string, unknown>>): TrialUsage | undefined {
  const usage = fieldsOf(fields['usage'])
  const input = first(usage, ['input_tokens', 'inputTokens', 'prompt_tokens', 'promptTokens'])
  const output = first(usage, ['output_tokens', 'outputTokens', 'completion_tokens', 'completionTokens'])
  const total =
    first(usage, ['total_tokens', 'totalTokens', 'total']) ??
    first(fields, ['tokens', 'total_tokens', 'totalTokens', 'usage'])
  if (input === undefined && output === undefined && total === undefined) return undefined
  return { inputTokens: input, outputTokens: output, totalTokens: total ?? (input ?? 0) + (output ?? 0) }
}

function first(fields: Readonly<Record<string, unknown>>, keys: readonly string[]): number | undefined {
  return keys.map((key) => fields[key]).find((each) => typeof each === 'number')
}

function costOf(cost: unknown, { currency }: ReplyFacts['prices']): TrialCost | undefined {
  const { amount = cost, currency: named = currency } = fieldsOf(cost)
  if (typeof amount !== 'number' && (typeof amount !== 'string' || !Number.isFinite(Number(amount)))) return undefined
  return { amount: addDecimals([String(amount)]), currency: String(named), source: 'message' }
}

function errorOf(error: unknown): TargetReply['error'] {
  if (error === undefined || error === null || error === false || error === '') return undefined
  const { message, code } = fieldsOf(error)
  const text = typeof message === 'string' ? message : printed(error)
  return { message: text, ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}) }
}

function idsOf(fields: Readonly<Record<string, unknown>>): TargetReply['ids'] {
  const read = (snake: string, camel: string): string | undefined => {
    const value = fields[snake] ?? fields[camel]
    return typeof value === 'number' ? String(value) : textOf(value)
  }
  const ids = {
    taskId: read('task_id', 'taskId'),
    runId: read('workflow_run_id', 'workflowRunId'),
    messageId: read('message_id', 'messageId'),
    conversationId: read('conversation_id', 'conversationId'),
  }
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== undefined))
}

function nodesOf(nodes: unknown): NodeTrace[] {
  if (!Array.isArray(nodes)) return []
  return nodes.map((node: unknown, index) => {
    const fields = fieldsOf(node)
    const id = textOf(fields['id']) ?? textOf(fields['node_id']) ?? String(index + 1)
    const elapsedMs = first(fields, ['elapsed_ms', 'elapsedMs'])
    return {
      id,
      title: textOf(fields['title']) ?? id,
      type: textOf(fields['type']) ?? textOf(fields['node_type']) ?? 'function',
      status: textOf(fields['status']) ?? 'succeeded',
      inputs: fields['inputs'],
      outputs: fields['outputs'],
      error: textOf(fields['error']),
      elapsedMs,
      tokens: first(fields, ['tokens', 'total_tokens']),
    }
  })
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
