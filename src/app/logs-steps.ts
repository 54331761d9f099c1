import type { RunEvent, RunStore } from '../domain/stored-run.ts'
import { eventsOf } from './earlier.ts'

/** The steps of a run as lines, as far as they were read. */
interface Steps {
  readonly pieces: Buffer[]
  bytes: number
  /** Newest event that was read. */
  seq: number
}

/** Logs that are kept at hand: whoever follows one asks again and again. */
const mostKept = 16
const mostBytes = 8 * 1024 * 1024
const kept = new WeakMap<RunStore, Map<string, Steps>>()

/** What Greenloop did in a run, from its events: lines of `HH:MM:SS text`, in UTC. */
export async function stepsOf(store: RunStore, runId: string): Promise<Buffer> {
  const all = kept.get(store) ?? new Map<string, Steps>()
  kept.set(store, all)
  const steps = all.get(runId) ?? { pieces: [], bytes: 0, seq: 0 }
  all.delete(runId)
  all.set(runId, steps)
  const [oldest] = all.keys()
  if (all.size > mostKept && oldest !== undefined) all.delete(oldest)
  for await (const event of eventsOf(store, runId, steps.seq)) {
    // Two readers at once see the same events.
    if (event.seq <= steps.seq) continue
    steps.seq = event.seq
    const text = textOf(event)
    if (text === undefined || steps.bytes > mostBytes) continue
    const line = Buffer.from(`${new Date(event.at).toISOString().slice(11, 19)} ${text}\n`)
    steps.pieces.push(line)
    steps.bytes += line.length
  }
  return Buffer.concat(steps.pieces)
}

/** What an event tells people; nothing where it only tells figures. */
function textOf({ kind, data }: RunEvent): string | undefined {
  const told = (typeof data === 'object' && data !== null ? data : {}) as {
    readonly text?: unknown
    readonly message?: unknown
    readonly title?: unknown
    readonly state?: unknown
    readonly verdict?: unknown
    readonly reason?: unknown
  }
  const words = (...parts: readonly unknown[]) => parts.filter((part) => typeof part === 'string').join(' ')
  switch (kind) {
    case 'step':
      return words(told.text)
    case 'problem':
      return words(told.message)
    case 'started':
    case 'resumed':
      return words(kind, told.title)
    case 'ended':
      return words('ended:', told.state, told.verdict, told.reason)
    default:
      return undefined
  }
}
