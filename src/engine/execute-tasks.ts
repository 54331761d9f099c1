import type { PolicyInput } from '../domain/policy.ts'
import type { Handler } from '../domain/task.ts'
import type { EngineParts, RunOptions, RunResult, TaskSource } from './options.ts'
import { createScheduler } from './scheduler.ts'

export type { AttemptsBefore, RunResult, TaskSource } from './options.ts'

/** What a run is made with, ended by and watched with. */
export type ExecuteOptions<P, O> = EngineParts & RunOptions<P, O>

/**
 * Runs tasks side by side under a policy: attempts with a time limit, retries, a rate limit, batches, stop conditions.
 * The source is asked for a task when there is room for one, so a manifest of any length needs memory only for what is in
 * flight. Comes back when every task has its result; a run that is stopped or cancelled ends the rest as `cancelled`.
 * Throws `policy_invalid`, and whatever the source or a hook throws; what the handler throws is a result.
 */
export async function executeTasks<P, O>(
  tasks: TaskSource<P>,
  handler: Handler<P, O>,
  ...[policy = {}, options = {}]: [policy?: PolicyInput, options?: ExecuteOptions<P, O>]
): Promise<RunResult<O, P>> {
  return createScheduler(policy, options).run(tasks, handler, options)
}
