import type { Clock } from '../lib/clock.ts'

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
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = clock.after(ms, resolve)
        const onAbort = (): void => resolve()
        signal.addEventListener('abort', onAbort, { once: true })
        wake = resolve
        await promise
        wake = undefined
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
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
