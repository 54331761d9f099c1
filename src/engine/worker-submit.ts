import { GreenloopError } from '../domain/errors.ts'
import type { LeaseQueue, SharedStore } from '../domain/queue.ts'
import type { NewRun, RunOwner, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { chunksOf, chunkSizeFor, policyOf } from './worker-chunks.ts'

/** What a run is handed to. */
export interface SubmitParts {
  readonly store: RunStore & SharedStore
  readonly queue: LeaseQueue
  readonly clock: { monotonic(): number }
  /** How long a task is expected to take; decides on the size of chunks. Less than a second unless set. */
  readonly expectedTaskMs?: number | undefined
}

/** Owner of every run that is carried out by workers, whichever they are. */
export const sharedOwner: RunOwner = { host: 'workers', pid: 0, token: 'shared' }

/** So long without a sign of a coordinator or submitter, and a run is nobody's. */
export const runLeaseMs = 30_000

/** Tasks that are stored in one transaction with their chunks; the same on every try, so that pages are known again. */
const pageSize = 1024

/** Whether workers carry a run out, and not one process on its own. */
export function isShared({ owner }: StoredRun): boolean {
  return owner?.host === sharedOwner.host
}

/**
 * Hands a run to the workers, page by page: they begin with the first while the last is still on its way. The same run
 * again goes on where the last try stopped and adds nothing twice. Throws `run_conflict` where the id is taken by
 * another run or a process works on it on its own.
 */
export async function submitRun(
  parts: SubmitParts,
  run: NewRun,
  tasks: Iterable<Task> | AsyncIterable<Task>,
): Promise<StoredRun> {
  const { store } = parts
  const created = await store.create(run)
  if (created.taskCount !== undefined || created.finishedAt !== undefined) return created
  const claimed = (await store.claim(run.id, sharedOwner, runLeaseMs)) ?? (await store.find(run.id))
  if (claimed === undefined || !isShared(claimed))
    throw new GreenloopError('run_conflict', `another process works on run ${run.id} on its own`)
  const count = await admitAll({ ...parts, run: claimed }, tasks)
  await store.seal(run.id, count)
  await store.notify(run.id)
  return { ...claimed, taskCount: count }
}

interface Admission extends SubmitParts {
  readonly run: StoredRun
}

async function admitAll(parts: Admission, tasks: Iterable<Task> | AsyncIterable<Task>): Promise<number> {
  const { store, clock, run } = parts
  let page: Task[] = []
  let count = 0
  let renewedAt = clock.monotonic()
  const admit = async (): Promise<void> => {
    if (page.length === 0) return
    await admitPage(parts, count - page.length, page)
    if (count === page.length) await store.notify(run.id)
    page = []
    if (clock.monotonic() - renewedAt < runLeaseMs / 3) return
    renewedAt = clock.monotonic()
    await store.renew(run.id, run.epoch, runLeaseMs)
  }
  for await (const task of tasks) {
    page.push(task)
    count++
    if (page.length === pageSize) await admit()
  }
  await admit()
  return count
}

async function admitPage(parts: Admission, firstSeq: number, tasks: readonly Task[]): Promise<void> {
  const { store, queue, run, expectedTaskMs = 0 } = parts
  const chunkSize = chunkSizeFor(expectedTaskMs)
  const range = { runId: run.id, from: firstSeq, to: firstSeq + tasks.length, policy: policyOf(run), chunkSize }
  await store.transaction(async (tx) => {
    const isNew = await store.admit({ runId: run.id, firstSeq, tasks }, tx)
    // A page that is known has its chunks, or had them: they were stored in the same transaction.
    if (isNew) await queue.put(chunksOf(range), tx)
  })
}
