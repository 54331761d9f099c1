import { once } from 'node:events'
import type { ServerWritableStream } from '@grpc/grpc-js'
import type { RunEventMessage } from '../client/run-messages.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RunEvent } from '../domain/stored-run.ts'
import { monotonic, now, sleep } from '../lib/clock.ts'
import type { CallParts } from './grpc-calls.ts'
import { eventMessage, runMessage, timeMessage } from './run-view.ts'

/** Standings in which nothing more happens by itself. */
const still: ReadonlySet<string> = new Set(['finished', 'failed', 'cancelled', 'interrupted'])

/**
 * Sends what is on record behind `afterSeq`, then what happens, and in the end the snapshot of the run. A slow reader holds this
 * stream back and nothing else; whoever comes back with the last number it saw has missed nothing.
 */
export async function watchRun(
  call: ServerWritableStream<unknown, RunEventMessage>,
  { id, afterSeq }: { readonly id: string; readonly afterSeq: number },
  parts: CallParts,
): Promise<void> {
  const { service, followMs, heartbeatMs } = parts
  const gone = new AbortController()
  call.once('cancelled', () => gone.abort(new Error('the caller has left')))
  const signal = AbortSignal.any([gone.signal, parts.signal])
  const send = async (event: RunEventMessage): Promise<void> => {
    if (!call.write(event)) await once(call, 'drain', { signal })
  }
  const first = await service.get(id)
  await send({ seq: 0, time: timeMessage(now()), snapshot: runMessage(first) })
  let seq = afterSeq
  let state: RepairState | undefined
  let lastSent = monotonic()
  const tell = async (event: RunEvent): Promise<void> => {
    const message = eventMessage(event, state)
    seq = event.seq
    if (event.kind === 'repair') ({ state } = event.data as { readonly state: RepairState })
    if (message !== undefined) await send(message)
    lastSent = monotonic()
  }
  for (;;) {
    // Read before the events, so that the last of them are not missed.
    const view = await service.get(first.run.id)
    let page = await service.events(first.run.id, seq)
    while (page.length > 0) {
      for (const event of page) await tell(event)
      page = await service.events(first.run.id, seq)
    }
    if (still.has(view.standing)) {
      return send({ seq: 0, time: timeMessage(now()), snapshot: runMessage(await service.get(first.run.id)) })
    }
    if (monotonic() - lastSent >= heartbeatMs) {
      await send({ seq: 0, time: timeMessage(now()), heartbeat: {} })
      lastSent = monotonic()
    }
    await sleep(followMs, signal)
  }
}
