import { hostname } from 'node:os'
import type { RunState, StoredRun } from '../domain/stored-run.ts'
import { now } from '../lib/clock.ts'
import { isAlive } from '../lib/process-tree.ts'

/** Where a run is as people see it. */
export type Standing = RunState | 'interrupted'

/** The state of a run; `interrupted` where it is running by its record and its owner is gone. */
export function standing(run: StoredRun): Standing {
  if (run.state !== 'running' || run.owner === undefined) return run.state
  const isHere = run.owner.host === hostname()
  if (isHere && !isAlive(run.owner.pid)) return 'interrupted'
  return (run.leaseUntil ?? 0) < now() ? 'interrupted' : 'running'
}

/** Whether a run has reached its end. */
export function isOver({ state }: StoredRun): boolean {
  return state === 'finished' || state === 'failed' || state === 'cancelled'
}
