import { GreenloopError } from '../domain/errors.ts'

/** Result codes of SQLite that mean something to us: the low byte of the extended code. */
const busy = new Set([5, 6])
const corrupt = new Set([11, 26])
const full = 13
const ioError = 10
/** The shared memory beside the file could not grow, which only a full disk does. */
const sharedMemoryFull = 4874

/** The extended result code of an error of `node:sqlite`, or undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code : undefined
}

/** Whether another connection held the lock. */
export function isBusy(error: unknown): boolean {
  return busy.has((resultCode(error) ?? 0) & 0xff)
}

/** Whether a failure of the store is that its disk is full. */
export function isFull(error: unknown): boolean {
  return error instanceof GreenloopError && error.code === 'store_full'
}

/** The error as one of the store's; errors that are ours already stay as they are. */
export function sqliteFault(error: unknown, path: string): unknown {
  if (error instanceof GreenloopError) return error
  const extended = resultCode(error)
  const text = error instanceof Error ? error.message : String(error)
  if (extended === undefined) {
    const isSystem = error instanceof Error && 'syscall' in error
    return isSystem ? unavailable(path, { text, cause: error }) : error
  }
  const code = extended & 0xff
  if (corrupt.has(code)) return damaged(path, text, error)
  if (code === full || extended === sharedMemoryFull) {
    return new GreenloopError('store_full', `${path} cannot grow: ${text}`, {
      cause: error,
      help: 'make room on the disk (greenloop runs prune removes old runs), then resume the run',
    })
  }
  const shown = busy.has(code) ? 'another process holds its lock' : code === ioError ? `${text} (${extended})` : text
  return unavailable(path, { text: shown, cause: error })
}

/** The store is damaged; says what can be done. */
export function damaged(path: string, text: string, cause?: unknown): GreenloopError {
  return new GreenloopError('store_corrupt', `${path} is damaged: ${text}`, {
    ...(cause === undefined ? {} : { cause }),
    help: 'put a backup in its place with `greenloop store restore FILE`; without one, move the file away',
  })
}

/** The store cannot be used as it stands there. */
export function unavailable(path: string, details: { text: string; cause?: unknown }): GreenloopError {
  return new GreenloopError('store_unavailable', `${path} cannot be used: ${details.text}`, {
    ...(details.cause === undefined ? {} : { cause: details.cause }),
    help: 'see that the folder can be written and that no other program holds the file, or name another with --store',
  })
}
