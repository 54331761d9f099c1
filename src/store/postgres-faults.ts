import { GreenloopError } from '../domain/errors.ts'

const diskFull = '53100'
const damagedStates = new Set(['XX001', 'XX002'])

/** An error of the server or of the way to it as one of the store's; errors that are ours already stay as they are. */
export function postgresFault(error: unknown, url: string): unknown {
  if (error instanceof GreenloopError || !(error instanceof Error)) return error
  const state = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // The driver's own errors are plain ones; a TypeError is a defect of ours and stays what it is.
  if (state === '' && error.constructor !== Error && !(error instanceof AggregateError)) return error
  const text = textOf(error)
  if (state === diskFull) {
    const help = 'make room on the disk of the server, then resume the run'
    return new GreenloopError('store_full', `${shownUrl(url)} cannot grow: ${text}`, { cause: error, help })
  }
  if (damagedStates.has(state)) {
    const help = 'restore the database from a backup of PostgreSQL'
    return new GreenloopError('store_corrupt', `${shownUrl(url)} is damaged: ${text}`, { cause: error, help })
  }
  return new GreenloopError('store_unavailable', `${shownUrl(url)} cannot be used: ${text}`, {
    cause: error,
    help: 'check the address, the user and the password, and that the server takes connections from here',
  })
}

/** Whether the connection was lost rather than the statement refused, so that another try may go well. */
export function isPassing(error: unknown): boolean {
  const cause = error instanceof GreenloopError ? error.cause : error
  if (!(cause instanceof Error)) return false
  const state = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  return state === undefined ? lostConnection.test(cause.message) : passingStates.has(state)
}

/** The driver has no codes of its own. */
const lostConnection = /connection terminated|connection error|timeout exceeded|read timeout/i
/** Resets, restarts and fail-overs of the server; deadlocks and serialisation, which a repetition cures. */
const passingStates = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'],
  ...['57P01', '57P02', '57P03', '08000', '08003', '08006', '25P03', '53300', '40P01', '40001'],
])

/** The address without its password. */
function shownUrl(url: string): string {
  if (!URL.canParse(url)) return 'the database'
  const shown = new URL(url)
  shown.password = ''
  shown.search = ''
  return shown.href
}

/** Node reports a name with several addresses as an error without a text that holds one for each. */
function textOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message
  return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ')
}
