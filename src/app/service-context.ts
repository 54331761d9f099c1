import type { StartOrder } from '../domain/api-start.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Surroundings } from './surroundings.ts'

/** What all parts of the service share. It lives as long as the server. */
export interface ServiceContext {
  readonly store: RunStore
  /** Address of the store: a file or `postgres://…`. */
  readonly storeAt: string
  /** Served folder, absolute and real: paths of callers count from it and never lead out of it. */
  readonly root: string
  /** Folder that the runs' folders are made in, absolute. */
  readonly artifacts: string
  /** 32 bytes that only this installation knows; secrets are locked with it, opaque ids are made with it. */
  readonly key: Buffer
  /** `cwd` is the served folder, `signal` aborts when the server stops. */
  readonly where: Surroundings
  readonly runs: RunService
}

/** Runs as the service starts and ends them. */
export interface RunService {
  /** Puts a run on record and carries it out as soon as there is room. Throws what is wrong with the order. */
  start(order: StartOrder, by: string): Promise<StoredRun>
  /** Asks that a run ends. Throws `run_unknown`, and `run_conflict` where it is over. */
  cancel(id: string, by: string): Promise<StoredRun>
  /** Starts the same again under a new id. Throws `run_unknown`, and `run_conflict` where the run is not from this service. */
  retry(id: string, by: string): Promise<StoredRun>
  /** Goes on with a run that was broken off. Throws `run_unknown`, and `run_conflict` where it is over or being worked on. */
  resume(id: string, by: string): Promise<StoredRun>
  /** Runs that wait and run here, and how many may run side by side. */
  load(): { readonly queued: number; readonly running: number; readonly slots: number }
  /** Whether no more runs are begun, because the server is about to end. */
  isDraining(): boolean
  /** Tells of each change of a run's state that this process sees; gives what ends it. */
  onChange(listener: (run: StoredRun) => void): () => void
}
