import { join } from 'node:path'
import { comparisonSchema } from '../domain/api-experiment.ts'
import type { ApiComparison } from '../domain/api-experiment.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { monotonic } from '../lib/clock.ts'
import { readSafely } from '../lib/files.ts'
import { camelKeys } from '../lib/snake-keys.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { countTrials } from './experiment-view-compare.ts'
import { experimentRun } from './experiment-view.ts'
import type { ServiceContext } from './service-context.ts'
import { isOver } from './standing.ts'
import { createThreads } from './threads.ts'

/** Milliseconds between two comparisons of a run that goes on; longer where one takes long. */
const restMs = 5000
const restShare = 10
/** Comparisons that are remembered. */
const mostKept = 100
const mostBytes = 32 * 1024 * 1024

/** An experiment and where it is kept. */
export interface ComparisonTask {
  readonly storeAt: string
  readonly runId: string
}

interface Known {
  readonly answer: ApiComparison
  readonly restUntil: number
}

interface Comparing {
  readonly known: Map<string, Known>
  readonly going: Map<string, Promise<ApiComparison>>
}

/** An experiment of a million trials takes some minutes. */
const mostMs = 15 * 60_000

const threads = createThreads<ComparisonTask, ApiComparison>({
  module: new URL('experiment-view-worker', import.meta.url),
  most: 1,
  waitMs: 60_000,
  heapMb: 2048,
  late: (what) =>
    new GreenloopError('budget_reached', `the variants take too much ${what} to be compared here`, {
      help: 'greenloop experiment compare ID has no limit',
    }),
})

const comparing = new WeakMap<RunStore, Comparing>()

/** What an experiment concludes, as far as it has come. Throws `run_unknown`. */
export async function experimentComparison(
  service: Pick<ServiceContext, 'store' | 'storeAt' | 'where'>,
  id: string,
): Promise<ApiComparison> {
  const run = await experimentRun(service, id)
  const state = comparing.get(service.store) ?? { known: new Map(), going: new Map() }
  comparing.set(service.store, state)
  const known = state.known.get(run.id)
  const isNew = known !== undefined && known.answer.isFinal === isOver(run) && monotonic() < known.restUntil
  if (isNew) return known.answer
  const start = (): Promise<ApiComparison> => state.going.get(run.id) ?? compare(service, run, state)
  const going = start()
  // A run that goes on is not waited for twice.
  if (known !== undefined && !isOver(run)) {
    going.catch(() => {})
    return known.answer
  }
  const answer = await going
  // What was under way already may have begun before the run was over.
  return isOver(run) && !answer.isFinal ? start() : answer
}

function compare(
  service: Pick<ServiceContext, 'storeAt' | 'where'>,
  run: StoredRun,
  state: Comparing,
): Promise<ApiComparison> {
  const work = async (): Promise<ApiComparison> => {
    const read = isOver(run) ? await readReport(run) : undefined
    const begun = monotonic()
    const answer = read ?? (await inThread(service, run.id))
    const end = monotonic()
    const restUntil = answer.isFinal ? Number.POSITIVE_INFINITY : end + Math.max(restMs, (end - begun) * restShare)
    state.known.delete(run.id)
    state.known.set(run.id, { answer, restUntil })
    const [oldest] = state.known.keys()
    if (state.known.size > mostKept && oldest !== undefined) state.known.delete(oldest)
    return answer
  }
  const going = work().finally(() => state.going.delete(run.id))
  state.going.set(run.id, going)
  return going
}

function inThread(
  { storeAt, where }: Pick<ServiceContext, 'storeAt' | 'where'>,
  runId: string,
): Promise<ApiComparison> {
  return threads.run({ storeAt, runId }, { ms: mostMs, signal: where.signal })
}

/** What the run itself has concluded, where its folder is still there. */
async function readReport({ folder, input }: StoredRun): Promise<ApiComparison | undefined> {
  if (folder === undefined) return undefined
  const read = await readSafely(join(folder, 'comparison.json'), mostBytes).catch(() => undefined)
  if (read?.kind !== 'file') return undefined
  try {
    const value = JSON.parse(read.data.toString()) as { readonly winners?: unknown }
    // Workflows are keys of the winners, and keep their names.
    const whole = { ...(camelKeys(value) as object), winners: value.winners, isFinal: true }
    const parsed = comparisonSchema.omit({ trials: true }).parse(whole)
    return { ...parsed, trials: countTrials(input as ExperimentRecord, parsed.summaries) }
  } catch {
    return undefined
  }
}
