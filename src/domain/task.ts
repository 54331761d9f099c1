import type { PolicyInput } from './policy.ts'

/** Where a task is. The last five are final. */
export const taskStates = [
  'pending',
  'queued',
  'running',
  'succeeded',
  'failed',
  'timeout',
  'cancelled',
  'error',
] as const

/** Where a task is: known, admitted, being worked on, or ended in one of five ways. */
export type TaskState = (typeof taskStates)[number]

/** How an attempt, and in the end a task, was over. `failed` is a business failure, `error` a system error. */
export type FinalState = Exclude<TaskState, 'pending' | 'queued' | 'running'>

/** Why an attempt did not succeed: its own answer, the system around it, its deadline, or somebody's wish. */
export type ErrorClass = 'business_failure' | 'system_error' | 'timeout' | 'cancelled'

/** One piece of work. Ids are unique in a run. */
export interface Task<P = unknown> {
  readonly id: string
  readonly payload: P
  /** Limit of one attempt in milliseconds, in place of the policy's. */
  readonly timeoutMs?: number | undefined
  /** Tokens of the rate limit that one attempt takes; 1 unless set. */
  readonly weight?: number | undefined
  /** Kept as it is and given back with the result. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** What an attempt used up, for budgets. */
export interface TaskUsage {
  readonly tokens?: number | undefined
  readonly costUsd?: number | undefined
}

/** Why an attempt did not succeed. */
export interface TaskError {
  readonly class: ErrorClass
  readonly message: string
  /** Code of the failure, where it has one: `llm_rate_limited`, `ECONNREFUSED`. */
  readonly code?: string | undefined
}

/** One try at one task. */
export interface TaskAttempt {
  /** Counts from 1, over restarts as well. */
  readonly number: number
  readonly state: FinalState
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  /** Time in the handler, in milliseconds of a clock that never jumps; nothing of our own waiting is in it. */
  readonly serviceMs: number
  /** Milliseconds from being ready to run until the start, without the wait for the rate limit and the backoff. */
  readonly queueMs: number
  /** Milliseconds of waiting for the rate limit. */
  readonly rateMs: number
  readonly error?: TaskError | undefined
  readonly usage?: TaskUsage | undefined
}

/** A task that is over, with every attempt at it. A task that never began has none. */
export interface TaskResult<O = unknown, P = unknown> {
  readonly task: Task<P>
  readonly state: FinalState
  /** What the handler gave back; absent where it gave nothing. */
  readonly output?: O | undefined
  readonly attempts: readonly TaskAttempt[]
  /** That of the last attempt, or why the task never began. */
  readonly error?: TaskError | undefined
  /** Sum over the attempts. */
  readonly usage: { readonly tokens: number; readonly costUsd: number }
}

/** Counts of a run. `total` = succeeded + failed + timeout + cancelled + error. Times in milliseconds, summed over attempts. */
export interface TaskStatistics {
  readonly total: number
  readonly succeeded: number
  readonly failed: number
  readonly timeout: number
  readonly cancelled: number
  readonly error: number
  readonly attempts: number
  /** Attempts behind the first of their task. */
  readonly retries: number
  readonly serviceMs: number
  readonly queueMs: number
  readonly rateMs: number
  readonly tokens: number
  readonly costUsd: number
}

/** Why a run ended before its tasks did. */
export interface StopReason {
  readonly kind: 'max_failures' | 'timeout' | 'token_budget' | 'cost_budget' | 'cancelled' | 'lease_lost' | 'fault'
  readonly message: string
}

/** What a handler is told besides its task. */
export interface TaskContext {
  /** Counts from 1. */
  readonly attempt: number
  /** `run/task`: the same over all attempts, to send along where the other side knows idempotency keys. */
  readonly key: string
  /** Aborts when the attempt's time is up, or when the run is cancelled. */
  readonly signal: AbortSignal
}

const reply = Symbol('reply')

/** What a handler says of an attempt when a bare value does not tell enough; made by `succeeded` and `failed`. */
export interface Reply<O> {
  readonly [reply]: 'succeeded' | 'failed'
  readonly output?: O | undefined
  readonly usage?: TaskUsage | undefined
  /** Why it failed. */
  readonly message?: string | undefined
  /** Whether another attempt may end better; where it is left out, the policy decides. */
  readonly retry?: boolean | undefined
}

/** Success with what it cost. A handler that returns any other value has succeeded with that value. */
export function succeeded<O>(output: O, usage?: TaskUsage): Reply<O> {
  return { [reply]: 'succeeded', output, usage }
}

/** What a business failure may carry. */
export interface FailureDetails<O> {
  readonly output?: O | undefined
  readonly usage?: TaskUsage | undefined
  readonly retry?: boolean | undefined
}

/** A business failure: the work was done and its answer is no. System errors are thrown instead. */
export function failed<O = never>(message: string, details: FailureDetails<O> = {}): Reply<O> {
  return { [reply]: 'failed', message, ...details }
}

/** Whether a handler's value is a {@link Reply}; gives its kind. */
export function replyKind(value: unknown): 'succeeded' | 'failed' | undefined {
  return typeof value === 'object' && value !== null && reply in value ? (value as Reply<unknown>)[reply] : undefined
}

/** Works on one attempt. Returns the output or a {@link Reply}; what it throws is a system error. */
export type Handler<P = unknown, O = unknown> = (
  task: Task<P>,
  context: TaskContext,
) => O | Reply<O> | Promise<O | Reply<O>>

/** What a {@link RunTasks} is watched and ended by. */
interface RunTasksOptions<P, O> {
  readonly signal?: AbortSignal | undefined
  /** Told of each task that is over. */
  readonly onResult?: ((result: TaskResult<O, P>) => void | Promise<void>) | undefined
}

/** The engine, as features see it: runs tasks side by side under a policy. */
export type RunTasks = <P, O>(
  tasks: Iterable<Task<P>> | AsyncIterable<Task<P>>,
  handler: Handler<P, O>,
  ...rest: [policy: PolicyInput, options: RunTasksOptions<P, O>]
) => Promise<{ readonly stopped?: StopReason | undefined }>
