import type { Clock, Timer } from '../lib/clock.ts'
import { createHeap } from '../lib/heap.ts'
import type { Job } from './job.ts'

/** Tasks that wait for a moment: for their next attempt, or for the pause between two batches. */
export interface Waiting<P> {
  readonly size: number
  add(job: Job<P>): void
  /** Takes out a task whose moment has come, the earliest first. */
  takeReady(): Job<P> | undefined
  /** Takes out any task, to end it. */
  takeAny(): Job<P> | undefined
  close(): void
}

/** Calls `onReady` when a moment comes; one timer for the earliest. A job waits until its `readyAt`. */
export function createWaiting<P>(clock: Pick<Clock, 'monotonic' | 'after'>, onReady: () => void): Waiting<P> {
  const heap = createHeap<Job<P>>(
    (one, other) => one.readyAt < other.readyAt || (one.readyAt === other.readyAt && one.seq < other.seq),
  )
  let timer: Timer | undefined
  let timerAt = Infinity

  const disarm = (): void => {
    timer?.cancel()
    timer = undefined
    timerAt = Infinity
  }
  /** The timer is left alone where it comes in time: it is set anew when it finds nothing. */
  const arm = (): void => {
    const first = heap.peek()
    if (first === undefined) return disarm()
    if (timerAt <= first.readyAt) return
    timer?.cancel()
    timerAt = first.readyAt
    timer = clock.after(Math.max(1, Math.ceil(first.readyAt - clock.monotonic())), () => {
      timer = undefined
      timerAt = Infinity
      // It may come a little early.
      if ((heap.peek()?.readyAt ?? Infinity) > clock.monotonic()) arm()
      else onReady()
    })
  }

  return {
    get size() {
      return heap.size
    },
    add(job) {
      heap.push(job)
      arm()
    },
    takeReady() {
      const first = heap.peek()
      if (first === undefined) return undefined
      if (first.readyAt > clock.monotonic()) {
        arm()
        return undefined
      }
      return heap.pop()
    },
    takeAny: () => heap.pop(),
    close: disarm,
  }
}
