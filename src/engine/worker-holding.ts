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
  add(lease: Lease, run: StoredRun, tasks: readonly StoredTask[]): Holding
  of(task: Task): Holding
  /** Counts a task of it as over. */
  finish(holding: Holding): void
  /** Its run is over: nothing more is written, and the chunk can be settled. */
  retire(holding: Holding): void
  /** The chunk is with somebody else: its handlers are aborted and what they give is dropped. */
  lose(holding: Holding): void
  /** The chunk is done, put back or lost. */
  remove(holding: Holding): void
}

/** An empty set of chunks; `onLost` is told of each that is lost. */
export function createHoldings(onLost: (holding: Holding) => void): Holdings {
  const all = new Map<string, Holding>()
  const owners = new WeakMap<Task, Holding>()
  let left = 0
  const remove = (holding: Holding): void => {
    if (all.get(holding.lease.jobId) !== holding) return
    all.delete(holding.lease.jobId)
    left -= holding.left
  }
  return {
    all,
    get left() {
      return left
    },
    add(lease, run, tasks) {
      const holding: Holding = { lease, run, left: tasks.length, state: 'held', stop: new AbortController() }
      for (const task of tasks) owners.set(task, holding)
      all.set(lease.jobId, holding)
      left += tasks.length
      return holding
    },
    of(task) {
      const holding = owners.get(task)
      if (holding === undefined) throw new TypeError(`task ${task.id} belongs to no chunk`)
      return holding
    },
    finish(holding) {
      holding.left--
      if (all.get(holding.lease.jobId) === holding) left--
    },
    retire(holding) {
      holding.state = 'idle'
      if (all.get(holding.lease.jobId) === holding) left -= holding.left
      holding.left = 0
    },
    lose(holding) {
      if (holding.state === 'lost') return
      holding.state = 'lost'
      remove(holding)
      onLost(holding)
      holding.stop.abort(new Error('another worker has taken this chunk over'))
    },
    remove,
  }
}
