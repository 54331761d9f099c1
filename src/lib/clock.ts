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

/** Calls `action` once after `ms` milliseconds unless cancelled. */
export function after(ms: number, action: () => void, options: { unref?: boolean } = {}): Timer {
  const timer = setTimeout(action, Math.min(ms, 2 ** 31 - 1))
  if (options.unref) timer.unref()
  return { cancel: () => clearTimeout(timer) }
}

/** Calls `action` every `ms` milliseconds until cancelled. */
export function every(ms: number, action: () => void): Timer {
  const timer = setInterval(action, ms)
  timer.unref()
  return { cancel: () => clearInterval(timer) }
}

/** Waits `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel()
      reject(signal.reason as Error)
    }
    const timer = after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
