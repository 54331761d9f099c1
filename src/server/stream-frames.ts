import type { ApiRun } from '../domain/api-run.ts'
import type { RunEvent, StoredRun } from '../domain/stored-run.ts'
import { random } from '../lib/random.ts'

/** An event as it goes over the wire. */
export interface Frame {
  readonly seq: number
  readonly bytes: Buffer
}

/** An event of a run as the API tells it. */
export function eventView({ seq, at, kind, data }: RunEvent) {
  return { seq, at: new Date(at).toISOString(), kind, data }
}

/** An event of a run on the wire; the same bytes live and in replay. */
export function eventFrame(event: RunEvent): Frame {
  return { seq: event.seq, bytes: Buffer.from(`id: ${event.seq}\ndata: ${JSON.stringify(eventView(event))}\n\n`) }
}

/** A change of a run on the wire. */
export function runFrame(id: string, run: ApiRun): Buffer {
  return Buffer.from(`id: ${id}\nevent: run\ndata: ${JSON.stringify({ run })}\n\n`)
}

/** The last thing that a stream of a run says. */
export function endFrame({ verdict, exitCode, reason }: StoredRun, status: ApiRun['status']): Buffer {
  return Buffer.from(`event: end\ndata: ${JSON.stringify({ status, verdict, exitCode, reason })}\n\n`)
}

/** What was told so far counts no more; events follow from the first there is. */
export const resetFrame = Buffer.from('event: reset\ndata: {}\n\n')
/** Says that the connection stands. */
export const heartbeatFrame = Buffer.from(': \n\n')

const retryMs = 3000

/** When to come back after a break: not all at the same moment. */
export function retryFrame(): Buffer {
  return Buffer.from(`retry: ${Math.round(retryMs * (0.8 + 0.4 * random()))}\n\n`)
}
