import { loadTrial } from '../config/trial-file.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RunConclusion, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Handler, Task, TaskResult } from '../domain/task.ts'
import { trialSchema } from '../domain/trial.ts'
import type { Trial } from '../domain/trial.ts'
import { carryOut, submitTasks } from '../engine/recorded.ts'
import { now, sleep, systemClock } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { stubHandler } from '../workflows/stub.ts'
import { leaseMs } from './recording.ts'
import { checkedRunId } from './run-folder.ts'
import { isShared, namedStore, openRunStore, thisProcess } from './store.ts'
import { submitShared, watchShared } from './shared.ts'
import type { Surroundings } from './surroundings.ts'

/** A trial run: its manifest, and what the command line says beyond it. */
export interface TrialInput {
  /** Manifest file, relative to the working folder. */
  readonly manifest?: string | undefined
  readonly overrides?: TrialOverrides | undefined
  readonly runId?: string | undefined
  /** On a shared database: hands the run to the workers and does not wait for it. */
  readonly detach?: boolean | undefined
}

/** Values that go before the manifest, each by the names of its part. */
interface TrialOverrides {
  readonly tasks?: number | undefined
  readonly stub?: Readonly<Record<string, unknown>> | undefined
  readonly execution?: Readonly<Record<string, unknown>> | undefined
  readonly retry?: Readonly<Record<string, unknown>> | undefined
  readonly rateLimit?: Readonly<Record<string, unknown>> | undefined
  readonly stop?: Readonly<Record<string, unknown>> | undefined
}

/** A trial run that is over, or was handed in. */
export interface TrialResult {
  readonly run: StoredRun
  readonly conclusion?: RunConclusion | undefined
}

/** What stands in the store of a trial run. */
interface TrialRecord {
  readonly stub: Trial['stub']
}

/** Runs tasks that a stub works on: on this machine, or by the workers of a shared database. */
export async function runTrial(
  input: TrialInput,
  where: Surroundings,
  onResult?: (result: TaskResult) => void,
): Promise<TrialResult> {
  const trial = await readTrial(input, where)
  const id = checkedRunId(input.runId) ?? createRunId(new Date(now()))
  const record: TrialRecord = { stub: trial.stub }
  const run = { id, kind: 'trial', title: trial.title, input: record, policy: trial.execution } as const
  const at = await namedStore(where)
  where.onRun?.(id, '')
  if (isShared(at)) {
    const stored = await submitShared(at, run, tasksOf(trial))
    return input.detach ? { run: stored } : watchShared(at, id, where)
  }
  const store = await openRunStore(at)
  try {
    const stored = await submitTasks(store, run, tasksOf(trial))
    if (stored.state !== 'queued' && stored.state !== 'running') return { run: stored }
    return await carryOutTrial(store, id, { where, onResult })
  } finally {
    await store.close()
  }
}

/** Claims a stored trial run and works on what is unfinished of it. Throws `run_conflict` where another process does. */
export async function carryOutTrial(
  store: RunStore,
  id: string,
  { where, onResult }: { readonly where: Surroundings; readonly onResult?: ((result: TaskResult) => void) | undefined },
): Promise<TrialResult> {
  const run = await store.claim(id, thisProcess(), leaseMs)
  if (run === undefined) {
    throw new GreenloopError('run_conflict', `another process works on the run ${id}`, {
      help: `greenloop runs show ${id}`,
    })
  }
  const parts = { store, clock: systemClock, leaseMs }
  const options = { signal: where.signal, onResult }
  const conclusion = await carryOut(run, trialHandler(run), { parts, options })
  return { run: (await store.find(id)) ?? run, conclusion }
}

/** What works on the tasks of a trial run. */
export function trialHandler({ input }: Pick<StoredRun, 'input'>): Handler {
  return stubHandler((input as TrialRecord).stub, { sleep })
}

async function readTrial({ manifest, overrides = {} }: TrialInput, { cwd }: Surroundings): Promise<Trial> {
  const base = manifest === undefined ? trialSchema.parse({}) : await loadTrial(cwd, manifest)
  const { tasks = base.tasks, stub, execution, retry, rateLimit, stop } = overrides
  const policy = base.execution
  const merged = trialSchema.safeParse({
    ...base,
    tasks,
    stub: { ...base.stub, ...given(stub) },
    execution: {
      ...policy,
      ...given(execution),
      retry: { ...policy.retry, ...given(retry) },
      stop: { ...policy.stop, ...given(stop) },
      ...(policy.rateLimit === undefined && given(rateLimit) === undefined
        ? {}
        : { rateLimit: { ...policy.rateLimit, ...given(rateLimit) } }),
    },
  })
  if (merged.success) return merged.data
  const problems = merged.error.issues.map(({ path, message }) => ({ message: `\`${path.join('.')}\`: ${message}` }))
  throw new GreenloopError('usage_invalid', 'the trial cannot be run as it is', { problems })
}

/** The members that were given, or nothing where none was. */
function given(values: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | undefined {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function* tasksOf({ tasks }: Trial): Generator<Task> {
  if (typeof tasks === 'number') {
    for (let index = 1; index <= tasks; index++) yield { id: `task-${index}`, payload: {} }
    return
  }
  for (const { id, timeoutSeconds, weight, ...payload } of tasks) {
    yield { id, payload, weight, ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }) }
  }
}
