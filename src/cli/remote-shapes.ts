import type { ApiRun, ApiRunEvent } from '../client/types.ts'
import type { ShownRun } from '../app/runs.ts'
import type { RunEvent } from '../domain/stored-run.ts'

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A run of the API in the form of the record, as far as it is told; times in epoch milliseconds. */
export function shownRun(run: ApiRun): Omit<ShownRun, 'input' | 'epoch'> & Pick<ShownRun, 'input' | 'epoch'> {
  const { id, kind, title, status, verdict, exitCode, reason, createdAt, startedAt, finishedAt, cancelRequested } = run
  const state = status === 'interrupted' ? 'running' : status
  const known = { verdict, exitCode, reason, cancelRequested, startedAt: ms(startedAt), finishedAt: ms(finishedAt) }
  return {
    id,
    kind,
    title,
    state,
    createdAt: Date.parse(createdAt),
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    standing: status,
    input: undefined,
    epoch: 0,
  }
}

/** An event of the API in the form of the record. */
export function shownEvent({ seq, at, kind, data }: ApiRunEvent): RunEvent {
  return { seq, at: Date.parse(at), kind, data }
}

function ms(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}
