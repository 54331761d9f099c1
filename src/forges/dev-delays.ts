import type { DevJob } from './dev-records.ts'
import type { DevWorld } from './dev-world.ts'

/** Waits for `scheduled` jobs: gives what begins the wait of one, once. Their waits end with the server. */
export function createDelays(world: DevWorld, onOver: (job: DevJob) => void): (job: DevJob) => void {
  const waiting = new Set<number>()
  return (job) => {
    if (waiting.has(job.id)) return
    waiting.add(job.id)
    const cancel = (): void => timer.cancel()
    const timer = world.clock.after(Math.max(0, (job.scheduledAt ?? 0) - world.clock.now()), () => {
      world.signal.removeEventListener('abort', cancel)
      waiting.delete(job.id)
      // Somebody may have played or cancelled it meanwhile.
      if (job.status !== 'scheduled') return
      job.status = 'pending'
      onOver(job)
    })
    world.signal.addEventListener('abort', cancel, { once: true })
  }
}
