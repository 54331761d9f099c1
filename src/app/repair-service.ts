import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { RunEvent, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { RepairEnd, RepairState } from '../domain/repair.ts'
import { sha256 } from '../lib/hash.ts'
import { withDotEnv } from './dot-env.ts'
import { goOnWith, handInRepair, readRepair } from './repair.ts'
import type { RepairOverrides } from './repair.ts'
import { lastState } from './repair-carry.ts'
import type { KnownState } from './repair-carry.ts'
import { playManualJob } from './repair-gate.ts'
import { readSettings } from './settings.ts'
import { isOver, standing } from './standing.ts'
import type { Standing } from './standing.ts'
import { findRun, namedStore, openRunStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** A file that a caller brings along. */
interface BroughtFile {
  readonly path: string
  readonly content: Uint8Array
  readonly executable: boolean
}

/** A wish for a repair. */
export interface StartWish {
  readonly idempotencyKey: string
  readonly overrides: RepairOverrides
  readonly files: readonly BroughtFile[]
}

/** A repair as it stands, for other programs. */
export interface RepairView {
  readonly run: StoredRun
  readonly standing: Standing
  readonly state?: RepairState | undefined
}

/** What has become of the systems that repairs depend on. */
type OnDependency = (name: 'gitlab' | 'llm', isServing: boolean) => void

/** Repairs, started and watched by other programs. */
export interface RepairService {
  /** The same key gives the same run. Throws `budget_reached` where as many run as may. */
  start(wish: StartWish): Promise<RepairView>
  get(id: string): Promise<RepairView>
  list(limit: number, before?: { readonly createdAt: number; readonly id: string }): Promise<readonly RepairView[]>
  events(id: string, afterSeq: number): Promise<readonly RunEvent[]>
  cancel(id: string, reason: string): Promise<RepairView>
  /** Starts a manual job of the pipeline that a run waits for. Throws `run_conflict` where there is none of this name. */
  playGate(id: string, job: string): Promise<string>
  /** Ends what runs, in order, and closes. */
  close(): Promise<void>
}

/** How a service is set up. */
export interface ServiceOptions {
  /** Configuration that every run starts from. */
  readonly config: string
  /** Runs at a time. */
  readonly concurrency: number
  readonly onDependency: OnDependency
}

const eventPage = 100
const mostFileBytes = 10 * 1024 * 1024

/** Opens the service on the store of the settings. Runs that were broken off go on. */
export async function openRepairService(options: ServiceOptions, around: Surroundings): Promise<RepairService> {
  const where = await withDotEnv(around)
  await readRepair({ config: options.config }, where)
  const at = await namedStore(where)
  const store = await openRunStore(at)
  const stop = new AbortController()
  const working = new Map<string, Promise<unknown>>()
  const starting = new Map<string, Promise<RepairView>>()
  const viewOf = views(store)
  const within = { ...where, signal: stop.signal }
  const begin = (id: string): void => {
    const done = carry(store, id, { options, where: within }).finally(() => working.delete(id))
    working.set(id, done)
  }
  for (const run of await store.list({ kinds: ['repair'], states: ['queued', 'running'], limit: 100 })) {
    if (standing(run) !== 'running' && isOfService(run)) begin(run.id)
  }
  const startNew = async (id: string, wish: StartWish): Promise<RepairView> => {
    const known = await store.find(id)
    if (known !== undefined) return viewOf(known)
    // This one is among those that are starting.
    refuseFull(working.size + starting.size - 1, options.concurrency)
    const run = await handIn(id, wish, { store, config: options.config, where: within })
    begin(id)
    return viewOf(run)
  }
  return {
    start: (wish) => {
      const id = `grpc-${sha256(wish.idempotencyKey).slice(0, 20)}`
      // Two callers with one key at the same time wait for the same run.
      const started = starting.get(id) ?? startNew(id, wish).finally(() => starting.delete(id))
      starting.set(id, started)
      return started
    },
    get: async (id) => viewOf(await repairRun(store, id)),
    list: async (limit, before) => Promise.all((await store.list({ kinds: ['repair'], limit, before })).map(viewOf)),
    events: async (id, afterSeq) => store.events(id, afterSeq, eventPage),
    cancel: async (id, reason) => {
      const run = await repairRun(store, id)
      return viewOf(
        isOver(run) ? run : await store.requestCancel(run.id, reason === '' ? 'cancelled by a caller' : reason),
      )
    },
    playGate: async (id, job) => {
      const run = await repairRun(store, id)
      const read = () => readRepair({ config: options.config }, within)
      const jobUrl = await playManualJob(await viewOf(run), job, { read, where: within })
      // One that ended at the gate goes on behind it.
      if (standing(run) === 'interrupted' && isOfService(run) && !working.has(run.id)) begin(run.id)
      return jobUrl
    },
    close: async () => {
      // As if another process took them over: they stay open, and go on when the service is back.
      stop.abort(new GreenloopError('lease_lost', 'the service was stopped'))
      await Promise.allSettled(working.values())
      await store.close()
    },
  }
}

/** Runs of the command line belong to whoever started them. */
function isOfService({ id }: StoredRun): boolean {
  return id.startsWith('grpc-')
}

async function repairRun(store: RunStore, id: string): Promise<StoredRun> {
  const run = await findRun(store, id)
  if (run.kind === 'repair') return run
  throw new GreenloopError('run_unknown', `there is no repair \`${id}\``)
}

function refuseFull(running: number, most: number): void {
  if (running < most) return
  throw new GreenloopError('budget_reached', `${running} repairs are running, which is as many as may`, {
    help: 'try again when one of them is over',
  })
}

/** Puts a run on record, with the files that the caller brought. */
async function handIn(
  id: string,
  { overrides, files }: StartWish,
  { store, config, where }: { readonly store: RunStore; readonly config: string; readonly where: Surroundings },
): Promise<StoredRun> {
  const brought = files.length === 0 ? undefined : resolve(where.cwd, '.greenloop', 'incoming', id)
  if (brought !== undefined) await writeBrought(brought, files)
  await forgetFolder(id, where)
  const given = { ...overrides, ...(brought === undefined ? {} : { aiWorkDir: brought }) }
  return handInRepair({ config, overrides: given, runId: id }, { store, where })
}

/** Runs whose last state is remembered. */
const mostRemembered = 200

/** Gives the view of a run; of the events that were read for it before, none is read again. */
function views(store: RunStore): (run: StoredRun) => Promise<RepairView> {
  const seen = new Map<string, KnownState>()
  return async (run) => {
    const known = await lastState(store, run.id, seen.get(run.id))
    seen.delete(run.id)
    seen.set(run.id, known)
    const [oldest] = seen.keys()
    if (seen.size > mostRemembered && oldest !== undefined) seen.delete(oldest)
    return { run, standing: standing(run), state: known.state }
  }
}

/** A service that died between making the folder and putting the run on record has left it empty. */
async function forgetFolder(id: string, where: Surroundings): Promise<void> {
  const { settings } = await readSettings(where)
  await rmdir(resolve(where.cwd, settings.artifacts, id)).catch(() => {})
}

interface Serving {
  readonly options: ServiceOptions
  readonly where: Surroundings
}

/** What a run says about the systems it depends on, by its end. */
const verdicts: Readonly<Partial<Record<RepairEnd, readonly [name: 'gitlab' | 'llm', isServing: boolean]>>> = {
  succeeded: ['llm', true],
  gave_up: ['llm', true],
  llm_unavailable: ['llm', false],
}

/** Carries a run out; what goes wrong with it stands on its record. */
async function carry(store: RunStore, id: string, { options, where }: Serving): Promise<void> {
  try {
    const { end } = await goOnWith(store, id, where)
    const said = verdicts[end]
    if (said !== undefined) options.onDependency(...said)
    options.onDependency('gitlab', true)
  } catch (error) {
    where.onStep?.(`${id}: ${error instanceof Error ? error.message : String(error)}`)
    if (error instanceof GreenloopError && error.code.startsWith('forge_')) options.onDependency('gitlab', false)
  }
}

async function writeBrought(folder: string, files: readonly BroughtFile[]): Promise<void> {
  for (const { path, content, executable } of files) {
    const isPlain =
      path !== '' &&
      !path.includes('\0') &&
      !path.startsWith('/') &&
      path.split(/[\\/]/u).every((part) => !['', '.', '..'].includes(part))
    if (!isPlain || content.byteLength > mostFileBytes) {
      throw new GreenloopError('usage_invalid', `the file \`${path}\` cannot be brought in`, {
        help: `a relative path without \`..\`, and at most ${mostFileBytes} bytes`,
      })
    }
    const target = join(folder, ...path.split(/[\\/]/u))
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content, { mode: executable ? 0o755 : 0o644 })
  }
}
