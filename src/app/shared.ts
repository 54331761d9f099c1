import { GreenloopError } from '../domain/errors.ts'
import type { NewRun, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { submitRun } from '../engine/worker-submit.ts'
import { monotonic, sleep, systemClock } from '../lib/clock.ts'
import { openPgBossQueue } from '../queue/pg-boss.ts'
import { openPostgresStore } from '../store/postgres.ts'
import { isOver } from './standing.ts'
import type { Surroundings } from './surroundings.ts'
import type { TrialResult } from './trial.ts'

/** Opens the shared store and its queue, and closes both. */
export async function withShared<T>(url: string, work: (shared: Shared) => Promise<T>): Promise<T> {
  const store = await openPostgresStore({ url })
  try {
    const queue = await openPgBossQueue({ url })
    try {
      await queue.start()
      return await work({ store, queue })
    } finally {
      await queue.stop()
    }
  } finally {
    await store.close()
  }
}

/** A shared store with its queue. */
export interface Shared {
  readonly store: Awaited<ReturnType<typeof openPostgresStore>>
  readonly queue: Awaited<ReturnType<typeof openPgBossQueue>>
}

/** Hands a run to the workers of a shared database. */
export function submitShared(url: string, run: NewRun, tasks: Iterable<Task>): Promise<StoredRun> {
  return withShared(url, (shared) => submitRun({ ...shared, clock: systemClock }, run, tasks))
}

const pollMs = 300
/** When nothing has begun by then, most likely nobody works on the queue. */
const hintAfterMs = 5000

/** Waits until the workers have ended a run; asks them to end it when the command is interrupted. */
export async function watchShared(url: string, id: string, where: Surroundings): Promise<TrialResult> {
  const store: RunStore = await openPostgresStore({ url })
  const begun = monotonic()
  let isHinted = false
  let isAsked = false
  const forever = new AbortController().signal
  try {
    for (;;) {
      const run = await store.find(id)
      if (run === undefined) throw new GreenloopError('run_unknown', `the run ${id} is no longer there`)
      if (isOver(run)) return { run, conclusion: { statistics: await store.counts(id) } }
      if (where.signal.aborted) {
        // Again and again: where no worker is there to hear it, the run ends when the claim on it has run out.
        isAsked = true
        await store.requestCancel(id, 'the command was interrupted')
      }
      if (!isHinted && monotonic() - begun > hintAfterMs) {
        isHinted = true
        await hint(store, id, where)
      }
      await sleep(pollMs, isAsked ? forever : where.signal).catch(() => {})
    }
  } finally {
    await store.close()
  }
}

async function hint(store: RunStore, id: string, { onStep }: Surroundings): Promise<void> {
  const { attempts } = await store.counts(id)
  if (attempts === 0) onStep?.('no task has begun: is a worker running? greenloop worker --database URL')
}
