import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { GreenloopError } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { temporaryBeside } from '../lib/files.ts'
import { isAlive } from '../lib/process-tree.ts'

/** A lock that processes share by a file. */
export interface LockPlace {
  readonly path: string
  readonly clock: Clock
  /** Milliseconds until waiting is given up. */
  readonly maxWaitMs: number
}

/** Owners of this process that hold a lock: a process that has restarted may have the same id as before. */
const held = new Set<string>()
const pollMs = 50

/**
 * Does work while no other process, and nobody else in this one, holds the lock. The lock of a process that has died is taken
 * over. Throws `git_failed` when waiting took too long, and the signal's reason.
 */
export async function locked<T>(place: LockPlace, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const owner = `${process.pid} ${await startOf(process.pid)} ${randomUUID()}`
  held.add(owner)
  try {
    await acquire(place, owner, signal)
    return await work()
  } finally {
    held.delete(owner)
    if ((await readOwner(place.path)) === owner) await rm(place.path, { force: true })
  }
}

async function acquire(place: LockPlace, owner: string, signal: AbortSignal): Promise<void> {
  const start = place.clock.monotonic()
  while (!(await take(place.path, owner))) {
    const other = await readOwner(place.path)
    if (other !== undefined && !(await isHolding(other))) await remove(place.path, other)
    else if (place.clock.monotonic() - start > place.maxWaitMs) {
      throw new GreenloopError('git_failed', `process ${other?.split(' ')[0] ?? '?'} holds ${place.path}`, {
        help: 'wait for it to end, or end it',
      })
    } else await place.clock.sleep(pollMs, signal)
  }
}

/** By a link, so that the file is never seen half written. */
async function take(path: string, owner: string): Promise<boolean> {
  const temporary = temporaryBeside(path)
  await writeFile(temporary, owner, { flag: 'wx', mode: 0o600 })
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return false
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Moves the dead owner's file aside; where somebody else was quicker, theirs is put back. */
async function remove(path: string, owner: string): Promise<void> {
  const aside = temporaryBeside(path)
  try {
    await rename(path, aside)
    if ((await readOwner(aside)) !== owner) await link(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function readOwner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function isHolding(owner: string): Promise<boolean> {
  const [pid = '', start = ''] = owner.split(' ')
  if (!/^[1-9]\d{0,9}$/.test(pid)) return false
  if (Number(pid) === process.pid) return held.has(owner)
  return isAlive(Number(pid)) && (await startOf(Number(pid))) === start
}

/** When a process began, in ticks since the machine did; `?` where the system does not tell. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name of the program, in brackets, may itself hold brackets and blanks. The start is field 22, the state field 3.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '?'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
