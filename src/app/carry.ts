import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode, Problem } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { confinedTo } from './confinement.ts'
import type { CarriedOrder } from './hand-in.ts'
import { isOver } from './standing.ts'
import { openRunStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** What a server tells the process that carries a run. */
export type CarrierOrder =
  | { readonly kind: 'hand-in'; readonly order: CarriedOrder }
  /** Carries the run out, also one that was handed in by this process. */
  | { readonly kind: 'go'; readonly id: string; readonly storeAt: string }
  | { readonly kind: 'cancel'; readonly reason: string }
  /** There is no room now: somebody else will carry it out. */
  | { readonly kind: 'leave' }

/** What the process tells the server. */
export type CarrierReport =
  | { readonly kind: 'on-record' }
  | { readonly kind: 'refused'; readonly error: SentError }
  /** The run stays open: what kept it from going on may pass. */
  | { readonly kind: 'left'; readonly error: SentError }
  | { readonly kind: 'over' }

/** An error on its way between two processes. */
export interface SentError {
  readonly code: ErrorCode
  readonly message: string
  readonly why?: string | undefined
  readonly help?: string | undefined
  readonly problems: readonly Problem[]
}

/** Failures behind which a run can go on where it stood. */
const passing: ReadonlySet<string> = new Set([
  'lease_lost',
  'store_full',
  'store_unavailable',
  'forge_unavailable',
  'forge_rate_limited',
  'git_failed',
])

/** Document with the whole error of a run that could not be carried out. */
export const runErrorKind = 'run-error'

/** Hands an order in; what is wrong with it is the report. */
export async function handInReported(order: CarriedOrder, where: Surroundings): Promise<CarrierReport> {
  try {
    const { handIn } = await import('./hand-in.ts')
    await handIn(order, { ...where, confined: confinedTo(order.root, order.storeAt) })
    return { kind: 'on-record' }
  } catch (error) {
    return { kind: 'refused', error: hideFolder(sent(error), `${order.incoming}/${order.id}/`) }
  }
}

/** Carries a run on record to its end. What goes wrong is on record, or leaves the run open where it may pass. */
export async function carry(id: string, storeAt: string, where: Surroundings): Promise<CarrierReport> {
  try {
    const { resumeRun } = await import('./resume.ts')
    const confined = confinedTo(where.cwd, storeAt)
    await resumeRun(id, { ...where, confined, flags: { ...where.flags, store: storeAt } })
    return { kind: 'over' }
  } catch (error) {
    const known = sent(error)
    // Another server carries it, or it is over or gone.
    if (known.code === 'run_conflict' || known.code === 'run_unknown') return { kind: 'over' }
    if (passing.has(known.code)) return { kind: 'left', error: known }
    await endFailed(id, storeAt, known)
    return { kind: 'over' }
  }
}

/** What ended a run before it had a record of its own to end is put there for it. */
async function endFailed(id: string, storeAt: string, error: SentError): Promise<void> {
  const store = await openRunStore(storeAt)
  try {
    await store.documents.put({ kind: runErrorKind, key: id, value: error })
    const run = await store.find(id)
    if (run === undefined || isOver(run)) return
    await store.end(id, { state: 'failed', reason: error.message, exitCode: errorCatalog[error.code].exit })
  } finally {
    await store.close()
  }
}

/** Where a text was kept on its way is nothing to its sender. */
function hideFolder(error: SentError, folder: string): SentError {
  return JSON.parse(JSON.stringify(error).replaceAll(JSON.stringify(folder).slice(1, -1), '')) as SentError
}

function sent(error: unknown): SentError {
  if (!(error instanceof GreenloopError)) {
    return { code: 'internal', message: error instanceof Error ? error.message : String(error), problems: [] }
  }
  const { code, message, why, help, problems } = error
  return { code, message, why, help, problems }
}

/** The error that was sent. */
export function received({ code, message, why, help, problems }: SentError): GreenloopError {
  return new GreenloopError(code, message, {
    problems,
    ...(why === undefined ? {} : { why }),
    ...(help === undefined ? {} : { help }),
  })
}

/** Whether a run was started over the service. */
export function startedBy({ input }: StoredRun): string | undefined {
  const by = typeof input === 'object' && input !== null && 'by' in input ? input.by : undefined
  return typeof by === 'string' ? by : undefined
}
