import type { GreenloopError } from '../domain/errors.ts'
import type { TargetReply } from '../domain/target.ts'
import type { Environment } from '../domain/workflow.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { hasRuns } from './dify-app.ts'
import type { AttemptParts, Trying } from './dify-attempt.ts'
import { complaintOfEvent, unknownFate } from './dify-errors.ts'
import type { Complaint, Fault } from './dify-errors.ts'
import { lookUp } from './dify-lookup.ts'
import type { Lost } from './dify-lost.ts'
import { replyOf } from './dify-reply.ts'

/** What the end of a call is made of. */
export interface SettleParts extends AttemptParts {
  readonly prices: Environment['prices']
}

/** Decides what becomes of calls whose stream is over. */
export interface Settler {
  /** The reply to a call, or the error that it ended with; looks for the call where its end was not seen. */
  settle(fault: Fault | undefined, trying: Trying, signal: AbortSignal): Promise<TargetReply>
  /** The reply to a lost call; `undefined` where there is no trace of it. Throws `target_unknown` where none can tell. */
  recover(lost: Lost, signal: AbortSignal): Promise<TargetReply | undefined>
  /** Whether a run or message was the end of another call already. */
  isSettled(id: string): boolean
}

/** Ends of calls that are remembered. */
const remembered = 10_000

/** A settler for one app. */
export function createSettler(parts: SettleParts): Settler {
  const settled = new Set<string>()
  const triedAgain = new Set<string>()

  const finish = (trying: Ended, how: How): TargetReply => {
    const collected = trying.collector.read()
    for (const id of [collected.ids.runId, collected.ids.messageId]) if (id !== undefined) keep(settled, id)
    return replyOf(collected, { kind: trying.kind, connectMs: trying.connectMs, prices: parts.prices, ...how })
  }
  /** The app itself may have said what went wrong, outside of a run. */
  const found = (lost: Ended): TargetReply => {
    const { error } = lost.collector.read()
    const complaint = error === undefined ? undefined : complaintOfEvent(error, parts.api.quote)
    return finish(lost, { recovered: true, complaint })
  }
  const search = async (error: GreenloopError, trying: Trying, signal: AbortSignal): Promise<TargetReply> => {
    const before = trying.collector.read()
    const sought = await lookUp(trying, { ...parts, signal })
    const isFailure = before.error !== undefined || error.code === 'target_garbled'
    if (sought.kind === 'found') {
      const reply = found(trying)
      // A chat app has no run that could have failed: the error was the server's own.
      if (reply.status === 'app_failed' && !hasRuns(trying.kind) && before.error !== undefined) throw error
      return reply
    }
    if (sought.kind === 'absent' && (isFailure || !trying.isTaken)) throw error
    // The answer of a chatflow is whole before its run says that it is over.
    if (before.ended !== undefined && before.error === undefined) return finish(trying, { recovered: false })
    if (error.code === 'target_garbled') throw error
    throw unknownFate(error.message, sought.kind === 'absent' ? 'the server has no trace of it yet' : sought.why, error)
  }
  return {
    settle: async (fault, trying, signal) => {
      if (fault === undefined) return finish(trying, { recovered: false })
      if (fault.kind === 'failed') return finish(trying, { recovered: false, complaint: fault.complaint })
      if (fault.kind === 'unclear') return await search(fault.error, trying, signal)
      if (fault.once !== true) throw fault.error
      if (triedAgain.has(trying.call.key)) throw markExhausted(fault.error)
      keep(triedAgain, trying.call.key)
      throw fault.error
    },
    recover: async (lost, signal) => {
      const sought = await lookUp(lost, { ...parts, signal })
      if (sought.kind === 'absent') return undefined
      if (sought.kind === 'unknown') throw unknownFate('the end of the call was not seen', sought.why)
      return found(lost)
    },
    isSettled: (id) => settled.has(id),
  }
}

type Ended = Pick<Trying, 'kind' | 'collector' | 'connectMs'>

interface How {
  readonly recovered: boolean
  readonly complaint?: Complaint | undefined
}

function keep(set: Set<string>, id: string): void {
  set.add(id)
  const [oldest] = set
  if (set.size > remembered && oldest !== undefined) set.delete(oldest)
}
