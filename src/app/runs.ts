import { rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { RunEvent, RunFilter, RunStore, StoredResult, StoredRun, TaskCounts } from '../domain/stored-run.ts'
import { now, sleep } from '../lib/clock.ts'
import { eventsOf } from './earlier.ts'
import { isOver, standing } from './standing.ts'
import type { Standing } from './standing.ts'
import { findRun, hasStore, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** A run as people see it. */
export interface ShownRun extends StoredRun {
  /** Its state, or `interrupted` where nobody works on it any more. */
  readonly standing: Standing
}

/** A run with its counts and the tasks that did not succeed. */
export interface RunDetails {
  readonly run: ShownRun
  readonly counts: TaskCounts
  readonly failures: readonly StoredResult[]
}

/** Runs of the store, newest first. */
export async function listRuns(filter: RunFilter, where: Surroundings): Promise<readonly ShownRun[]> {
  // Before the first run there is no store, and that is no mistake unless one was named.
  if (where.flags?.store === undefined && !(await hasStore(where))) return []
  return withStore(where, async (store) => (await store.list(filter)).map(shown))
}

/** One run with its counts. Throws `run_unknown`. */
export function showRun(id: string, failuresShown: number, where: Surroundings): Promise<RunDetails> {
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    const states = ['failed', 'error', 'timeout'] as const
    const [counts, failures] = await Promise.all([
      store.counts(run.id),
      store.results(run.id, { afterSeq: -1, limit: failuresShown, states }),
    ])
    return { run: shown(run), counts, failures }
  })
}

/** Asks that a run ends. Throws `run_unknown`, and `run_conflict` where it is over already. */
export function cancelRun(id: string, where: Surroundings): Promise<ShownRun> {
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    if (isOver(run)) throw new GreenloopError('run_conflict', `the run ${run.id} is over already: ${run.state}`)
    const asked = await store.requestCancel(run.id, 'cancelled with greenloop runs cancel')
    if (asked.kind === 'experiment' && isOver(asked)) {
      const { removeLeftovers } = await import('./experiment-cancelled.ts')
      await removeLeftovers(asked, where)
    }
    return shown(asked)
  })
}

const followMs = 300

/** The events of a run from its beginning; with `follow`, until it is over. */
export async function followEvents(
  id: string,
  { follow, onEvent }: { readonly follow: boolean; readonly onEvent: (event: RunEvent) => void },
  where: Surroundings,
): Promise<ShownRun> {
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    let seq = 0
    for (;;) {
      // Read before the events, so that the last of them are not missed.
      const current = shown((await store.find(run.id)) ?? run)
      for await (const event of eventsOf(store, run.id, seq)) {
        seq = event.seq
        onEvent(event)
      }
      if (!follow || (current.standing !== 'running' && current.standing !== 'queued')) return current
      await sleep(followMs, where.signal)
    }
  })
}

/** What a pruning removes. */
export interface Pruning {
  readonly olderThanDays?: number | undefined
  readonly keep?: number | undefined
  readonly dryRun: boolean
  /** Also removes the folders of artifacts. */
  readonly artifacts: boolean
}

/** Removes ended runs; gives those it removed, or would remove. */
export function pruneRuns(
  { olderThanDays, keep, dryRun, artifacts }: Pruning,
  where: Surroundings,
): Promise<readonly StoredRun[]> {
  return withStore(where, async (store) => {
    const endedBefore = olderThanDays === undefined ? undefined : now() - olderThanDays * 86_400_000
    const removed = await store.prune({ endedBefore, keep, dryRun })
    if (artifacts && !dryRun) for (const run of removed) await removeFolder(run)
    return removed
  })
}

/** Only a folder that bears the name of its run is ours to remove. */
async function removeFolder({ id, folder }: StoredRun): Promise<void> {
  if (folder === undefined || basename(folder) !== id || dirname(folder) === folder) return
  await rm(folder, { recursive: true, force: true })
}

/** Looks for damage in the store; gives what is wrong, in words. */
export function checkStore(where: Surroundings): Promise<readonly string[]> {
  return withStore(where, (store: RunStore) => store.check())
}

function shown(run: StoredRun): ShownRun {
  return { ...run, standing: standing(run) }
}
