import type { RepairSetup } from '../config/repair-setup.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import { repairEnds } from '../domain/repair.ts'
import type { RepairEvent, RepairState } from '../domain/repair.ts'
import type { RunEnding, RunStore, StoredRun } from '../domain/stored-run.ts'
import { keepClaim } from '../engine/claim.ts'
import { now, systemClock } from '../lib/clock.ts'
import { createRedactor } from '../lib/redact.ts'
import { runRepair, startState } from '../repair/repair.ts'
import { eventsOf } from './earlier.ts'
import { leaseMs } from './recording.ts'
import { openWorld } from './repair-world.ts'
import type { AskMissing } from './repair-world.ts'
import type { Surroundings } from './surroundings.ts'

/** A repair that this process has claimed. */
export interface ClaimedRepair {
  readonly store: RunStore
  readonly run: StoredRun
  readonly setup: RepairSetup
  readonly project: string
  readonly folder: string
}

/** Who is asked and told. */
export interface RepairAudience {
  readonly ask?: AskMissing | undefined
  readonly onEvent?: ((event: RepairEvent) => void) | undefined
}

/** Failures that leave a run as it stands, so that it can be resumed. */
const resumable: ReadonlySet<string> = new Set([
  'lease_lost',
  'store_full',
  'store_unavailable',
  'forge_unavailable',
  'forge_rate_limited',
  'forge_garbled',
  'git_failed',
])

/** The last state on record, and the number of the last event that was read for it. */
export interface KnownState {
  readonly seq: number
  readonly state?: RepairState | undefined
  /** The pipeline that was watched last. */
  readonly pipeline?: Extract<RepairEvent, { kind: 'pipeline' }> | undefined
}

/** The last state on record, from what is known of it already. */
export async function lastState(store: RunStore, runId: string, known: KnownState = { seq: 0 }): Promise<KnownState> {
  let { seq, state, pipeline } = known
  for await (const event of eventsOf(store, runId, known.seq)) {
    seq = event.seq
    if (event.kind === 'repair') ({ state } = event.data as { readonly state: RepairState })
    if (event.kind === 'pipeline') pipeline = event.data as KnownState['pipeline']
  }
  return { seq, state, pipeline }
}

/**
 * Carries a repair from where it stood to its end, every state on record before what happens in it. Throws what keeps it
 * from going on; where that may pass, the run stays open and can be resumed.
 */
export async function carryOutRepair(
  claimed: ClaimedRepair,
  { ask, onEvent }: RepairAudience,
  where: Surroundings,
): Promise<RepairState> {
  const { store, run, setup, project, folder } = claimed
  const held = hold(claimed, where.signal)
  const { signal } = held
  const journal = store.journal(run.id, run.epoch)
  const redactor = createRedactor(setup.secrets)
  const write = (kind: string, data: unknown) =>
    journal.append({ kind: 'event', event: { at: now(), kind, data: redactor.deep(data) } })
  const emit = (event: RepairEvent): void => {
    if (event.kind === 'step') void write('step', { text: event.text })
    if (event.kind === 'pipeline')
      void write('pipeline', { text: `pipeline ${event.pipelineId} is ${event.status}`, ...event })
    onEvent?.(redactor.deep(event))
  }
  const record = async (state: RepairState): Promise<void> => {
    void write('repair', { text: toldState(state), state })
    await journal.flush()
  }
  let world: Awaited<ReturnType<typeof openWorld>> | undefined
  try {
    const from = (await lastState(store, run.id)).state ?? startState(project)
    world = await openWorld(setup, { runId: run.id, folder, redactor, record, emit, ask }, { ...where, signal })
    const target = {
      ...(setup.ref === undefined ? {} : { ref: setup.ref }),
      ...(setup.mergeRequest === undefined ? {} : { mergeRequest: setup.mergeRequest }),
    }
    const last = redactor.deep(await runRepair(from, world.it, { signal: signal, target }))
    await world.it.save('result.json', `${JSON.stringify({ runId: run.id, ...last }, null, 2)}\n`)
    await journal.close()
    // What time or a person may cure leaves the run open: it goes on when it is resumed, by any process at once.
    if (last.resumeAt === undefined) await store.end(run.id, endingOf(last), run.epoch)
    else await letGo(held, claimed)
    return last
  } catch (error) {
    const cause = isLost(signal.reason) ? signal.reason : error
    await journal.close().catch(() => {})
    if (cause instanceof GreenloopError && resumable.has(cause.code)) {
      if (!isLost(cause)) await letGo(held, claimed).catch(() => {})
      throw open(cause, run.id)
    }
    await store.end(run.id, failure(cause, signal), run.epoch)
    throw cause
  } finally {
    held.release()
    await journal.close().catch(() => {})
    await world?.close()
  }
}

/** Keeps the claim on a run; the signal aborts with the command, when the run is cancelled from elsewhere, and when it is lost. */
function hold({ store, run }: ClaimedRepair, outer: AbortSignal) {
  const stop = new AbortController()
  const forward = (): void => stop.abort(outer.reason)
  outer.addEventListener('abort', forward, { once: true })
  if (outer.aborted) forward()
  const claim = keepClaim(
    run,
    { store, clock: systemClock, leaseMs },
    {
      onCancel: (reason) => stop.abort(new GreenloopError('cancelled', reason)),
      onLost: (error) => stop.abort(error),
    },
  )
  const release = (): void => {
    outer.removeEventListener('abort', forward)
    claim.release()
  }
  return { signal: stop.signal, release }
}

/** Gives the claim back, so that nobody has to wait until it runs out. */
async function letGo(held: { readonly release: () => void }, { store, run }: ClaimedRepair): Promise<void> {
  held.release()
  await store.renew(run.id, run.epoch, 0)
}

function isLost(reason: unknown): reason is GreenloopError {
  return reason instanceof GreenloopError && reason.code === 'lease_lost'
}

function toldState({ phase, rounds, end }: RepairState): string {
  if (end !== undefined && phase === 'done') return `ended: ${end}`
  return rounds.length === 0 ? phase : `${phase}, round ${rounds.length}`
}

/** What a repair concludes, for the record. */
function endingOf({ end = 'gave_up', reason }: RepairState): RunEnding {
  const exitCode = repairEnds[end]
  return { state: end === 'cancelled' ? 'cancelled' : 'finished', verdict: end, exitCode, reason }
}

function failure(error: unknown, { aborted }: AbortSignal): RunEnding {
  const reason = error instanceof Error ? error.message : String(error)
  if (aborted) return { state: 'cancelled', exitCode: 130, reason }
  return { state: 'failed', exitCode: error instanceof GreenloopError ? errorCatalog[error.code].exit : 3, reason }
}

function open(error: GreenloopError, id: string): GreenloopError {
  const { code, message, why, place, problems } = error
  const help = `${error.help === undefined ? '' : `${error.help}; then `}greenloop repair resume ${id}`
  return new GreenloopError(code, message, {
    cause: error,
    help,
    problems,
    ...(why === undefined ? {} : { why }),
    ...(place === undefined ? {} : { place }),
  })
}
