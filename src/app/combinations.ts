import type { z } from 'zod'
import type { ApiCombination, combineBodySchema } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import { createThreads } from './threads.ts'

/** A model with what is wanted of its rows. */
export type CombinationTask = z.output<typeof combineBodySchema>

/** The search ends by itself when the time is up; what goes on for so much longer is ended. */
const graceMs = 1000

const threads = createThreads<CombinationTask, ApiCombination>({
  module: new URL('combination-worker', import.meta.url),
  most: 2,
  waitMs: 10_000,
  heapMb: 1024,
  late: (what, ms) =>
    new GreenloopError('budget_reached', 'the rows were not found within the limits', {
      why: what === 'time' ? `it took longer than ${(ms - graceMs) / 1000} s` : 'it took more than 1 GiB of memory',
      help: 'ask for a smaller strength or the engine PICT, or run greenloop combine, which has no limit',
    }),
})

/**
 * Rows that cover a model, made on another thread. Throws `model_invalid`, `model_contradictory`, `usage_invalid`;
 * `budget_reached` where the time is up, `rate_limited` where two others are under way for 10 s.
 */
export function combineModel(task: CombinationTask, signal?: AbortSignal): Promise<ApiCombination> {
  return threads.run(task, { ms: task.timeLimitSeconds * 1000 + graceMs, signal })
}
