import type { DocumentStore } from './documents.ts'
import type { Policy } from './policy.ts'
import type { StopReason, Task, TaskAttempt, TaskResult, TaskStatistics } from './task.ts'
import type { TaskViews } from './task-verdict.ts'

/** What a run does. Each kind has one handler in the composition root. */
export const runKinds = ['trial', 'generate', 'execute', 'pipeline', 'experiment', 'repair'] as const

/** What a run does. */
export type RunKind = (typeof runKinds)[number]

/**
 * Where a stored run is. `finished` came to its own end, whatever its verdict; `failed` could not be carried out. The
 * last three are final, and a run reaches exactly one of them, once.
 */
export type RunState = 'queued' | 'running' | 'finished' | 'failed' | 'cancelled'

/** A run as it is handed in. */
export interface NewRun {
  readonly id: string
  readonly kind: RunKind
  /** A line for lists: the suite, the request, the manifest. */
  readonly title: string
  /** What carries the run out, and again after a crash; JSON without secrets. */
  readonly input: unknown
  readonly policy?: Policy | undefined
  /** Folder of its artifacts, absolute. */
  readonly folder?: string | undefined
}

/** Who works on a run. */
export interface RunOwner {
  readonly host: string
  readonly pid: number
  /** Differs between two processes that have the same pid one after the other. */
  readonly token: string
}

/** How a run ended. */
export interface RunEnding {
  readonly state: Extract<RunState, 'finished' | 'failed' | 'cancelled'>
  /** What it concluded, by the words of its kind: `passed`, `failed`, `incomplete`. */
  readonly verdict?: string | undefined
  readonly exitCode?: number | undefined
  /** Why it ended before its time, or why it failed. */
  readonly reason?: string | undefined
}

/** A run as it is stored. Times in epoch milliseconds. */
export interface StoredRun extends NewRun {
  readonly state: RunState
  readonly createdAt: number
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
  /** Counts the takings over; whoever writes with an older one is refused. */
  readonly epoch: number
  readonly owner?: RunOwner | undefined
  /** Until then the owner is believed to live. */
  readonly leaseUntil?: number | undefined
  /** Somebody wishes that it ends. */
  readonly cancelRequested?: string | undefined
  /** Number of tasks, once all of them were handed in. */
  readonly taskCount?: number | undefined
  readonly verdict?: string | undefined
  readonly exitCode?: number | undefined
  readonly reason?: string | undefined
}

/** A task as it is stored: numbered in its run, from 0. */
export interface StoredTask extends Task {
  readonly seq: number
  /** Attempts that are on record for it; one without an end was broken off. */
  readonly attempts: readonly StoredAttempt[]
}

/** An attempt on record. `state` is absent while it runs, and stays so when its process dies. */
export interface StoredAttempt extends Omit<TaskAttempt, 'state' | 'endedAt'> {
  readonly state?: TaskAttempt['state'] | undefined
  readonly endedAt?: number | undefined
  /** Whether it decided the task. */
  readonly final: boolean
  readonly output?: unknown
}

/** Something that happened in a run, numbered from 1 without gaps of order. */
export interface RunEvent {
  readonly seq: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly kind: string
  readonly data: unknown
}

/** What a journal is told. */
export type JournalEntry =
  | { readonly kind: 'start'; readonly seq: number; readonly number: number; readonly startedAt: number }
  /** An attempt that is over and that another one follows. */
  | { readonly kind: 'attempt'; readonly seq: number; readonly attempt: TaskAttempt; readonly output?: unknown }
  /**
   * The result with its last attempt. Where that attempt is on record as not final, it becomes final; a task that never
   * began has none.
   */
  | { readonly kind: 'result'; readonly seq: number; readonly result: TaskResult }
  | { readonly kind: 'event'; readonly event: Omit<RunEvent, 'seq'> }

/**
 * The book of one run, written by its owner in groups. An entry is durable when {@link Journal.flush} or a later write
 * has come back; entries are idempotent by (task, attempt), and the first final one of a task stays.
 */
export interface Journal {
  /** Takes an entry. Gives a promise to wait for where the writer is behind; rejects with `lease_lost`, `store_full`. */
  append(entry: JournalEntry): Promise<void> | undefined
  flush(): Promise<void>
  /** Flushes and lets go. */
  close(): Promise<void>
}

