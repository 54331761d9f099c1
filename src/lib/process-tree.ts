import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'

/** Variable by which {@link reap} finds descendants that left their process group. */
export const markerName = 'GREENLOOP_PROCESS'

/** A new value for {@link markerName}, unique to one process. */
export function createMarker(): string {
  return randomBytes(12).toString('hex')
}

const maxReapRounds = 20
const maxWrappers = 8

/** Sends a signal to a process group; one that is gone already is no failure. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // Gone already, or never ours.
  }
}

/**
 * Asks a process group to end. bubblewrap would die of TERM and take its box down without any grace, so the signal
 * goes to the group of the command inside it.
 */
export function askToEnd(pid: number): void {
  signalGroup(innerGroup(pid), 'SIGTERM')
}

function innerGroup(pid: number): number {
  if (process.platform !== 'linux') return pid
  let leader = pid
  for (let depth = 0, at = pid; depth < maxWrappers && readProc(at, 'comm').trim() === 'bwrap'; depth++) {
    leader = at
    const [child] = readProc(at, `task/${at}/children`).split(' ')
    if (child === undefined || child === '') return leader
    at = Number(child)
  }
  return leader
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

/**
 * Kills every process whose environment carries the marker, again until none is found (they may fork meanwhile).
 * Answers how many there were. Works on Linux; elsewhere it does nothing.
 */
export async function reap(marker: string): Promise<number> {
  if (process.platform !== 'linux') return 0
  let total = 0
  for (let round = 0; round < maxReapRounds; round++) {
    const found = await findMarked(`${markerName}=${marker}`)
    if (found.length === 0) break
    total += found.length
    killEach(found)
  }
  return total
}

async function findMarked(entry: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const marked = await Promise.all(pids.map(async (pid) => pid !== process.pid && (await carries(pid, entry))))
  return pids.filter((_, index) => marked[index])
}

/** A zombie has an empty environment, so the dead are not counted again. */
async function carries(pid: number, entry: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return `\0${environment}`.includes(`\0${entry}\0`)
}

/** Kills single processes; those that are gone are skipped. */
export function killEach(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself in between.
    }
  }
}

/** Whether a process with this id is there; one that belongs to somebody else counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
