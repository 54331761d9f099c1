import { policySchema } from '../domain/policy.ts'
import { objectMapping } from './aliases.ts'
import type { Mapping } from './aliases.ts'

const shape = policySchema.shape

const retry = objectMapping({
  keys: ['maxAttempts', 'backoffSeconds', 'backoffMultiplier', 'maxBackoffSeconds', 'jitter', 'on', 'budget'],
  aliases: { attempts: 'maxAttempts', multiplier: 'backoffMultiplier', backoff: 'backoffSeconds', retryOn: 'on' },
})

/** An execution policy as manifests write it: snake case, and `backoff_seconds` for the pause between batches. */
export const policyMapping: Mapping = objectMapping({
  keys: Object.keys(shape),
  aliases: {
    maxConcurrency: 'concurrency',
    timeout: 'timeoutSeconds',
    retryPolicy: 'retry',
    rate: 'rateLimit',
    stopConditions: 'stop',
    backoffSeconds: 'batchPauseSeconds',
  },
  members: {
    retry,
    rateLimit: objectMapping({ keys: ['perMinute', 'burst'], aliases: { rpm: 'perMinute' } }),
    stop: objectMapping({
      keys: ['maxFailures', 'timeoutSeconds', 'maxTokens', 'maxCostUsd'],
      aliases: { timeout: 'timeoutSeconds' },
    }),
    adaptive: objectMapping({ keys: ['min', 'start', 'decrease', 'cooldownSeconds'], aliases: {} }),
  },
  // A flat policy holds the keys of `retry` beside the others; there `backoff_seconds` belongs to the retries.
  adjust: (members, mapper) => {
    const attempts = members.get('maxAttempts') ?? members.get('max_attempts')
    if (attempts === undefined || members.has('retry')) return
    const lifted = ['maxAttempts', 'max_attempts', 'backoffMultiplier', 'backoff_multiplier', 'batchPauseSeconds']
    const inner = lifted.flatMap((name) => {
      const member = members.get(name)
      if (member === undefined) return []
      members.delete(name)
      return [[liftedNames[name] ?? name, member] as const]
    })
    members.set('retry', { value: mapper.object(inner), at: attempts.at.slice(0, -1) })
  },
})

const liftedNames: Readonly<Record<string, string>> = {
  max_attempts: 'maxAttempts',
  backoff_multiplier: 'backoffMultiplier',
  batchPauseSeconds: 'backoffSeconds',
}
