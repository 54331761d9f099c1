import { setImmediate as othersTurn } from 'node:timers/promises'
import { loadTrial } from '../config/trial-file.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { NewRun, RunConclusion, RunStore, StoredRun } from '../domain/stored-run.ts'
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
import { isOver } from './standing.ts'
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
  /** Number of tasks, where the manifest does not list them; then all of them can be made again. */
  readonly tasks?: number | undefined
}

/** Runs tasks that a stub works on: on this machine, or by the workers of a shared database. */
export async function runTrial(
  input: TrialInput,
  where: Surroundings,
  onResult?: (result: TaskResult) => void,
): Promise<TrialResult> {
  const trial = await readTrial(input, where)
  const id = checkedRunId(input.runId) ?? createRunId(new Date(now()))
  const record: TrialRecord = { stub: trial.stub, ...(typeof trial.tasks === 'number' ? { tasks: trial.tasks } : {}) }
  const run = { id, kind: 'trial', title: trial.title, input: record, policy: trial.execution } as const
  const at = await namedStore(where)
  if (input.detach && !isShared(at)) {
    throw new GreenloopError('usage_invalid', 'a run can be detached only on a shared database', {
      why: `the store is \`${at}\`, and only this process would work on it`,
      help: 'greenloop trial --detach --database postgres://user@host/database',
    })
  }
  where.onRun?.(id, '')
  if (isShared(at)) {
    const stored = await submitShared(at, run, tasksOf(trial))
    return input.detach ? { run: stored } : watchShared(at, id, where)
  }
  const store = await openRunStore(at)
  try {
    const stored = await handIn(store, run, { tasks: tasksOf(trial), signal: where.signal })
    return isOver(stored) ? { run: stored } : await carryOutTrial(store, id, { where, onResult })
  } finally {
    await store.close()
  }
}

/**
 * Goes on with a trial run that was broken off. One whose process died before all tasks were handed in gets the rest of
 * them first. Throws `run_conflict` where they are not known any more, and where another process works on the run.
 */
export async function resumeTrial(
  store: RunStore,
  run: StoredRun,
  { where, onResult }: { readonly where: Surroundings; readonly onResult?: ((result: TaskResult) => void) | undefined },
): Promise<TrialResult> {
  if (run.taskCount === undefined) {
    const tasks = tasksOf({ tasks: knownTasks(run) })
    const { id, kind, title, input, policy } = run
    const asked = { id, kind, title, input, policy }
    const at = await namedStore(where)
    if (isShared(at)) {
      await submitShared(at, asked, tasks)
      return watchShared(at, id, where)
    }
    const stored = await handIn(store, asked, { tasks, signal: where.signal })
    if (isOver(stored)) return { run: stored }
  }
  return carryOutTrial(store, run.id, { where, onResult })
}

function knownTasks({ id, input }: StoredRun): number {
  const { tasks } = input as TrialRecord
  if (tasks !== undefined) return tasks
  throw new GreenloopError('run_conflict', `not all tasks of the run ${id} were handed in before its process ended`, {
    why: 'its manifest lists them, and the record holds only those that came',
    help: `give the command of the run again, with --run-id ${id}`,
  })
}

interface HandingIn {
  readonly tasks: Iterable<Task>
  readonly signal: AbortSignal
}

/** Keeps a run with all its tasks. Gives the run as it ended where it was cancelled meanwhile, from here or elsewhere. */
async function handIn(store: RunStore, run: NewRun, { tasks, signal }: HandingIn): Promise<StoredRun> {
  await store.create(run)
  try {
    return await submitTasks(store, run, interruptible(tasks, signal))
  } catch (error) {
    if (error === signal.reason) return store.requestCancel(run.id, 'the command was interrupted')
    const there = await store.find(run.id)
    if (there?.state === 'cancelled') return there
    throw error
  }
}

/** Tasks between two looks at the signal. */
const taskRound = 1000

/** An embedded store answers without a pause, so that without one no signal would be heard before the last task. */
async function* interruptible(tasks: Iterable<Task>, signal: AbortSignal): AsyncGenerator<Task> {
  let count = 0
  for (const task of tasks) {
    if (++count % taskRound === 0) await othersTurn()
    if (signal.aborted) throw signal.reason
    yield task
  }
}

/** Claims a stored trial run and works on what is unfinished of it. Throws `run_conflict` where another process does. */
async function carryOutTrial(
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
  if (!merged.success) {
    const problems = merged.error.issues.map(({ path, message }) => ({ message: `\`${path.join('.')}\`: ${message}` }))
    throw new GreenloopError('usage_invalid', 'the trial cannot be run as it is', { problems })
  }
  refuseIds(merged.data)
  return merged.data
}

/** Ids that no store takes are refused before there is a run. Throws `manifest_invalid` with all of them. */
function refuseIds({ tasks }: Trial): void {
  if (typeof tasks === 'number') return
  const first = new Map<string, number>()
  const problems = tasks.flatMap(({ id }, index) => {
    const before = first.get(id)
    first.set(id, before ?? index)
    const at = `\`tasks.${index}.id\`: ${JSON.stringify(id)}`
    if (id.includes('\0') || !id.isWellFormed()) return [{ message: `${at} holds a zero byte or half of a character` }]
    return before === undefined ? [] : [{ message: `${at} is the id of \`tasks.${before}\` already` }]
  })
  if (problems.length === 0) return
  const count = problems.length === 1 ? 'a task has an id' : `${problems.length} tasks have ids`
  throw new GreenloopError('manifest_invalid', `${count} that cannot be kept`, { problems: problems.slice(0, 200) })
}

/** The members that were given, or nothing where none was. */
function given(values: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | undefined {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function* tasksOf({ tasks }: Pick<Trial, 'tasks'>): Generator<Task> {
  if (typeof tasks === 'number') {
    for (let index = 1; index <= tasks; index++) yield { id: `task-${index}`, payload: {} }
    return
  }
  for (const { id, timeoutSeconds, weight, ...payload } of tasks) {
    yield { id, payload, weight, ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }) }
  }
}
