import { resolve } from 'node:path'
import { loadRepair, refuseNameless } from '../config/repair-file.ts'
import type { RepairOverrides } from '../config/repair-file.ts'
import type { RepairSetup } from '../config/repair-setup.ts'
import { GreenloopError } from '../domain/errors.ts'
import { repairEnds } from '../domain/repair.ts'
import type { RepairResult, RepairState } from '../domain/repair.ts'
import type { NewRun, RunStore, StoredRun } from '../domain/stored-run.ts'
import { now } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { withDotEnv } from './dot-env.ts'
import { leaseMs } from './recording.ts'
import { carryOutRepair, lastState } from './repair-carry.ts'
import type { RepairAudience } from './repair-carry.ts'
import { checkedRunId, makeRunDir } from './run-folder.ts'
import { readSettings } from './settings.ts'
import { isOver, standing } from './standing.ts'
import type { Standing } from './standing.ts'
import { findRun, isShared, namedStore, openRunStore, thisProcess, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'
import { withRunSpan } from './telemetry.ts'
import type { RunSpan } from './telemetry.ts'

export type { RepairOverrides } from '../config/repair-file.ts'

/** A configuration, and what goes before it. */
export interface RepairInput {
  /** File, relative to the working folder. */
  readonly config: string
  readonly overrides?: RepairOverrides | undefined
  readonly runId?: string | undefined
  /** Who started it over the service; absent for the command line. */
  readonly by?: string | undefined
}

/** What a run of this kind keeps of its beginning; never a secret. */
interface StoredRepair {
  readonly config: string
  readonly overrides: RepairOverrides
  readonly project: string
  readonly by?: string | undefined
}

/** Reads a configuration with `.env` behind the environment; what is worth knowing of it is told. */
export async function readRepair({ config, overrides }: RepairInput, where: Surroundings): Promise<RepairSetup> {
  const { warnings, ...setup } = await loadRepair(config, { cwd: where.cwd, env: where.env, overrides })
  for (const warning of warnings) where.onStep?.(warning)
  return setup
}

/**
 * Repairs a project: pushes a branch, opens a merge request, watches the pipeline, and mends what fails in rounds, until it is
 * green or the budget is spent. Throws for what keeps it from starting or going on; every end of the loop is a value.
 */
export async function repair(
  input: RepairInput,
  audience: RepairAudience,
  around: Surroundings,
): Promise<RepairResult> {
  const where = await withDotEnv(around)
  const at = await namedStore(where)
  refuseShared(at)
  const setup = await readRepair(input, where)
  const store = await openRunStore(at)
  try {
    const { id } = await handInRepair(input, { store, where, setup })
    return await goOn(store, id, { setup, audience, where })
  } finally {
    await store.close()
  }
}

/** Puts a repair on record; from then on it can be resumed. */
export async function handInRepair(
  input: RepairInput,
  {
    store,
    where,
    setup: known,
  }: { readonly store: RunStore; readonly where: Surroundings; readonly setup?: RepairSetup },
): Promise<StoredRun> {
  const setup = known ?? (await readRepair(input, where))
  const project = refuseNameless(setup)
  const { settings } = await readSettings(where)
  const id = checkedRunId(input.runId) ?? createRunId(new Date(now()))
  const folder = resolve(where.cwd, settings.artifacts, id)
  const stored: StoredRepair = {
    config: setup.file,
    overrides: kept(input.overrides ?? {}, where.cwd),
    project,
    by: input.by,
  }
  const run: NewRun = { id, kind: 'repair', title: project, input: stored, folder }
  await makeRunDir(folder)
  const created = await store.create(run)
  where.onRun?.(id, folder)
  return created
}

/** What a repair on record is made from, as its configuration is now. Throws `repair_invalid`, `file_missing`. */
export function setupOf({ input }: StoredRun, where: Surroundings): Promise<RepairSetup> {
  const { config, overrides } = input as StoredRepair
  return readRepair({ config, overrides }, where)
}

/** Carries out a repair that is on record, with nobody to ask. */
export async function goOnWith(store: RunStore, id: string, where: Surroundings): Promise<RepairResult> {
  const run = await findRun(store, id)
  return resumeRepair(store, run, { audience: {}, where })
}

/** Overrides as they are stored: paths no longer depend on the working folder. */
function kept(overrides: RepairOverrides, cwd: string): RepairOverrides {
  const { repository } = overrides
  return repository === undefined ? overrides : { ...overrides, repository: resolve(cwd, repository) }
}

function refuseShared(at: string): void {
  if (!isShared(at)) return
  throw new GreenloopError('usage_invalid', 'repairs are recorded in an embedded store so far', {
    help: 'leave out --database, or name a file with --store',
  })
}

/** Goes on with a repair that was broken off: looks what is there already, and does the rest. */
export async function resumeRepair(
  store: RunStore,
  run: StoredRun,
  { audience, where: around }: { readonly audience: RepairAudience; readonly where: Surroundings },
): Promise<RepairResult> {
  const where = await withDotEnv(around)
  const setup = await setupOf(run, where)
  where.onRun?.(run.id, run.folder ?? '')
  return goOn(store, run.id, { setup, audience, where })
}

/** As {@link resumeRepair}, by the id of the run. Throws `run_unknown`, and `run_conflict` where it is over or is no repair. */
export async function resumeRepairById(
  id: string,
  audience: RepairAudience,
  where: Surroundings,
): Promise<RepairResult> {
  const store = await openRunStore(await namedStore(where))
  try {
    const run = await findRun(store, id)
    refuseOther(run)
    if (isOver(run)) {
      throw new GreenloopError('run_conflict', `the run ${run.id} is over: ${run.verdict ?? run.state}`, {
        help: `greenloop repair status ${run.id}`,
      })
    }
    return await resumeRepair(store, run, { audience, where })
  } finally {
    await store.close()
  }
}

async function goOn(
  store: RunStore,
  id: string,
  {
    setup,
    audience,
    where,
  }: { readonly setup: RepairSetup; readonly audience: RepairAudience; readonly where: Surroundings },
): Promise<RepairResult> {
  const run = await store.claim(id, thisProcess(), leaseMs)
  if (run === undefined) {
    throw new GreenloopError('run_conflict', `another process works on the run ${id}`, {
      help: `greenloop runs show ${id}`,
    })
  }
  const folder = run.folder ?? resolve(where.cwd, 'artifacts', id)
  const { project } = run.input as StoredRepair
  const work = async (span: RunSpan): Promise<RepairResult> => {
    const told = { ...audience, onEvent: telling(span, audience) }
    const state = await carryOutRepair({ store, run, setup, project, folder }, told, where)
    const end = state.end ?? 'gave_up'
    return { runId: id, end, exitCode: repairEnds[end], state, folder }
  }
  const ending = ({ end, exitCode }: RepairResult) => ({ state: 'finished' as const, verdict: end, exitCode })
  return withRunSpan({ id, kind: run.kind, title: run.title }, where.env, { work, ending })
}

/** Each step of a repair is an event of its span. */
function telling(span: RunSpan, { onEvent }: RepairAudience): NonNullable<RepairAudience['onEvent']> {
  return (event) => {
    if (event.kind === 'step') span.event('step', { text: event.text })
    onEvent?.(event)
  }
}

function refuseOther(run: StoredRun): void {
  if (run.kind === 'repair') return
  throw new GreenloopError('run_conflict', `the run ${run.id} is of kind ${run.kind}`, {
    help: `greenloop runs show ${run.id}`,
  })
}

/** A repair as it stands. */
export interface RepairStanding {
  readonly runId: string
  readonly standing: Standing
  readonly folder?: string | undefined
  readonly state?: RepairState | undefined
}

/** Where a repair stands. Throws `run_unknown`, and `run_conflict` where the run is no repair. */
export function repairStatus(id: string, where: Surroundings): Promise<RepairStanding> {
  return withStore(where, async (store) => {
    const run =
      id === 'latest'
        ? ((await store.list({ kinds: ['repair'], limit: 1 }))[0] ?? (await findRun(store, id)))
        : await findRun(store, id)
    refuseOther(run)
    return { runId: run.id, standing: standing(run), folder: run.folder, state: (await lastState(store, run.id)).state }
  })
}
