import type { Clock, Timer } from '../lib/clock.ts'

/** Wakes one sleeper before its time. */
export interface Bell {
  ring(): void
  /** Waits so many milliseconds, or until the bell rings or the signal aborts. A ring before the wait counts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** A bell that nobody has rung. */
export function createBell(clock: Pick<Clock, 'after'>): Bell {
  let isRung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      isRung = true
      wake?.()
    },
    async wait(ms, signal) {
      if (!isRung && !signal.aborted) {
        let timer: Timer | undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = clock.after(ms, resolve)
          signal.addEventListener('abort', wake, { once: true })
        })
        timer?.cancel()
        if (wake !== undefined) signal.removeEventListener('abort', wake)
        wake = undefined
      }
      isRung = false
    },
  }
}

/** Runs pieces of work one after the other, whatever becomes of each. */
export function createSerial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work, work)
    last = mine.catch(() => {})
    return mine
  }
}
