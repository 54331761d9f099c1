import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { StartOrder } from '../domain/api-start.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { now } from '../lib/clock.ts'
import { createRunId } from '../lib/ids.ts'
import { startedBy } from './carry.ts'
import type { CarriedOrder, GivenSuite } from './hand-in.ts'
import { chosenModel } from './models.ts'
import { checkedRunId } from './run-folder.ts'
import { runOf } from './run-view.ts'
import type { RunService, ServiceContext } from './service-context.ts'
import { refuseForeign } from './served-orders.ts'
import { findDocument } from './served-documents.ts'
import { isOver, standing } from './standing.ts'
import { suiteText } from './suites.ts'
import { superviseRuns } from './supervisor.ts'
import type { Supervisor } from './supervisor.ts'
import type { Flags } from './surroundings.ts'

/** The service before it has runs. */
export type ServiceBase = Omit<ServiceContext, 'runs'>

interface RunsOptions {
  readonly slots: number
  readonly isSandboxed: boolean
  /** Folder for texts that callers sent along, absolute. */
  readonly incoming: string
  readonly onStep: (text: string) => void
}

/** An order as it is kept, to be given again and to find its model's key. */
interface KeptOrder {
  readonly order: StartOrder
  readonly by: string
}

const orderKind = 'order'
/** An order is kept for so long. */
const orderMs = 90 * 86_400_000
/** Longer than it takes until an order is a run or refused. */
const handingInMs = 10 * 60_000

