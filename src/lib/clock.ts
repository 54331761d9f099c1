/** Milliseconds since the epoch. */
export function now(): number {
  return Date.now()
}

/** Milliseconds of a clock that never jumps; only differences mean something. */
export function monotonic(): number {
  return performance.now()
}

/** A timer that can be taken back; `unref`ed timers do not keep the process alive. */
export interface Timer {
  cancel(): void
}

/** Time, for whoever waits: the system's, or one that a test moves. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonic(): number
  /** Calls `action` once after `ms` milliseconds unless cancelled; with 0, as soon as everything else had its turn. */
  after(ms: number, action: () => void): Timer
  /** Waits `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Longest time that the system's timers know: 24.8 days. */
const maxTimerMs = 2 ** 31 - 1

/** Calls `action` once after `ms` milliseconds unless cancelled; with 0, as soon as everything else had its turn. */
export function after(ms: number, action: () => void, options: { unref?: boolean } = {}): Timer {
  if (ms > maxTimerMs) return afterLong(ms, action, options)
  if (ms <= 0) {
    const turn = setImmediate(action)
    if (options.unref) turn.unref()
    return { cancel: () => clearImmediate(turn) }
  }
  const timer = setTimeout(action, ms)
  if (options.unref) timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

function afterLong(ms: number, action: () => void, options: { unref?: boolean }): Timer {
  let timer = after(maxTimerMs, () => (timer = after(ms - maxTimerMs, action, options)), options)
  return { cancel: () => timer.cancel() }
}

/** Calls `action` every `ms` milliseconds until cancelled. */
export function every(ms: number, action: () => void): Timer {
  const timer = setInterval(action, ms)
  timer.unref()
  return { cancel: () => clearInterval(timer) }
}

/** Waits `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return sleepOn(after, { ms, signal })
}

/** {@link sleep} on the timers of another clock. */
export async function sleepOn(
  afterMs: Clock['after'],
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel()
      reject(signal.reason as Error)
    }
    const timer = afterMs(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** The clock of this machine. */
export const systemClock: Clock = { now, monotonic, after, sleep }
