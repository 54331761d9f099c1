import { GreenloopError } from '../domain/errors.ts'
import type { RunKind, StoredRun } from '../domain/stored-run.ts'
import type { Handler } from '../domain/task.ts'
import { runWorker } from '../engine/worker.ts'
import { systemClock } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { openService } from './service.ts'
import { withShared } from './shared.ts'
import { isShared, namedStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'
import { trialHandler } from './trial.ts'

/** Runs that are not over by then are taken up by somebody else. */
const drainMs = 10_000

/** How a worker works. */
export interface WorkerInput {
  /** Tasks at a time. */
  readonly slots: number
  /** Runs of the service that it carries out besides, side by side; its folder has to hold what they test. */
  readonly runs: number
  readonly log: (line: string) => void
}

/** A run of this kind is one piece of work with files of its own machine, so it is never cut up among workers. */
function wholeRun({ kind }: StoredRun): Handler {
  return () => {
    throw new GreenloopError('run_conflict', `runs of kind ${kind} are not carried out by workers`)
  }
}

const handlers = {
  trial: trialHandler,
  generate: wholeRun,
  execute: wholeRun,
  pipeline: wholeRun,
  experiment: wholeRun,
  repair: wholeRun,
} satisfies Record<RunKind, (run: StoredRun) => Handler>

/** Works for the runs of a shared database until the signal aborts, then hands back what it holds. */
export async function work({ slots, runs, log }: WorkerInput, where: Surroundings): Promise<void> {
  const url = await namedStore(where)
  if (!isShared(url)) {
    throw new GreenloopError('usage_invalid', 'a worker needs a shared database', {
      why: `the store is \`${url}\``,
      help: 'greenloop worker --database postgres://user@host/database',
    })
  }
  const service = runs === 0 ? undefined : await openService({ slots: runs, onStep: log }, where)
  try {
    await withShared(url, (shared) => {
      log(`working with ${slots} slots; SIGTERM ends it, and hands back what it holds`)
      return runWorker({ ...shared, handlers, slots, clock: systemClock, random, log }, where.signal)
    })
  } finally {
    await service?.close(drainMs)
  }
}
