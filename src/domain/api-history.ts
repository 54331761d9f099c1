import { z } from 'zod'
import { pageQuerySchema, timeSchema } from './api-common.ts'
import { pastOutcomeSchema } from './api-run.ts'

/** Which failures. */
export const failuresQuerySchema = z.object({
  runs: z.coerce.number().int().min(1).max(100).default(20).describe('How many of the newest runs are looked through.'),
  title: z.string().max(500).optional().describe('Only runs of this title.'),
})

/** Failures that are the same by their normalised message and place. */
const failureGroupSchema = z.object({
  fingerprint: z.string(),
  type: z.string(),
  message: z.string(),
  /** `new`: not in the run before the newest; `known`: in both; `fixed`: no longer in the newest; `flaky`: passed later in the same run. */
  standing: z.enum(['new', 'known', 'fixed', 'flaky']),
  count: z.int().describe('Tests in the newest run that shows it.'),
  runs: z.int().describe('Runs that show it.'),
  firstSeenAt: timeSchema,
  lastSeenAt: timeSchema,
  tests: z.array(z.object({ runId: z.string(), seq: z.int(), id: z.string() })).describe('At most 10.'),
})

/** Failures that are the same. */
export type ApiFailureGroup = z.output<typeof failureGroupSchema>

/** Failures of the newest runs by what they have in common. */
export const failureHistorySchema = z.object({
  groups: z.array(failureGroupSchema),
  runs: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      at: timeSchema,
      verdict: z.string().optional(),
      failed: z.int(),
      flaky: z.int(),
      total: z.int(),
    }),
  ),
  titles: z.array(z.string()).describe('Titles to choose from.'),
})

/** Failures of the newest runs by what they have in common. */
export type FailureHistory = z.output<typeof failureHistorySchema>

/** A test that does not always end the same way. */
export const flakyTestSchema = z.object({
  id: z.string(),
  title: z.string().describe('Title of its runs.'),
  passed: z.int(),
  failed: z.int(),
  flaky: z.int(),
  runs: z.int(),
  /** Share of runs with a failed attempt, of `runs`. */
  rate: z.number(),
  outcomes: z.array(pastOutcomeSchema).describe('At most 20, newest first.'),
})

/** A test that does not always end the same way. */
export type FlakyTest = z.output<typeof flakyTestSchema>

/** Which tests. */
export const flakyQuerySchema = pageQuerySchema.extend({
  runs: z.coerce.number().int().min(2).max(200).default(50),
  title: z.string().max(500).optional(),
})

/** Two runs of tests side by side. */
export const runComparisonSchema = z.object({
  base: z.string(),
  run: z.string(),
  counts: z.object({ added: z.int(), removed: z.int(), fixed: z.int(), broken: z.int(), same: z.int() }),
  durationMs: z.object({ base: z.number().optional(), run: z.number().optional() }),
  changes: z
    .array(
      z.object({
        id: z.string(),
        change: z.enum(['added', 'removed', 'fixed', 'broken']),
        before: z.string().optional(),
        after: z.string().optional(),
        seq: z.int().optional(),
      }),
    )
    .describe('At most 1,000.'),
})

/** Two runs of tests side by side. */
export type RunComparison = z.output<typeof runComparisonSchema>
