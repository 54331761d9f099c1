import type { WatchParts } from './watch-parts.ts'

/** Waits between looks, each longer than the last. */
export interface Pace {
  /** Waits until it is time to look again, at most `mostMs`; a wake-up of the host ends the wait early. */
  wait(signal: AbortSignal, mostMs?: number): Promise<void>
  /** Begins with the first wait again. */
  reset(): void
}

const growth = 1.5
/** A wait is up to this share longer or shorter, so that several watchers do not look at once. */
const spread = 0.2
/** A host that wakes without end does not make the looks denser than this. */
const leastMs = 500

/** Waits from `firstMs` to `longestMs`. */
export function createPace(parts: WatchParts): Pace {
  const { firstMs, longestMs } = parts.polling
  let next = firstMs
  return {
    reset: () => {
      next = firstMs
    },
    wait: async (signal, mostMs = Infinity) => {
      const waitMs = Math.min(next, longestMs) * (1 - spread + 2 * spread * parts.random())
      next = Math.min(next * growth, longestMs)
      await wakeable(parts, Math.min(waitMs, mostMs), signal)
    },
  }
}

async function wakeable(parts: WatchParts, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const woken = parts.woken(either)
  const quiet = Math.min(ms, leastMs)
  try {
    // A rejection of the one that comes later has to be taken, or it counts as unhandled.
    woken.catch(() => undefined)
    await parts.clock.sleep(quiet, signal)
    const rest = parts.clock.sleep(ms - quiet, either)
    rest.catch(() => undefined)
    await Promise.race([rest, woken])
  } finally {
    over.abort()
  }
}
