/** Runs work, so many pieces at a time; the others wait in their order. */
export type Slots = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>

/** Makes {@link Slots} of which `width` are open; an abort leaves the queue and throws the signal's reason. */
export function createSlots(width: number): Slots {
  const waiting = new Set<() => void>()
  let free = width

  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (free > 0) return void free--
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(grant)
        reject(signal.reason as Error)
      }
      const grant = (): void => {
        waiting.delete(grant)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      waiting.add(grant)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  const exit = (): void => {
    const [next] = waiting
    if (next === undefined) free++
    else next()
  }

  return async (work, signal) => {
    await enter(signal)
    try {
      return await work()
    } finally {
      exit()
    }
  }
}
