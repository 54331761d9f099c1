import type { Policy } from '../domain/policy.ts'
import type { ServerConfig } from '../domain/workflow.ts'

/** The policy of a plan on one server: what the server bears goes before what the plan asks for, where it is less. */
export function policyOn(policy: Policy, server: ServerConfig | undefined): Policy {
  if (server === undefined) return policy
  const concurrency = Math.min(policy.concurrency, server.concurrency ?? policy.concurrency)
  return { ...policy, concurrency, rateLimit: slower(policy.rateLimit, server.rateLimit) }
}

function slower(asked: Policy['rateLimit'], allowed: ServerConfig['rateLimit']): Policy['rateLimit'] {
  if (allowed === undefined) return asked
  const burst = allowed.burst ?? 1
  if (asked === undefined) return { perMinute: allowed.perMinute, burst }
  return {
    perMinute: Math.min(asked.perMinute, allowed.perMinute),
    burst: allowed.burst === undefined ? asked.burst : Math.min(asked.burst, burst),
  }
}
