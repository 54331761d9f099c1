import { GreenloopError } from '../domain/errors.ts'
import type { LostCall, TargetCall, TargetOptions, TargetReply } from '../domain/target.ts'
import type { TrialIds } from '../domain/test-result.ts'
import type { DifyKind } from './dify-app.ts'
import { attempt } from './dify-attempt.ts'
import { createCollector } from './dify-collect.ts'
import { linger } from './dify-linger.ts'
import type { Lost } from './dify-lost.ts'
import { createSettler } from './dify-settle.ts'
import type { SettleParts } from './dify-settle.ts'
import type { Stops } from './dify-stops.ts'

/** What calls are made with. */
export interface CallerParts extends SettleParts {
  readonly stops: Stops
}

/** Makes calls to an app whose kind is known, and finds lost ones. */
export interface Caller {
  call(call: TargetCall, options: TargetOptions, kind: DifyKind): Promise<TargetReply>
  recover(lost: LostCall, options: TargetOptions, kind: DifyKind): Promise<TargetReply | undefined>
}

/** A caller; throws as a target does. Whoever gives up leaves no task behind that is known. */
export function createCaller(parts: CallerParts): Caller {
  const settler = createSettler(parts)
  const isSettled = (id: string): boolean => settler.isSettled(id)
  const stoppable = async <T>({ kind, call, collector }: Task, signal: AbortSignal, work: () => Promise<T>) => {
    try {
      return await work()
    } catch (error) {
      const { taskId } = collector.read().ids
      // A stream that goes beyond its cap goes on being written, and paid, too.
      const isGivenUp = signal.aborted || (error instanceof GreenloopError && error.code === 'target_garbled')
      if (isGivenUp && taskId !== undefined) parts.stops.begin({ kind, taskId, user: call.user })
      throw signal.aborted ? signal.reason : error
    }
  }
  return {
    call: async (call, { signal, onIds }, kind) => {
      const { conversationId } = call
      const patience = linger(signal, parts.limits.taskMs, parts.clock)
      const onSeen = (ids: TrialIds): void => {
        onIds?.(ids)
        patience.seen(ids)
      }
      const collector = createCollector(kind, onSeen, conversationId === undefined ? {} : { conversationId })
      return await stoppable({ kind, call, collector }, signal, async () => {
        const planned = { kind, call, collector, signal: patience.signal, isSettled }
        const { fault, trying } = await attempt(planned, parts).finally(() => patience.end())
        signal.throwIfAborted()
        return await settler.settle(fault, trying, signal)
      })
    },
    recover: async ({ ids, call, startedAt }, { signal, onIds }, kind) => {
      const collector = createCollector(kind, onIds, ids)
      const lost: Lost = { kind, call, startedAt, sentAt: parts.clock.monotonic(), collector, isSettled }
      return await stoppable(lost, signal, () => settler.recover(lost, signal))
    },
  }
}

type Task = Pick<Lost, 'kind' | 'call' | 'collector'>
