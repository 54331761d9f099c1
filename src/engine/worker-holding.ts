import { GreenloopError } from '../domain/errors.ts'
import type { Lease } from '../domain/queue.ts'
import type { StoredRun, StoredTask } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'

/** A chunk that this worker holds. */
export interface Holding {
  readonly lease: Lease
  readonly run: StoredRun
  /** Tasks that have no result yet. */
  left: number
  /** `held`: results count. `idle`: its run is over, so nothing is written. `lost`: another worker has it. */
  state: 'held' | 'idle' | 'lost'
  /** Aborts when the chunk is lost. */
  readonly stop: AbortController
}

/** The chunks that a worker holds, and which task belongs to which. */
export interface Holdings {
  readonly all: ReadonlyMap<string, Holding>
  /** Tasks without a result, over all chunks. */
  readonly left: number
  /** Takes a chunk in. Whoever gets one again had lost it before. */
  add(lease: Lease, run: StoredRun, tasks: readonly StoredTask[]): Holding
  /** The chunk of a task. Throws `internal` for a task of none. */
  of(task: Task): Holding
  /** Counts a task of it as over; only while it is held. */
  finish(holding: Holding): void
  /** Its run is over: nothing more is written, and the chunk can be settled; only while it is held. */
  retire(holding: Holding): void
  /** The chunk is with somebody else: its handlers are aborted and what they give is dropped. Not where it is removed. */
  lose(holding: Holding): void
  /** The chunk is done, put back or lost. */
  remove(holding: Holding): void
}

/** An empty set of chunks; `onLost` is told of each that is lost. */
export function createHoldings(onLost: (holding: Holding) => void): Holdings {
  const all = new Map<string, Holding>()
  const owners = new WeakMap<Task, Holding>()
  let left = 0
  const remove = (holding: Holding): boolean => {
    if (all.get(holding.lease.jobId) !== holding) return false
    all.delete(holding.lease.jobId)
    left -= holding.left
    return true
  }
  const lose = (holding: Holding): void => {
    if (!remove(holding)) return
    holding.state = 'lost'
    onLost(holding)
    holding.stop.abort(new Error('another worker has taken this chunk over'))
  }
  return {
    all,
    get left() {
      return left
    },
    add(lease, run, tasks) {
      const earlier = all.get(lease.jobId)
      if (earlier !== undefined) lose(earlier)
      const holding: Holding = { lease, run, left: tasks.length, state: 'held', stop: new AbortController() }
      for (const task of tasks) owners.set(task, holding)
      all.set(lease.jobId, holding)
      left += tasks.length
      return holding
    },
    of(task) {
      const holding = owners.get(task)
      if (holding === undefined) throw new GreenloopError('internal', `task ${task.id} belongs to no chunk`)
      return holding
    },
    finish(holding) {
      holding.left--
      left--
    },
    retire(holding) {
      holding.state = 'idle'
      left -= holding.left
      holding.left = 0
    },
    lose,
    remove,
  }
}
