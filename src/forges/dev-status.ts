/** What counts of a job for the status of its pipeline. */
export interface StatusPart {
  readonly status: string
  readonly allowFailure: boolean
}

const finished = new Set(['success', 'failed', 'canceled', 'skipped'])
const gates = ['waiting_for_resource', 'manual', 'scheduled', 'preparing']

/** Whether nothing more happens by itself to what has this status. */
export function isFinished(status: string): boolean {
  return finished.has(status)
}

/**
 * Status of a pipeline from its jobs, without those that were retried. GitLab's rule (`Gitlab::Ci::Status::Composite`): the
 * first line that fits wins. No job at all is `created`.
 */
export function compositeStatus(parts: readonly StatusPart[]): string {
  const present = new Set(parts.map(partStatus))
  const only = (...allowed: readonly string[]): boolean => [...present].every((status) => allowed.includes(status))
  if (present.size === 0) return 'created'
  if (only('skipped', 'ignored')) return 'skipped'
  if (only('success', 'skipped', 'warned', 'ignored')) return 'success'
  if (only('created', 'warned', 'ignored')) return 'created'
  if (only('preparing', 'warned', 'ignored')) return 'preparing'
  if (only('canceled', 'success', 'skipped', 'warned', 'ignored')) return 'canceled'
  if (only('pending', 'created', 'skipped', 'warned', 'ignored')) return 'pending'
  if (present.has('running') || present.has('pending')) return 'running'
  if (present.has('canceling')) return 'canceling'
  const gate = gates.find((status) => present.has(status))
  if (gate !== undefined) return gate
  return present.has('created') ? 'running' : 'failed'
}

/** Failures that are allowed become warnings; manual jobs that nothing waits for do not count. */
function partStatus({ status, allowFailure }: StatusPart): string {
  if (!allowFailure) return status
  if (status === 'failed' || status === 'canceled') return 'warned'
  return status === 'manual' ? 'ignored' : status
}
