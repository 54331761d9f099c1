import { sleepOn } from './clock.ts'
import type { Clock } from './clock.ts'
import { createHeap } from './heap.ts'

/** How far {@link VirtualClock.run} goes. */
interface VirtualRun {
  /** Epoch milliseconds at which it stops, after the timers of that moment; to the last timer unless set. */
  readonly untilMs?: number | undefined
  /** Throws a `RangeError` when more timers than this were called; 1,000,000 unless set. */
  readonly maxTimers?: number | undefined
}

/** A clock that stands still until it is run, and then leaps from timer to timer. */
export interface VirtualClock extends Clock {
  /** Calls each timer in the order of time, then of setting, with everything that follows from it before the next. */
  run(options?: VirtualRun): Promise<void>
  /** Timers that are set. */
  readonly pending: number
}

interface SetTimer {
  readonly at: number
  readonly number: number
  readonly action: () => void
  isCancelled: boolean
}

/** A clock at `startMs` since the epoch. Times are whole milliseconds; a fraction is rounded up. */
export function createVirtualClock(startMs = 0): VirtualClock {
  const timers = createHeap<SetTimer>(
    (one, other) => one.at < other.at || (one.at === other.at && one.number < other.number),
  )
  let time = startMs
  let count = 0
  let pending = 0

  const after: Clock['after'] = (ms, action) => {
    const timer: SetTimer = { at: time + Math.max(0, Math.ceil(ms)), number: count++, action, isCancelled: false }
    timers.push(timer)
    pending++
    return {
      cancel: () => {
        if (!timer.isCancelled) pending--
        timer.isCancelled = true
      },
    }
  }

  const next = (untilMs: number): SetTimer | undefined => {
    while (timers.peek()?.isCancelled === true) timers.pop()
    return (timers.peek()?.at ?? Infinity) <= untilMs ? timers.pop() : undefined
  }

  const run = async ({ untilMs = Infinity, maxTimers = 1_000_000 }: VirtualRun = {}): Promise<void> => {
    await settled()
    let called = 0
    for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) {
      if (++called > maxTimers) throw new RangeError(`more than ${maxTimers} timers were called`)
      time = timer.at
      pending--
      timer.isCancelled = true
      timer.action()
      await settled()
    }
    if (untilMs < Infinity) time = Math.max(time, untilMs)
  }

  return {
    now: () => time,
    monotonic: () => time,
    after,
    sleep: (ms, signal) => sleepOn(after, { ms, signal }),
    run,
    get pending() {
      return pending
    },
  }
}

/** Microtasks all run before the event loop turns. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
