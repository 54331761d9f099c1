import type { RunDetails, ShownRun } from '../app/runs.ts'
import type { RunEvent, RunFilter } from '../domain/stored-run.ts'
import { storeSurroundings } from './flags.ts'
import type { StoreOptions } from './options.ts'
import { resumeStored } from './resumed.ts'
import type { Session } from './session.ts'

/** Runs of the store, or of the server where one was named. */
export async function listed(filter: RunFilter, options: StoreOptions, session: Session): Promise<readonly ShownRun[]> {
  if (session.server !== undefined) {
    const { listRemotely } = await import('./remote-runs.ts')
    return listRemotely(filter, session)
  }
  const { listRuns } = await import('../app/runs.ts')
  return listRuns(filter, storeSurroundings(session, options))
}

/** One run with its counts, from wherever it is. */
export async function shown(
  id: string,
  { failures, ...options }: StoreOptions & { readonly failures: number },
  session: Session,
): Promise<RunDetails> {
  if (session.server !== undefined) {
    const { showRemotely } = await import('./remote-runs.ts')
    return showRemotely(id, failures, session)
  }
  const { showRun } = await import('../app/runs.ts')
  return showRun(id, failures, storeSurroundings(session, options))
}

/** Asks a run to end, wherever it is. */
export async function cancelOne(id: string, options: StoreOptions, session: Session): Promise<ShownRun> {
  if (session.server !== undefined) {
    const { cancelRemotely } = await import('./remote-runs.ts')
    return cancelRemotely(id, session)
  }
  const { cancelRun } = await import('../app/runs.ts')
  return cancelRun(id, storeSurroundings(session, options))
}

/** Events of a run, from wherever it is. */
export async function followed(
  id: string,
  {
    options,
    ...how
  }: { readonly options: StoreOptions; readonly follow: boolean; readonly onEvent: (event: RunEvent) => void },
  session: Session,
): Promise<ShownRun> {
  if (session.server !== undefined) {
    const { eventsRemotely } = await import('./remote-runs.ts')
    return eventsRemotely(id, how, session)
  }
  const { followEvents } = await import('../app/runs.ts')
  return followEvents(id, how, storeSurroundings(session, options))
}

/** Goes on with a run that was broken off, wherever it is. */
export async function resume(
  id: string,
  options: StoreOptions & { readonly detach?: boolean },
  session: Session,
): Promise<void> {
  if (session.server === undefined) return resumeStored(id, options, session)
  const { resumeRemotely } = await import('./remote-run.ts')
  return resumeRemotely(id, options, session)
}
