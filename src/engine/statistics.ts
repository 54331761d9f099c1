import type { FinalState, TaskAttempt, TaskStatistics } from '../domain/task.ts'

/** Counts of a run while it goes on. */
export class Tally implements TaskStatistics {
  total = 0
  succeeded = 0
  failed = 0
  timeout = 0
  cancelled = 0
  error = 0
  attempts = 0
  retries = 0
  serviceMs = 0
  queueMs = 0
  rateMs = 0
  tokens = 0
  costUsd = 0

  /** Counts an attempt that is over. */
  addAttempt({ serviceMs, queueMs, rateMs, usage }: TaskAttempt, isRetry: boolean): void {
    this.attempts++
    if (isRetry) this.retries++
    this.serviceMs += serviceMs
    this.queueMs += queueMs
    this.rateMs += rateMs
    if (usage === undefined) return
    this.tokens += usage.tokens ?? 0
    this.costUsd += usage.costUsd ?? 0
  }

  /** Counts a task that is over. */
  addTask(state: FinalState): void {
    this.total++
    this[state]++
  }

  /** Tasks that ended badly and not because somebody wished it. */
  get bad(): number {
    return this.failed + this.timeout + this.error
  }

  snapshot(): TaskStatistics {
    return Object.assign({}, this)
  }
}
