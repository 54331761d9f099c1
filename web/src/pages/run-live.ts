import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useReducer } from 'react'
import { useRunEvents } from '../lib/events.ts'
import { useSoon } from '../lib/soon.ts'
import type { ApiRunDetail, ApiRunEvent, OperationId, RunProgress } from '../../../src/client/types.ts'

/** What the events of a run told since the page is open, and a little before. */
export interface LiveRun {
  /** The newest steps, oldest first. */
  readonly steps: readonly { readonly seq: number; readonly at: string; readonly text: string }[]
  /** End of the model's answer as it comes. */
  readonly text: string
  readonly progress?: RunProgress | undefined
}

/** Events before the newest that are read again after a reload. */
const backlog = 400
const mostSteps = 30
const mostText = 60_000
const nothing: LiveRun = { steps: [], text: '' }

/** Follows a run while it goes on, and has the page read again what changed. */
export function useLiveRun(id: string, run: ApiRunDetail | undefined): LiveRun {
  const [live, take] = useReducer(withEvent, nothing)
  const client = useQueryClient()
  const stale = (operations: readonly OperationId[]) => {
    for (const operation of operations)
      void client.invalidateQueries({ predicate: ({ queryKey }) => isOf(queryKey, operation, id) })
  }
  const readRun = useSoon(() => stale(['getRun']), 400)
  const readTests = useSoon(() => stale(['listTasks', 'getTask']), 800)
  const isOn = run !== undefined && (run.status === 'running' || run.status === 'queued')
  useEffect(() => take('forget'), [id])
  useRunEvents(id, {
    enabled: isOn,
    after: Math.max(0, (run?.lastEventSeq ?? 0) - backlog),
    onEvent(event) {
      take(event)
      if (event.kind === 'tests') readTests()
      else if (!quietKinds.has(event.kind)) readRun()
    },
    onEnd: () => stale(['getRun', 'listTasks', 'getLog', 'listRuns']),
  })
  return live
}

const quietKinds: ReadonlySet<string> = new Set(['step', 'text', 'progress'])

function isOf(key: readonly unknown[], operation: OperationId, id: string): boolean {
  const sent = key[1] as { readonly params?: { readonly id?: string } } | undefined
  return key[0] === operation && (sent?.params?.id === undefined || sent.params.id === id)
}

function withEvent(live: LiveRun, event: ApiRunEvent | 'forget'): LiveRun {
  if (event === 'forget') return nothing
  const { seq, at, kind, data } = event
  if (kind === 'progress') return { ...live, progress: data as RunProgress }
  const text = textOf(data)
  if (kind === 'step' && text !== undefined) {
    return { ...live, steps: [...live.steps, { seq, at, text }].slice(-mostSteps) }
  }
  if (kind === 'text' && text !== undefined) return { ...live, text: (live.text + text).slice(-mostText) }
  // The script is there: what the model wrote is read from its file.
  return kind === 'generated' ? { ...live, text: '' } : live
}

function textOf(data: unknown): string | undefined {
  return (data as { readonly text?: string } | null)?.text
}
