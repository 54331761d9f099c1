const mark = Symbol('exhausted')

/**
 * Marks an error as the end of a series of attempts, so that an outer layer does not begin another series and attempts
 * do not multiply. Only objects can be marked; the mark does not show when the error is printed or serialised.
 */
export function markExhausted<E>(error: E): E {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, mark, { value: true, configurable: true })
  }
  return error
}

/** Whether a layer below has tried an operation as often as it may. */
export function isExhausted(error: unknown): boolean {
  return typeof error === 'object' && error !== null && mark in error
}
