import type { RunKind, StoredRun, StoredTask } from './stored-run.ts'
import type { Task, TaskAttempt, TaskResult } from './task.ts'

/** A database transaction, as narrow as a queue and a store need it to share one. */
export interface Tx {
  executeSql(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** A chunk of tasks that a worker holds for a while. (`jobId`, `retryCount`) is the fence: a later holder has a higher count. */
export interface Lease {
  readonly jobId: string
  readonly retryCount: number
  readonly runId: string
  /** Numbers of the tasks: from, and up to but not including. */
  readonly from: number
  readonly to: number
  /** Worked on with nothing beside it: it may have been what ended its earlier holders. */
  readonly alone: boolean
}

/** Tasks of a run by their numbers. */
export type Chunk = Pick<Lease, 'runId' | 'from' | 'to'>

/** A chunk as it is put in. */
export interface NewChunk extends Chunk {
  readonly alone?: boolean | undefined
  /** A holder that keeps it longer than this, though it lives, is taken for stuck. */
  readonly expireSeconds?: number | undefined
  /** Set: it is held back until its batch is let go. */
  readonly batch?: number | undefined
}

/** Carries chunks to workers. Delivery is at least once; what is settled in a transaction is settled once. */
export interface LeaseQueue {
  /** A holder that is silent for so long has lost its chunks; the same for all who use the queue. */
  readonly heartbeatMs: number
  start(): Promise<void>
  /** Puts chunks in, within the transaction that stores their tasks. */
  put(chunks: readonly NewChunk[], tx: Tx): Promise<void>
  /** Takes up to `max` chunks, of those that are worked on alone or of the others; none is an answer. */
  claim(max: number, alone: boolean): Promise<readonly Lease[]>
  /** Keeps leases alive; gives the job ids that are still ours. */
  renew(leases: readonly Lease[], tx?: Tx): Promise<ReadonlySet<string>>
  /** Completes chunks within the transaction that stores their results; gives the job ids that were ours. */
  settle(leases: readonly Lease[], tx: Tx): Promise<ReadonlySet<string>>
  /** Lets go the chunks of a run that are held back, up to this batch or all; again is harmless. */
  release(runId: string, batch?: number): Promise<void>
  /** Number of chunks of a run that wait or are held. */
  pending(runId: string): Promise<number>
  /** Gives chunks back whose holders are silent, and tidies up. One process at a time, about each second. */
  supervise(): Promise<void>
  /** Up to `limit` chunks whose holders were lost more often than is borne; they are not delivered again. */
  exhausted(limit: number): Promise<readonly Lease[]>
  /** Removes exhausted chunks, within the transaction that settles their tasks; gives the job ids that were there. */
  discard(leases: readonly Lease[], tx: Tx): Promise<ReadonlySet<string>>
  /** Stops without waiting for anything held. */
  stop(): Promise<void>
}

/** What a worker writes in one transaction. */
export interface ChunkRecord {
  readonly runId: string
  readonly seq: number
  /** One that another follows; the last one stands in the result. */
  readonly attempt?: TaskAttempt | undefined
  readonly result?: TaskResult | undefined
}

/** Tasks that follow each other in a run, the first of them with the number `firstSeq`. */
export interface TaskPage {
  readonly runId: string
  readonly firstSeq: number
  readonly tasks: readonly Task[]
}

/** What the shared store has beyond the embedded one. */
export interface SharedStore {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Adds a page of tasks within a transaction, as `addTasks` does; gives whether the page was new. */
  admit(page: TaskPage, tx: Tx): Promise<boolean>
  /** Run records with policy and state by id; cheap enough for every claim. */
  heads(ids: readonly string[]): Promise<ReadonlyMap<string, StoredRun>>
  /** Tasks of these ranges that have no result yet, by run id, in their order. */
  open(ranges: readonly Chunk[]): Promise<ReadonlyMap<string, readonly StoredTask[]>>
  record(records: readonly ChunkRecord[], tx: Tx): Promise<void>
  /** Tells every worker that listens that a run has changed. */
  notify(runId: string, tx?: Tx): Promise<void>
  listen(onRun: (runId: string) => void): Promise<{ close(): Promise<void> }>
  /** Runs that are running, for whoever looks after them. */
  active(kinds: readonly RunKind[]): Promise<readonly StoredRun[]>
  /** Does `work` if nobody else holds the lock of this name; says whether it did. */
  exclusively(name: string, work: () => Promise<void>): Promise<boolean>
  /** Epoch milliseconds by the clock of the database. */
  now(): Promise<number>
}

/** The shared allowance of a rate limit. Times in epoch milliseconds of the database's clock. */
export interface TokenStore {
  /** Takes up to `count` tokens; gives how many, and after how many milliseconds to ask again where there were none. */
  take(limit: SharedLimit, count: number): Promise<{ readonly granted: number; readonly retryInMs: number }>
  /** Nobody gets a token of this key for so long: a 429 with Retry-After. */
  penalize(key: string, forMs: number): Promise<void>
}

/** A token bucket by its name. */
export interface SharedLimit {
  readonly key: string
  readonly perMinute: number
  readonly burst: number
}
