import { GreenloopError } from '../domain/errors.ts'
import { parsePolicy } from '../domain/policy.ts'
import type { PolicyInput } from '../domain/policy.ts'
import type { Handler, TaskStatistics } from '../domain/task.ts'
import { systemClock } from '../lib/clock.ts'
import { createRandom } from '../lib/random.ts'
import type { EngineParts, RunOptions, RunResult, TaskSource } from './options.ts'
import { Run } from './run.ts'
import { Tally } from './statistics.ts'

/** Where a scheduler is: it carries out one run. */
export type SchedulerState = 'idle' | 'running' | 'paused' | 'over'

/** Carries out one run of tasks, which can be watched and held meanwhile. */
export interface Scheduler {
  /**
   * Carries out the tasks; see {@link executeTasks}. Rejects with `run_conflict` when it was called before, and with
   * whatever the source or a hook throws.
   */
  run<P, O>(tasks: TaskSource<P>, handler: Handler<P, O>, options?: RunOptions<P, O>): Promise<RunResult<O, P>>
  /** Lets no attempt begin until resumed; those that run go on, and so do all time limits. */
  pause(): void
  resume(): void
  /** Ends the run: handlers are told to end, and what has not begun is cancelled for this reason. */
  cancel(reason?: string): void
  readonly statistics: TaskStatistics
  readonly state: SchedulerState
  /** Attempts that are running. */
  readonly inFlight: number
  /** Attempts that may run at once, at this moment. */
  readonly concurrency: number
}

const defaultGraceMs = 5000
const defaultDrainMs = 5000

/** A scheduler for one run under a policy. Throws `policy_invalid`. */
export function createScheduler(policy: PolicyInput = {}, parts: EngineParts = {}): Scheduler {
  const parsed = parsePolicy(policy)
  const { clock = systemClock, random = createRandom(parsed.seed) } = parts
  const { graceMs = defaultGraceMs, drainMs = defaultDrainMs } = parts
  const engine = { clock, random, graceMs, drainMs }
  let state: SchedulerState = 'idle'
  let current: Pick<Run<never, never>, 'tally' | 'pause' | 'resume' | 'cancel' | 'inFlight' | 'width'> | undefined
  let isPaused = false
  let cancelled: string | undefined

  const begin = async <P, O>(run: Run<P, O>): Promise<RunResult<O, P>> => {
    current = run
    state = isPaused ? 'paused' : 'running'
    if (isPaused) run.pause()
    if (cancelled !== undefined) run.cancel(cancelled)
    try {
      return await run.start()
    } finally {
      state = 'over'
    }
  }

  return {
    async run(tasks, handler, options = {}) {
      if (state !== 'idle')
        throw new GreenloopError('run_conflict', 'a scheduler carries out one run, and this one has its run')
      return begin(new Run({ policy: parsed, engine, tasks, handler, options }))
    },
    pause() {
      isPaused = true
      if (state === 'running') state = 'paused'
      current?.pause()
    },
    resume() {
      isPaused = false
      if (state === 'paused') state = 'running'
      current?.resume()
    },
    cancel(reason = 'the run was cancelled') {
      cancelled ??= reason
      current?.cancel(reason)
    },
    get statistics() {
      return (current?.tally ?? new Tally()).snapshot()
    },
    get state() {
      return state
    },
    get inFlight() {
      return current?.inFlight ?? 0
    },
    get concurrency() {
      return current?.width ?? parsed.concurrency
    },
  }
}