/** Which runs a list holds; newest first. */
export interface RunFilter {
  readonly kinds?: readonly RunKind[] | undefined
  readonly states?: readonly RunState[] | undefined
  /** Only runs of exactly this title. */
  readonly title?: string | undefined
  /** Part of the title or of the id, whatever the case of Latin letters. */
  readonly search?: string | undefined
  /** Only runs made before this time, then by id below it: the end of the page before. */
  readonly before?: { readonly createdAt: number; readonly id: string } | undefined
  readonly limit: number
}

/** Tasks of a run by where they are. A task of a run that is over and without a result counts as cancelled. */
export interface TaskCounts extends TaskStatistics {
  readonly pending: number
  readonly running: number
}

/** A page of results in the order of the tasks. */
export interface ResultPage {
  readonly afterSeq: number
  readonly limit: number
  readonly states?: readonly TaskResult['state'][] | undefined
}

/** Events of some kinds behind a number. */
export interface EventPage {
  readonly kinds: readonly string[]
  readonly afterSeq: number
  readonly limit: number
}

/** A task's result with its number. */
export interface StoredResult extends TaskResult {
  readonly seq: number
  /** Earlier attempts with what they gave; the output of the last one is that of the result. */
  readonly attempts: readonly (TaskAttempt & { readonly output?: unknown })[]
}

/** What is removed by a pruning. */
export interface PruneRule {
  /** Ended before this time, in epoch milliseconds. */
  readonly endedBefore?: number | undefined
  /** The newest of the ended that stay, whatever their age. */
  readonly keep?: number | undefined
  readonly dryRun: boolean
}

/** Where runs, tasks, attempts and events are kept. One contract for the embedded and the shared form. */
export interface RunStore {
  /** Keeps a run. The same run again gives what is there; another one under its id throws `run_conflict`. */
  create(run: NewRun): Promise<StoredRun>
  find(id: string): Promise<StoredRun | undefined>
  list(filter: RunFilter): Promise<readonly StoredRun[]>
  /** Adds tasks behind those that are there; `firstSeq` is the number of the first, so that a page handed in twice counts once. */
  addTasks(runId: string, firstSeq: number, tasks: readonly Task[]): Promise<void>
  /** Says that all tasks were handed in. */
  seal(runId: string, taskCount: number): Promise<void>
  /**
   * Takes a run that nobody works on: queued, or running with a lease that lapsed or an owner that is gone. Gives it with
   * its new epoch; `undefined` where somebody else has it or it is over.
   */
  claim(id: string, owner: RunOwner, leaseMs: number): Promise<StoredRun | undefined>
  /** Keeps a claim alive. Throws `lease_lost` where another has taken the run. Gives the wish to end it, if there is one. */
  renew(id: string, epoch: number, leaseMs: number): Promise<{ readonly cancelRequested?: string | undefined }>
  /** Ends a run, once: gives whether this call did it. With an epoch only its owner can. */
  end(id: string, ending: RunEnding, epoch?: number): Promise<boolean>
  /** Asks the owner to end a run; a run without a living owner is ended at once. Throws `run_unknown`. */
  requestCancel(id: string, reason: string): Promise<StoredRun>
  /** Tasks without a result, in their order. */
  unfinished(runId: string, afterSeq: number, limit: number): Promise<readonly StoredTask[]>
  journal(runId: string, epoch: number): Journal
  counts(runId: string): Promise<TaskCounts>
  results(runId: string, page: ResultPage): Promise<readonly StoredResult[]>
  events(runId: string, afterSeq: number, limit: number): Promise<readonly RunEvent[]>
  /** Events of some kinds, in their order, and the number of the run's last event of any kind, 0 where it has none. */
  eventsOfKinds(
    runId: string,
    page: EventPage,
  ): Promise<{ readonly lastSeq: number; readonly events: readonly RunEvent[] }>
  /** Removes ended runs with all that belongs to them, and gives them. */
  prune(rule: PruneRule): Promise<readonly StoredRun[]>
  /** Looks for damage; gives what is wrong, in words. */
  check(): Promise<readonly string[]>
  /** What a server keeps beside the runs. */
  readonly documents: DocumentStore
  /** Tasks as people look at them. */
  readonly views: TaskViews
  close(): Promise<void>
}

/** Why a run is over as the engine sees it. */
export interface RunConclusion {
  readonly statistics: TaskStatistics
  readonly stopped?: StopReason | undefined
}