/** Runs of the service; see {@link RunService}. */
export async function openRuns(
  base: ServiceBase,
  options: RunsOptions,
): Promise<{
  readonly runs: RunService
  readonly drain: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}> {
  const listeners = new Set<(run: StoredRun) => void>()
  const changed = async (id: string): Promise<void> => {
    const run = await base.store.find(id)
    if (run !== undefined) for (const listener of listeners) listener(run)
    if (run !== undefined && isOver(run)) await rm(join(options.incoming, id), { recursive: true, force: true })
  }
  const tell = (id: string): void => void changed(id).catch(() => {})
  const supervisor = await superviseRuns({
    ...base,
    ...options,
    environmentOf: (id) => environmentOf(base, id),
    onGivenUp: (run) => cleanUp(run, base),
    onChange: tell,
  })
  const found = (id: string): Promise<StoredRun> => runOf(base, id)
  const start = async (order: StartOrder, by: string): Promise<StoredRun> => {
    const id = checkedRunId(order.body.runId) ?? createRunId(new Date(now()))
    const carried = await carriedOrder(order, { id, by, service, options })
    await keepOrder(base, id, { order, by })
    await supervisor.start(carried).catch((error: unknown) => forget(base, carried, error))
    return found(id)
  }
  const runs: RunService = {
    start,
    cancel: (id, by) => cancel(id, by, { base, supervisor, found, tell }),
    retry: async (id, by) => {
      const run = await found(id)
      const kept = (await base.store.documents.get(orderKind, id))?.value as KeptOrder | undefined
      if (kept !== undefined) return start(withoutId(kept.order), by)
      throw new GreenloopError('run_conflict', `the run ${run.id} cannot be started again from here`, {
        why: startedBy(run) === undefined ? 'it was started by the command line' : 'its order is no longer kept',
        help: 'start a new one',
      })
    },
    resume: async (id, _by) => {
      const run = await found(id)
      refuseResume(run, base.root)
      supervisor.take(id)
      return found(id)
    },
    load: () => supervisor.load(),
    isDraining: () => supervisor.isDraining(),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const service: ServiceContext = { ...base, runs }
  return { runs, drain: (ms) => supervisor.drain(ms), close: () => supervisor.close() }
}

/** Another order under the id of a run would change its model and its suite: an id is taken once. */
async function keepOrder({ store }: ServiceBase, id: string, value: KeptOrder): Promise<void> {
  const there = await store.documents.get(orderKind, id)
  // An order without a run has died with its server, unless it is being handed in.
  const isLeft = there !== undefined && now() - there.updatedAt > handingInMs
  if ((await store.find(id)) !== undefined) throw taken(id)
  try {
    const version = isLeft ? there.version : 0
    await store.documents.put({ kind: orderKind, key: id, value, expiresAt: now() + orderMs }, version)
  } catch (error) {
    throw error instanceof GreenloopError && error.code === 'version_conflict' ? taken(id) : error
  }
}

/** A refused order leaves nothing. */
async function forget({ store }: ServiceBase, { id, incoming }: CarriedOrder, error: unknown): Promise<never> {
  if ((await store.find(id)) === undefined) {
    await store.documents.remove(orderKind, id)
    await rm(join(incoming, id), { recursive: true, force: true })
  }
  throw error
}

function taken(id: string): GreenloopError {
  return new GreenloopError('run_conflict', `there is a run \`${id}\` already`, { help: 'choose another `runId`' })
}

async function cancel(
  id: string,
  by: string,
  {
    base,
    supervisor,
    found,
    tell,
  }: {
    readonly base: ServiceBase
    readonly supervisor: Supervisor
    readonly found: (id: string) => Promise<StoredRun>
    readonly tell: (id: string) => void
  },
): Promise<StoredRun> {
  const run = await found(id)
  if (isOver(run)) throw new GreenloopError('run_conflict', `the run ${run.id} is over already: ${run.state}`)
  const reason = `cancelled by ${by}`
  const asked = await base.store.requestCancel(id, reason)
  supervisor.cancel(id, reason)
  if (isOver(asked)) await cleanUp(asked, base)
  tell(id)
  return asked
}

/** Ends and removes what the processes of a run have left that ended with nobody at work on it. */
async function cleanUp(run: StoredRun, { where }: ServiceBase): Promise<void> {
  if (run.kind !== 'experiment') return
  const { removeLeftovers } = await import('./experiment-cancelled.ts')
  await removeLeftovers(run, where)
}

function refuseResume(run: StoredRun, root: string): void {
  const stands = standing(run)
  if (stands !== 'interrupted' && stands !== 'queued') {
    throw new GreenloopError('run_conflict', `the run ${run.id} is not broken off: it is ${stands}`)
  }
  const { cwd } = run.input as { readonly cwd?: string }
  if (cwd === undefined || cwd === root || cwd.startsWith(`${root}/`)) return
  throw new GreenloopError('run_conflict', `the run ${run.id} was begun outside the served folder`, {
    help: `greenloop runs resume ${run.id}, in ${cwd}`,
  })
}

/** The order of a run once more; its id is taken. */
function withoutId({ kind, body: { runId: _taken, ...body } }: StartOrder): StartOrder {
  return { kind, body } as StartOrder
}

/** The key that locks all secrets stays here; the process of a run gets the one secret of its model. */
async function environmentOf(base: ServiceBase, id: string): Promise<Readonly<Record<string, string | undefined>>> {
  const own = { GREENLOOP_SECRET_KEY: undefined, GREENLOOP_ARTIFACTS: base.artifacts }
  return { ...base.where.env, ...own, ...(await modelOf(base, id)).env }
}

/** What the process that carries a run needs to know of its model. The key comes from the vault each time. */
async function modelOf(
  base: ServiceBase,
  id: string,
): Promise<{ flags: Flags; env: Readonly<Record<string, string>> }> {
  const kept = (await base.store.documents.get(orderKind, id))?.value as KeptOrder | undefined
  if (kept === undefined || !('model' in kept.order.body)) return { flags: {}, env: {} }
  return chosenModel(base, kept.order.body.model)
}

async function carriedOrder(
  order: StartOrder,
  {
    id,
    by,
    service,
    options,
  }: { readonly id: string; readonly by: string; readonly service: ServiceContext; readonly options: RunsOptions },
): Promise<CarriedOrder> {
  const { root, storeAt } = service
  const { isSandboxed, incoming } = options
  const common = { id, by, root, storeAt, incoming, isSandboxed }
  switch (order.kind) {
    case 'generate':
    case 'pipeline': {
      const { model, framework, maxTestsPerEndpoint } = order.body
      const { flags } = await chosenModel(service, model)
      const shaped = { 'generation.framework': framework, 'generation.maxTestsPerEndpoint': maxTestsPerEndpoint }
      const execution = 'execution' in order.body ? flagsOf(order.body.execution) : {}
      const suite = await givenSuite(service, order.body)
      return { ...common, order, suite, flags: set({ ...flags, ...shaped, ...execution, ...boxed(isSandboxed) }) }
    }
    case 'execute': {
      const { requestPath } = order.body
      if (requestPath !== undefined) await refuseForeign(service, requestPath)
      return { ...common, order, flags: set({ ...flagsOf(order.body.execution), ...boxed(isSandboxed) }) }
    }
    case 'experiment': {
      const { planId, planPath } = order.body
      if ((planId === undefined) === (planPath === undefined)) {
        throw new GreenloopError('body_invalid', 'one of `planId` and `planPath` is wanted')
      }
      const path = planPath ?? (await findDocument(service, planId ?? '', 'plan')).path
      await refuseForeign(service, path)
      const { planId: _resolved, ...body } = order.body
      return { ...common, order: { kind: 'experiment', body: { ...body, planPath: path } }, flags: {} }
    }
    case 'repair':
      await refuseForeign(service, order.body.config)
      return { ...common, order, flags: {} }
  }
}

async function givenSuite(
  service: ServiceContext,
  { suite, suiteId }: { readonly suite?: unknown; readonly suiteId?: string | undefined },
): Promise<GivenSuite> {
  const { text, name, path } = await suiteText(service, { suite, suiteId })
  return path === undefined ? { text, name: basename(name) } : { path }
}

type Execution = Extract<StartOrder, { kind: 'execute' }>['body']['execution']

function flagsOf(execution: Execution): Flags {
  return {
    'execution.retries': execution?.retries,
    'execution.workers': execution?.workers,
    'execution.timeoutSeconds': execution?.timeoutSeconds,
    'execution.testTimeoutSeconds': execution?.testTimeoutSeconds,
  }
}

function boxed(isSandboxed: boolean): Flags {
  return isSandboxed ? { 'execution.sandbox': 'required' } : {}
}

/** Flags that were given. */
function set(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}
