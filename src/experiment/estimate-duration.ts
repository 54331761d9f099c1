import type { RunManifest } from '../domain/manifest.ts'
import type { CallFigures } from './estimate-calls.ts'

/** A manifest with what its trials consist of. */
export interface Counted {
  readonly manifest: RunManifest
  readonly figures: CallFigures
}

/** How long a run takes at least. */
export interface DurationEstimate {
  readonly seconds: number
  readonly limitedBy: 'concurrency' | 'rate_limit' | 'conversation' | 'nothing'
  /** What one call is assumed to take. */
  readonly latencySeconds: number
}

/**
 * A lower bound of the duration: servers work side by side, each no faster than its rate limit and its width allow.
 * Retries, pauses and judges come on top.
 */
export function durationOf(counted: readonly Counted[], latencySeconds: number): DurationEstimate {
  const servers = Map.groupBy(counted, ({ manifest }) => manifest.server?.baseUrl ?? manifest.workflowId)
  const bounds = Array.from(servers.values(), (group) => boundsOf(group, latencySeconds)).flat()
  const longest = bounds.reduce((most, bound) => (bound.seconds > most.seconds ? bound : most), none)
  return { ...longest, latencySeconds }
}

type Bound = Omit<DurationEstimate, 'latencySeconds'>

const none: Bound = { seconds: 0, limitedBy: 'nothing' }

function boundsOf(group: readonly Counted[], latencySeconds: number): readonly Bound[] {
  const sum = (pick: (counted: Counted) => number): number => group.reduce((total, each) => total + pick(each), 0)
  const calls = sum(({ manifest, figures }) => manifest.repeats * figures.calls)
  const trials = sum(({ manifest, figures }) => manifest.repeats * figures.cases)
  const policies = group.map(({ manifest }) => manifest.execution)
  const width = Math.min(...policies.map(({ concurrency }) => concurrency))
  const turns = Math.max(...group.map(({ figures }) => figures.longest))
  const limits = policies.flatMap(({ rateLimit }) => rateLimit ?? [])
  const rates = limits.map(({ perMinute, burst }): Bound => {
    // The last attempt still has to be answered after it may begin.
    const wait = (Math.max(0, trials - burst) / perMinute) * 60
    return { seconds: wait + (trials > 0 ? latencySeconds : 0), limitedBy: 'rate_limit' }
  })
  return [
    { seconds: (calls / width) * latencySeconds, limitedBy: 'concurrency' },
    { seconds: turns * latencySeconds, limitedBy: 'conversation' },
    ...rates,
  ]
}
