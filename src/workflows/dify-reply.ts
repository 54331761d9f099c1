import type { TargetReply } from '../domain/target.ts'
import type { NodeTrace, TrialTiming } from '../domain/test-result.ts'
import type { Environment } from '../domain/workflow.ts'
import { costOf, usageOf } from './dify-amounts.ts'
import { hasRuns } from './dify-app.ts'
import type { DifyKind } from './dify-app.ts'
import { serverMsOf } from './dify-collect.ts'
import type { Collected } from './dify-collect.ts'
import type { Complaint } from './dify-errors.ts'
import { fieldsOf, numberOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'

/** What a reply needs besides what was collected. */
export interface ReplyParts {
  readonly kind: DifyKind
  readonly prices: Environment['prices']
  /** Until the connection stood; unknown for calls that are only looked up. */
  readonly connectMs?: number | undefined
  readonly recovered: boolean
  /** Why the app failed, where no run tells it. */
  readonly complaint?: Complaint | undefined
}

type Status = TargetReply['status']

const statusByWord: Readonly<Record<string, Status>> = {
  succeeded: 'succeeded',
  'partial-succeeded': 'partial',
  failed: 'app_failed',
  stopped: 'stopped',
  paused: 'paused',
}

/** The status behind the word of a run; `undefined` while it goes on. */
export function statusOfRun(word: unknown): Status | undefined {
  return typeof word === 'string' && Object.hasOwn(statusByWord, word) ? statusByWord[word] : undefined
}

/** The reply to a call of which everything is known. */
export function replyOf(collected: Collected, parts: ReplyParts): TargetReply {
  const { finished = {}, paused, ended, nodes } = collected
  const status = statusOf(collected, parts.complaint)
  const outputs = outputsOf(collected, parts.kind)
  const used = { nodes, message: fieldsOf(ended?.['usage']), runTokens: numberOf(finished['total_tokens']) }
  const usage = usageOf(used)
  const cost = costOf(used, parts.prices)
  const model = nodes.flatMap((node) => node.usage?.model ?? []).at(-1)
  // Pieces are missing from what was streamed around a break; the outputs are whole.
  const streamed = parts.recovered && collected.finished !== undefined ? '' : collected.text
  const error = status === 'app_failed' ? errorOf(finished, parts.complaint) : undefined
  return {
    status,
    text: answerText(streamed, outputs, parts.kind),
    outputs: paused === undefined ? outputs : (paused['outputs'] ?? paused),
    ...(usage === undefined ? {} : { usage }),
    ...(cost === undefined ? {} : { cost }),
    timing: timingOf(collected, parts),
    nodes: [...nodes.map(({ trace }) => trace), ...collected.thoughts.map(thoughtTrace)],
    ids: collected.ids,
    ...(model === undefined ? {} : { model }),
    ...(error === undefined ? {} : { error }),
    nodeRetries: collected.nodeRetries,
    recovered: parts.recovered,
  }
}

function statusOf({ finished, paused }: Collected, complaint: Complaint | undefined): Status {
  if (finished !== undefined) return statusOfRun(finished['status']) ?? 'succeeded'
  if (paused !== undefined) return 'paused'
  return complaint === undefined ? 'succeeded' : 'app_failed'
}

function errorOf(finished: Fields, complaint: Complaint | undefined): TargetReply['error'] {
  const message = textOf(finished['error']) ?? complaint?.message
  const code = complaint?.code
  return { message: message ?? 'the app failed and does not say why', ...(code === undefined ? {} : { code }) }
}

function outputsOf({ finished, text }: Collected, kind: DifyKind): unknown {
  const outputs = finished?.['outputs']
  if (outputs !== undefined && outputs !== null) return outputs
  return hasRuns(kind) && text === '' ? {} : { answer: text }
}

/** A workflow has no message of its own: its only output is its answer, or what it streamed, or all outputs as JSON. */
function answerText(text: string, outputs: unknown, kind: DifyKind): string {
  const fields = fieldsOf(outputs)
  if (kind !== 'workflow') return text === '' ? (textOf(fields['answer']) ?? '') : text
  const [only, ...others] = Object.values(fields)
  if (typeof only === 'string' && others.length === 0) return only
  if (text !== '') return text
  return Object.keys(fields).length === 0 ? '' : JSON.stringify(outputs)
}

/** What was fetched after a break took as long as the server says: our own looking is not part of it. */
function timingOf(collected: Collected, { connectMs, recovered }: ReplyParts): TrialTiming {
  const serverMs = serverMsOf(collected)
  return {
    ...(connectMs === undefined ? {} : { connectMs }),
    ...(collected.ttftMs === undefined ? {} : { ttftMs: collected.ttftMs }),
    totalMs: recovered ? (serverMs ?? collected.lastMs) : collected.lastMs,
    ...(serverMs === undefined ? {} : { serverMs }),
  }
}

function thoughtTrace(thought: Fields): NodeTrace {
  return {
    id: textOf(thought['id']) ?? '',
    title: textOf(thought['tool']) ?? 'thought',
    type: 'agent_thought',
    status: 'succeeded',
    inputs: thought['tool_input'],
    outputs: { thought: thought['thought'], observation: thought['observation'] },
  }
}
