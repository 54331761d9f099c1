import type { Collector } from './dify-collect.ts'
import { fieldsOf, parseFields } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import { askPatiently, mayPass, whyNot } from './dify-patience.ts'
import type { SearchParts } from './dify-patience.ts'
import { statusOfRun } from './dify-reply.ts'
import { readEvents, startWatch } from './dify-stream.ts'

/** What came of looking for a call; what was found is in the collector. */
export type Found =
  | { readonly kind: 'found' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string }

/** A run that is followed to its end. */
export interface Followed {
  readonly runId: string
  /** The end user who started it; the server shows its events to nobody else. */
  readonly user: string
  readonly collector: Collector
  /** Monotonic milliseconds that times count from. */
  readonly sentAt: number
}

/**
 * Follows a run to its end: watches its events on, then asks for the run itself, since the last event that is replayed is
 * no proof. Goes on for as long as the run does or until the signal aborts.
 */
export async function followRun(run: Followed, parts: SearchParts): Promise<Found> {
  const { collector, runId } = run
  let canWatch = true
  for (;;) {
    canWatch &&= collector.state() !== 'closed' && (await watchOn(run, parts))
    const path = `workflows/run/${encodeURIComponent(runId)}`
    const asked = await askPatiently({ method: 'GET', path }, parts)
    if (asked.kind !== 'answer') return { kind: 'unknown', why: whyNot(asked) }
    const status = statusOfRun(asked.fields['status'])
    if (status !== undefined) {
      push(run, parts, eventOf(status, run, asked.fields))
      return { kind: 'found' }
    }
    await parts.clock.sleep(parts.limits.pollMs, parts.signal)
  }
}

function eventOf(status: string, { runId, collector }: Followed, fields: Fields): Fields {
  const outputs = typeof fields['outputs'] === 'string' ? parseFields(fields['outputs']) : fields['outputs']
  const data = { ...fields, outputs }
  if (status !== 'paused') return { event: 'workflow_finished', workflow_run_id: runId, data }
  return { event: 'workflow_paused', workflow_run_id: runId, data: collector.read().paused ?? data }
}

function push({ collector, sentAt }: Followed, { clock }: SearchParts, fields: Fields): void {
  collector.push({ fields, chars: 0, atMs: clock.monotonic() - sentAt })
}

/** Whether the events of the run can be watched; servers before 1.14 do not know how. */
async function watchOn({ runId, user, collector, sentAt }: Followed, parts: SearchParts): Promise<boolean> {
  const { api, clock, limits, signal } = parts
  const watch = startWatch(signal, limits.silenceMs, clock)
  try {
    const path = `workflow/${encodeURIComponent(runId)}/events`
    const query = { user, include_state_snapshot: 'true' }
    const opened = await api.open({ method: 'GET', path, query }, watch.signal)
    if (opened.kind !== 'open') return opened.kind === 'unclear' || (opened.kind === 'refused' && mayPass(opened.error))
    await readEvents(opened.response, { collector: withoutErrors(collector), watch, clock, limits, sentAt })
    return true
  } catch (error) {
    if (!watch.isSilent()) throw error
    return true
  } finally {
    watch.stop()
    signal.throwIfAborted()
  }
}

/** An error of the watching is no error of the run. */
function withoutErrors(collector: Collector): Collector {
  return {
    ...collector,
    push: (event) => {
      if (fieldsOf(event.fields)['event'] !== 'error') collector.push(event)
    },
  }
}
