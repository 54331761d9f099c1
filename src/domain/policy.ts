import { z } from 'zod'
import { GreenloopError } from './errors.ts'

const seconds = z.number().min(0).max(31_536_000)
const share = z.number().min(0).max(1)

const retrySchema = z
  .strictObject({
    maxAttempts: z.int().min(1).max(1000).default(1).describe('Attempts at one task, the first among them.'),
    backoffSeconds: seconds.default(1).describe('Bound of the first wait between two attempts.'),
    backoffMultiplier: z.number().min(1).max(100).default(2).describe('Growth of that bound with each attempt.'),
    maxBackoffSeconds: seconds.default(60).describe('No wait of our own choice is longer; Retry-After may be.'),
    jitter: z
      .enum(['full', 'none'])
      .default('full')
      .describe('`full`: a random wait from 0 up to the bound; `none`: the bound itself.'),
    on: z
      .array(z.enum(['business_failure', 'system_error', 'timeout']))
      .default(['system_error', 'timeout'])
      .describe('What is tried again. A business failure is an answer, so it is not, unless named here.'),
    budget: z
      .strictObject({
        ratio: share.default(0.2).describe('Retries for each first attempt, at most.'),
        reserve: z.int().min(0).default(10).describe('Retries that are always there to begin with.'),
      })
      .optional()
      .describe('Bound on retries over all tasks, so that an outage is not answered with a storm.'),
  })
  .describe('How often and how patiently a task is tried again.')

const adaptiveSchema = z
  .strictObject({
    min: z.int().min(1).default(1).describe('Never fewer at a time.'),
    start: z.int().min(1).default(4).describe('Tasks at a time in the beginning.'),
    decrease: z.number().gt(0).lt(1).default(0.8).describe('What one overload leaves of the width at least.'),
    cooldownSeconds: seconds.default(15).describe('No growth for so long after an overload.'),
  })
  .describe('Finds the width that the other side bears: up by one each round, down on an overload.')

/** How tasks are run, as files and callers write it. Times in seconds. */
export const policySchema = z
  .strictObject({
    concurrency: z.int().min(1).max(100_000).default(8).describe('Tasks at a time; with `adaptive`, at most.'),
    adaptive: adaptiveSchema.optional(),
    timeoutSeconds: seconds.gt(0).optional().describe('Limit of one attempt.'),
    retry: retrySchema.prefault({}),
    rateLimit: z
      .strictObject({
        perMinute: z.number().gt(0).max(60_000_000).describe('Attempts that begin in a minute, in the long run.'),
        burst: z.int().min(1).default(1).describe('Attempts that may begin at once after a pause.'),
      })
      .optional()
      .describe('Token bucket over all attempts.'),
    batchSize: z.int().min(1).optional().describe('Tasks of a batch; the next batch begins when the last is over.'),
    batchPauseSeconds: seconds.default(0).describe('Pause between two batches.'),
    stop: z
      .strictObject({
        maxFailures: z.int().min(1).optional().describe('Tasks that may end badly before the rest is cancelled.'),
        timeoutSeconds: seconds.gt(0).optional().describe('Limit of the whole run.'),
        maxTokens: z.number().gt(0).optional().describe('Budget of model tokens.'),
        maxCostUsd: z.number().gt(0).optional().describe('Budget in US dollars.'),
      })
      .prefault({})
      .describe('What ends the run early.'),
    seed: z.int().min(0).default(1).describe('Seed of the jitter.'),
  })
  .describe('How tasks are run.')

/** A policy as callers write it; everything may be left out. */
export type PolicyInput = z.input<typeof policySchema>

/** A policy with every default filled. */
export type Policy = z.output<typeof policySchema>

/** Names that manifests use for the same things. */
const aliases: Readonly<Record<string, string>> = {
  max_concurrency: 'concurrency',
  timeout_seconds: 'timeoutSeconds',
  retry_policy: 'retry',
  max_attempts: 'maxAttempts',
  backoff_seconds: 'backoffSeconds',
  backoff_multiplier: 'backoffMultiplier',
  max_backoff_seconds: 'maxBackoffSeconds',
  rate_limit: 'rateLimit',
  per_minute: 'perMinute',
  batch_size: 'batchSize',
  batch_pause_seconds: 'batchPauseSeconds',
  stop_conditions: 'stop',
  stopConditions: 'stop',
  max_failures: 'maxFailures',
  max_tokens: 'maxTokens',
  max_cost_usd: 'maxCostUsd',
  cooldown_seconds: 'cooldownSeconds',
}

/** Keys of `retry` that a flat manifest has beside `concurrency`. */
const retryKeys = new Set([
  'maxAttempts',
  'max_attempts',
  'backoffSeconds',
  'backoff_seconds',
  'backoffMultiplier',
  'backoff_multiplier',
  'maxBackoffSeconds',
  'max_backoff_seconds',
  'jitter',
])

/**
 * A policy with every default filled, from camel case or from the snake case of manifests (`max_attempts`,
 * `per_minute`, `stop_conditions.timeout`). Beside `max_attempts` at the top, the other keys of `retry` may stand there as
 * well; without it, `backoff_seconds` at the top is the pause between batches. Throws `policy_invalid` with every problem.
 */
export function parsePolicy(input: unknown): Policy {
  const parsed = policySchema.safeParse(renamed(nested(input), []))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({
    message: path.length === 0 ? message : `\`${path.join('.')}\`: ${message}`,
  }))
  throw new GreenloopError('policy_invalid', 'the execution policy cannot be used', { problems })
}

/** Gives the retries of a flat manifest an object of their own. */
function nested(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input
  const isFlat = 'max_attempts' in input || 'maxAttempts' in input
  if (!isFlat || 'retry' in input || 'retry_policy' in input) return input
  const entries = Object.entries(input)
  const retry = Object.fromEntries(entries.filter(([key]) => retryKeys.has(key)))
  return { ...Object.fromEntries(entries.filter(([key]) => !retryKeys.has(key))), retry }
}

/** At the top a `backoff_seconds` is the pause between batches; in `stop`, `timeout` is the limit of the run. */
function renamed(value: unknown, path: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const within = path.at(-1)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isPause = path.length === 0 && (key === 'backoff_seconds' || key === 'backoffSeconds')
      const isLimit = within === 'stop' && key === 'timeout'
      const name = isPause ? 'batchPauseSeconds' : isLimit ? 'timeoutSeconds' : (aliases[key] ?? key)
      return [name, renamed(inner, [...path, name])]
    }),
  )
}
