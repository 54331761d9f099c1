import { GreenloopError } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { DifyApi } from './dify-api.ts'
import { callBody, callPath, hasRuns } from './dify-app.ts'
import { complaintOfEvent, faultOf } from './dify-errors.ts'
import type { Fault } from './dify-errors.ts'
import type { SendFiles } from './dify-files.ts'
import type { DifyLimits } from './dify-limits.ts'
import type { Lost } from './dify-lost.ts'
import { readEvents, startWatch } from './dify-stream.ts'
import type { StreamEnd } from './dify-stream.ts'

/** What a call is sent with. */
export interface AttemptParts {
  readonly api: DifyApi
  readonly clock: Clock
  readonly limits: DifyLimits
  readonly sendFiles: SendFiles
  readonly version: string | undefined
}

/** What is known when the stream of a call is over, one way or another. */
export interface Trying extends Lost {
  readonly connectMs?: number | undefined
  /** Whether the server has taken the call on, or may do so yet: then no trace of it is no proof. */
  readonly isTaken: boolean
}

/** A call that was sent once; without a fault, its answer is whole. */
interface Tried {
  readonly fault: Fault | undefined
  readonly trying: Trying
}

/** A call that is to be sent. */
export interface Planned extends Pick<Lost, 'kind' | 'call' | 'collector' | 'isSettled'> {
  readonly signal: AbortSignal
}

/** Sends a call and reads its stream to the end; an abort throws the signal's reason. */
export async function attempt({ signal, ...known }: Planned, parts: AttemptParts): Promise<Tried> {
  const { kind, call, collector } = known
  const { api, clock, limits, version } = parts
  const files = await parts.sendFiles(call, signal)
  const body = JSON.stringify(callBody(call, { kind, version, files }))
  const startedAt = clock.now()
  let trying: Trying = { ...known, startedAt, sentAt: clock.monotonic(), isTaken: false }
  const watch = startWatch(signal, limits.headMs, clock)
  try {
    const opened = await api.open({ method: 'POST', path: callPath(kind, version), body }, watch.signal)
    if (opened.kind !== 'open') return { fault: opened, trying }
    const { sentAt, connectMs } = opened.response
    trying = { ...trying, sentAt, connectMs, isTaken: true }
    watch.heard(limits.silenceMs)
    const end = await readEvents(opened.response, { collector, watch, clock, limits, sentAt })
    signal.throwIfAborted()
    return { fault: faultOfEnd(end, trying, api), trying }
  } catch (error) {
    if (signal.aborted || !watch.isSilent()) throw error
    return { fault: brokenOff(error), trying: { ...trying, isTaken: true } }
  } finally {
    watch.stop()
  }
}

function faultOfEnd(end: StreamEnd, { collector, kind }: Trying, api: DifyApi): Fault | undefined {
  const { finished, paused, ended, error } = collector.read()
  if (end.kind === 'too_large') return { kind: 'refused', error: end.error }
  if (finished !== undefined || paused !== undefined || (ended !== undefined && !hasRuns(kind))) return undefined
  if (error !== undefined) return faultOf(complaintOfEvent(error, api.quote))
  if (end.kind === 'garbled') return { kind: 'unclear', error: end.error }
  return brokenOff(end.kind === 'broken' ? end.cause : undefined)
}

function brokenOff(cause: unknown): Fault {
  const why = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
  const error = new GreenloopError('target_failed', `the stream of the answer broke off${why}`, { cause })
  return { kind: 'unclear', error }
}
