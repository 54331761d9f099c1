import type { StoredRun } from '../domain/stored-run.ts'
import type { TaskOutcome, TaskVerdict, VerdictCounts } from '../domain/task-verdict.ts'
import type { ServiceContext } from './service-context.ts'
import { failedOf, testOf } from './task-shapes.ts'

/** A failed or flaky test as the history keeps it. */
export interface PastFailure {
  readonly seq: number
  readonly id: string
  readonly verdict: TaskVerdict
  readonly fingerprint: string
  readonly type: string
  readonly message: string
}

/** What the history has read of a run that is over; it never changes. */
export interface PastRun {
  readonly run: StoredRun
  readonly counts: VerdictCounts
  /** At most {@link mostFailures}. */
  readonly failures: readonly PastFailure[]
}

/** Failures of a run that are read; the others are only counted. */
const mostFailures = 2_000
const pageSize = 200
/** Runs whose failures stay in memory. */
const mostKept = 400
const maxMessage = 500

const ended = ['finished', 'failed', 'cancelled'] as const
const kept = new WeakMap<ServiceContext['store'], Map<string, Promise<PastRun>>>()

/** The newest runs of tests that are over, newest first. */
export function endedRuns(
  { store }: ServiceContext,
  { title, limit }: { readonly title?: string | undefined; readonly limit: number },
): Promise<readonly StoredRun[]> {
  return store.list({ kinds: ['execute', 'pipeline'], states: ended, title, limit })
}

/** What is known of an ended run; read once, then kept. */
export function readPast({ store }: ServiceContext, run: StoredRun): Promise<PastRun> {
  const known = kept.get(store) ?? new Map<string, Promise<PastRun>>()
  kept.set(store, known)
  const there = known.get(run.id)
  known.delete(run.id)
  const past = there ?? read(store, run)
  known.set(run.id, past)
  past.catch(() => known.delete(run.id))
  const [oldest] = known.keys()
  if (known.size > mostKept && oldest !== undefined) known.delete(oldest)
  return past
}

async function read(store: ServiceContext['store'], run: StoredRun): Promise<PastRun> {
  const counts = await store.views.verdicts(run.id)
  const failures: PastFailure[] = []
  const verdicts: readonly TaskVerdict[] = ['failed', 'errored', 'flaky']
  for (let afterSeq = -1; failures.length < mostFailures;) {
    const page = await store.views.tasks(run.id, { afterSeq, limit: pageSize, verdicts })
    for (const task of page) {
      const failed = failedOf(testOf(task))
      if (failed === undefined) continue
      const { fingerprint, failure } = failed
      const { seq, id, verdict } = task
      failures.push({
        seq,
        id,
        verdict,
        fingerprint,
        type: failure.type,
        message: failure.message.slice(0, maxMessage),
      })
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) break
    afterSeq = last.seq
  }
  return { run, counts, failures }
}

const outcomePage = 5_000
const mostOutcomes = 1_000_000

/** Every outcome of a run, by id. */
export async function outcomesById({ store }: ServiceContext, runId: string): Promise<Map<string, TaskOutcome>> {
  const byId = new Map<string, TaskOutcome>()
  for (let afterSeq = -1; byId.size < mostOutcomes;) {
    const page = await store.views.outcomes({ runIds: [runId], afterSeq, limit: outcomePage })
    for (const outcome of page) byId.set(outcome.id, outcome)
    const last = page.at(-1)
    if (last === undefined || page.length < outcomePage) break
    afterSeq = last.seq
  }
  return byId
}
