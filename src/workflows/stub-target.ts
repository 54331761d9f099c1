import { GreenloopError } from '../domain/errors.ts'
import type { Target, TargetCall, TargetReply, TargetSetup } from '../domain/target.ts'
import { replyKind } from '../domain/task.ts'
import type { Handler, Reply } from '../domain/task.ts'
import { stubSchema } from '../domain/trial.ts'
import type { Clock } from '../lib/clock.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { stubHandler } from './stub.ts'
import { wrongTarget } from './target-errors.ts'

/**
 * A workflow that is not there: it echoes its inputs, or fails, breaks down or falls silent by its rates. What becomes of
 * a call depends on the seed, the key of the call and the number of tries at it. The sampling of a variant may change the
 * rates (`failure_rate: 0.3`), so that variants differ; an input `stub` says what becomes of one case.
 */
export function stubTarget({ workflow }: TargetSetup, { clock }: { readonly clock: Clock }): Target {
  if (workflow.target !== 'stub') throw wrongTarget('stub', workflow.target)
  const handlers = new Map<string, Handler>()
  const handlerOf = (sampling: TargetCall['sampling']): Handler => {
    const name = JSON.stringify(sampling)
    const made = handlers.get(name) ?? stubHandler(settingsOf(workflow, sampling), clock)
    handlers.set(name, made)
    return made
  }
  handlerOf({})
  const tries = new Map<string, number>()
  return {
    name: `stub ${workflow.id}`,
    call: async (call, { signal }) => {
      signal.throwIfAborted()
      const startedAt = clock.monotonic()
      const attempt = (tries.get(call.key) ?? 0) + 1
      tries.set(call.key, attempt)
      const wishes = call.inputs['stub']
      const reply = await handlerOf(call.sampling)(
        { id: call.key, payload: typeof wishes === 'object' ? wishes : {} },
        { attempt, key: call.key, signal },
      )
      tries.delete(call.key)
      return replyOf(call, reply as Reply<unknown>, clock.monotonic() - startedAt)
    },
    recover: async () => undefined,
    isRepeatable: true,
    close: async () => {},
  }
}

type StubWorkflow = Extract<TargetSetup['workflow'], { target: 'stub' }>

/** Files write `failure_rate`, programs `failureRate`. Of a variant's sampling, only what the stub knows concerns it. */
function settingsOf({ id: workflowId, stub }: StubWorkflow, sampling: TargetCall['sampling']): Record<string, unknown> {
  const ofVariant = Object.entries(camelCase(sampling)).filter(([key]) => known.has(key))
  const parsed = stubSchema.safeParse({ ...camelCase(stub), ...Object.fromEntries(ofVariant) })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({
    message: `\`${['stub', ...path].join('.')}\` of workflow \`${workflowId}\`: ${message}`,
  }))
  throw new GreenloopError('plan_invalid', `the stub of workflow \`${workflowId}\` cannot be used`, { problems })
}

const known = new Set(['delaySeconds', 'failureRate', 'errorRate', 'timeoutRate', 'outputBytes', 'seed'])

function camelCase(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )
}

function replyOf(call: TargetCall, reply: Reply<unknown>, totalMs: number): TargetReply {
  const isFailure = replyKind(reply) === 'failed'
  const { stub: _, ...inputs } = call.inputs
  const filler = textOf(reply.output)
  const text = isFailure ? '' : (filler ?? call.query ?? JSON.stringify(inputs))
  const inputTokens = estimateTokens(JSON.stringify(inputs) + (call.query ?? '') + (call.prompt ?? ''))
  const outputTokens = estimateTokens(text)
  return {
    status: isFailure ? 'app_failed' : 'succeeded',
    text,
    outputs: isFailure ? null : { ...inputs, ...(filler === undefined ? {} : { text }) },
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
    timing: { totalMs, ttftMs: totalMs },
    nodes: [],
    ids: { runId: `stub-${call.key}` },
    ...(isFailure ? { error: { message: reply.message ?? 'simulated failure' } } : {}),
    nodeRetries: 0,
    recovered: false,
  }
}

function textOf(output: unknown): string | undefined {
  if (typeof output === 'string') return output
  const text = typeof output === 'object' && output !== null ? (output as { text?: unknown }).text : undefined
  return typeof text === 'string' ? text : undefined
}
