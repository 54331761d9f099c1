import type { PolicyInput } from '../../src/domain/policy.ts'
import { chance, integer, pick, sometimes } from './draw.ts'
import type { Random } from './draw.ts'

/** A policy over the whole schema. Each part is there in some of the worlds only, so that parts meet in every combination. */
export function drawPolicy(random: Random): PolicyInput {
  const concurrency = pick(random, [1, 2, integer(random, 1, 6), integer(random, 4, 16), 64])
  const rateLimit = sometimes(random, 0.35, () => ({
    perMinute: pick(random, [integer(random, 10, 120), integer(random, 100, 2000), 6000, 59.5]),
    burst: pick(random, [1, 1, integer(random, 2, 10)]),
  }))
  return {
    concurrency,
    adaptive: sometimes(random, 0.3, () => drawAdaptive(random)),
    timeoutSeconds: sometimes(random, 0.6, () => pick(random, [0.001, 0.05, 1, integer(random, 1, 10)])),
    retry: drawRetry(random),
    rateLimit,
    ...(chance(random, 0.25)
      ? { batchSize: integer(random, 1, 10), batchPauseSeconds: pick(random, [0, 0.5, integer(random, 1, 10)]) }
      : {}),
    stop: {
      maxFailures: sometimes(random, 0.2, () => integer(random, 1, 6)),
      timeoutSeconds: sometimes(random, 0.2, () => pick(random, [0.01, integer(random, 1, 60)])),
      maxTokens: sometimes(random, 0.15, () => integer(random, 1, 30_000)),
      maxCostUsd: sometimes(random, 0.1, () => integer(random, 1, 5000) / 1024),
    },
    seed: integer(random, 0, 1_000_000),
  }
}

function drawAdaptive(random: Random): NonNullable<PolicyInput['adaptive']> {
  return {
    min: integer(random, 1, 3),
    start: integer(random, 1, 8),
    decrease: pick(random, [0.2, 0.5, 0.8]),
    cooldownSeconds: pick(random, [0, 0.05, 1, 15]),
  }
}

function drawRetry(random: Random): NonNullable<PolicyInput['retry']> {
  return {
    maxAttempts: integer(random, 1, 5),
    backoffSeconds: pick(random, [0, 0.1, 1, integer(random, 1, 5)]),
    backoffMultiplier: pick(random, [1, 2, 3]),
    maxBackoffSeconds: pick(random, [0, 1, 60]),
    jitter: pick(random, ['full', 'none'] as const),
    on: pick(random, [
      ['system_error', 'timeout'],
      ['system_error', 'timeout'],
      ['business_failure', 'system_error', 'timeout'],
      ['business_failure'],
      ['timeout'],
      [],
    ]),
    budget: sometimes(random, 0.25, () => ({ ratio: pick(random, [0, 0.2, 1]), reserve: pick(random, [0, 1, 10]) })),
  }
}
