import { describe, expect, it } from 'vitest'
import { parsePolicy } from './policy.ts'

describe('an execution policy', () => {
  it('has every default filled', () => {
    expect(parsePolicy({})).toEqual({
      concurrency: 8,
      retry: {
        maxAttempts: 1,
        backoffSeconds: 1,
        backoffMultiplier: 2,
        maxBackoffSeconds: 60,
        jitter: 'full',
        on: ['system_error', 'timeout'],
      },
      batchPauseSeconds: 0,
      stop: {},
      seed: 1,
    })
  })

  it('is its own source: parsing what was parsed changes nothing', () => {
    const policy = parsePolicy({
      batchSize: 3,
      batchPauseSeconds: 2,
      retry: { maxAttempts: 4 },
      stop: { maxFailures: 1 },
    })
    expect(parsePolicy(policy)).toEqual(policy)
  })

  it('takes the names of manifests', () => {
    const policy = parsePolicy({
      max_concurrency: 4,
      timeout_seconds: 30,
      retry_policy: { max_attempts: 3, backoff_seconds: 0.5, backoff_multiplier: 3, max_backoff_seconds: 9 },
      rate_limit: { per_minute: 60, burst: 2 },
      stop_conditions: { max_failures: 5, timeout: 600, max_tokens: 1000, max_cost_usd: 2 },
    })
    expect(policy).toMatchObject({
      concurrency: 4,
      timeoutSeconds: 30,
      retry: { maxAttempts: 3, backoffSeconds: 0.5, backoffMultiplier: 3, maxBackoffSeconds: 9 },
      rateLimit: { perMinute: 60, burst: 2 },
      stop: { maxFailures: 5, timeoutSeconds: 600, maxTokens: 1000, maxCostUsd: 2 },
    })
  })

  it('takes a flat manifest, with the retries beside the concurrency', () => {
    const policy = parsePolicy({
      concurrency: 2,
      max_attempts: 3,
      backoff_seconds: 5,
      backoff_multiplier: 1.5,
      batch_size: 10,
    })
    expect(policy).toMatchObject({
      concurrency: 2,
      retry: { maxAttempts: 3, backoffSeconds: 5, backoffMultiplier: 1.5 },
      batchSize: 10,
      batchPauseSeconds: 0,
    })
    expect(parsePolicy({ maxAttempts: 2, jitter: 'none' }).retry).toMatchObject({ maxAttempts: 2, jitter: 'none' })
  })

  it('reads backoff_seconds at the top as the pause between batches where there are no attempts beside it', () => {
    expect(parsePolicy({ batch_size: 10, backoff_seconds: 5 })).toMatchObject({ batchSize: 10, batchPauseSeconds: 5 })
    const both = parsePolicy({
      batch_size: 10,
      backoff_seconds: 5,
      retry_policy: { max_attempts: 2, backoff_seconds: 1 },
    })
    expect(both).toMatchObject({ batchPauseSeconds: 5, retry: { maxAttempts: 2, backoffSeconds: 1 } })
  })

  it('is refused with every problem when it cannot be used', () => {
    const problems = [
      { message: expect.stringContaining('`concurrency`') },
      { message: expect.stringContaining('tomorrow') },
    ]
    expect(() => parsePolicy({ concurrency: 0, tomorrow: true })).toThrow(
      expect.objectContaining({ code: 'policy_invalid', problems }),
    )
    expect(() => parsePolicy('quickly')).toThrow(expect.objectContaining({ code: 'policy_invalid' }))
    expect(() => parsePolicy({ max_attempts: 3, retry: { maxAttempts: 2 } })).toThrow(/policy/)
    expect(() => parsePolicy({ retry: { on: ['cancelled'] } })).toThrow(/policy/)
  })
})
