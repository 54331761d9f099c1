import type { Policy } from '../domain/policy.ts'
import type { Clock } from '../lib/clock.ts'

/** Keeps batches apart. */
export interface Batches {
  /** Whether another task may be taken from the source: into the running batch, or as the first of the next one. */
  canTake(): boolean
  /** Counts a task in; gives the milliseconds of the pause that it has to wait for. */
  take(): number
  /** The pause that a task had to wait for is over. */
  onPauseOver(): void
  /** A task that was taken is over. */
  onOver(): void
}

/** The batches of a policy; without a size everything is one batch. */
export function createBatches(
  { batchSize, batchPauseSeconds }: Pick<Policy, 'batchSize' | 'batchPauseSeconds'>,
  clock: Pick<Clock, 'monotonic'>,
): Batches {
  if (batchSize === undefined) return { canTake: () => true, take: () => 0, onPauseOver: nothing, onOver: nothing }
  const pauseMs = batchPauseSeconds * 1000
  let taken = 0
  let open = 0
  let overAt = 0
  let isPausing = false
  return {
    canTake: () => !isPausing && (taken < batchSize || open === 0),
    // The first of the next batch is taken before the pause, so that there is none behind the last batch.
    take() {
      const waitMs = taken === batchSize ? Math.max(0, overAt + pauseMs - clock.monotonic()) : 0
      if (taken === batchSize) taken = 0
      taken++
      open++
      isPausing = waitMs > 0
      return waitMs
    },
    onPauseOver() {
      isPausing = false
    },
    onOver() {
      if (--open === 0) overAt = clock.monotonic()
    },
  }
}

function nothing(): void {}
