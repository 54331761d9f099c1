import type { Turn } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { TargetReply } from '../domain/target.ts'
import type { TrialCost, TrialOutput, TrialTiming, TrialUsage, TurnResult } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'

/** The answer of a trial before it is judged. */
export type TrialAnswer = Omit<TrialOutput, 'scores' | 'score' | 'passed' | 'evaluation' | 'blobs'>

/**
 * The turns of a trial as one answer: text, outputs and ids of the last turn, times, tokens and costs added up, the time
 * until the first piece that of the first turn.
 */
export function answerOf(replies: readonly TargetReply[], turns: readonly Turn[]): TrialAnswer {
  const last = replies.at(-1)
  if (last === undefined) throw new GreenloopError('internal', 'a trial without a turn has no answer')
  const { status, text, outputs, ids, model, error } = last
  return {
    status,
    text,
    outputs,
    ids,
    model,
    error,
    usage: usageOf(replies),
    cost: costOf(replies),
    timing: timingOf(replies),
    nodes: replies.flatMap(({ nodes }) => nodes),
    nodeRetries: replies.reduce((sum, { nodeRetries }) => sum + nodeRetries, 0),
    recovered: replies.some(({ recovered }) => recovered),
    ...(turns.length === 1 ? {} : { turns: replies.map((reply, index) => turnOf(reply, turns[index]?.query ?? '')) }),
  }
}

function turnOf({ text, outputs, timing, usage, ids, nodes }: TargetReply, query: string): TurnResult {
  return { query, text, outputs, timing, usage, ids, nodes }
}

function usageOf(replies: readonly TargetReply[]): TrialUsage | undefined {
  const known = replies.flatMap(({ usage }) => usage ?? [])
  if (known.length === 0) return undefined
  const sum = (pick: (usage: TrialUsage) => number | undefined): number | undefined =>
    known.every((usage) => pick(usage) !== undefined)
      ? known.reduce((total, usage) => total + (pick(usage) ?? 0), 0)
      : undefined
  return {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    totalTokens: known.reduce((total, { totalTokens }) => total + totalTokens, 0),
  }
}

/**
 * Amounts of two currencies cannot be added, and what was found again may have lost its price: a part is no total, and
 * then there is none.
 */
function costOf(replies: readonly TargetReply[]): TrialCost | undefined {
  if (replies.some(({ cost, recovered }) => recovered && cost === undefined)) return undefined
  const known = replies.flatMap(({ cost }) => cost ?? [])
  const [first] = known
  if (first === undefined || known.some(({ currency }) => currency !== first.currency)) return undefined
  return { ...first, amount: addDecimals(known.map(({ amount }) => amount)) }
}

function timingOf(replies: readonly TargetReply[]): TrialTiming {
  const timings = replies.map(({ timing }) => timing)
  const servers = timings.flatMap(({ serverMs }) => serverMs ?? [])
  return {
    connectMs: timings[0]?.connectMs,
    ttftMs: timings[0]?.ttftMs,
    totalMs: timings.reduce((sum, { totalMs }) => sum + totalMs, 0),
    serverMs: servers.length === timings.length ? servers.reduce((sum, ms) => sum + ms, 0) : undefined,
  }
}
