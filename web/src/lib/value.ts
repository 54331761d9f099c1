import { useSyncExternalStore } from 'react'

/** A value that parts of the page share. */
export interface Shared<T> {
  readonly get: () => T
  readonly set: (value: T) => void
  readonly subscribe: (listener: () => void) => () => void
}

/** Makes a value that parts of the page share and watch. */
export function shared<T>(first: T): Shared<T> {
  let value = first
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The value as it is now; draws again when it changes. */
export function useShared<T>(value: Shared<T>): T {
  return useSyncExternalStore(value.subscribe, value.get)
}
