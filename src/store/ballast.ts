import { rmSync } from 'node:fs'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file that only takes room, so that there is some to give back when the disk is full. */
export interface Ballast {
  /** Takes the room where it is not taken yet and the disk has plenty; never fails. */
  ensure(): Promise<void>
  /** Gives the room back; says whether there was any. */
  release(): boolean
}

const block = 1024 * 1024
/** The ballast must not be what fills the disk. */
const plentyTimes = 4

/** A ballast of so many bytes at `path`; none at all for 0. */
export function createBallast(path: string, bytes: number): Ballast {
  const ensure = async (): Promise<void> => {
    if (bytes === 0) return
    try {
      const there = await stat(path).catch(() => undefined)
      if (there !== undefined && there.size >= bytes) return
      const { bavail, bsize } = await statfs(path).catch(() => statfs(dirname(path)))
      if (bavail * bsize >= bytes * plentyTimes) await fill(path, bytes)
    } catch {
      // Half a ballast would be taken for a whole one by nobody: its size tells.
      await rm(path, { force: true }).catch(() => {})
    }
  }
  const release = (): boolean => {
    try {
      rmSync(path)
      return true
    } catch {
      return false
    }
  }
  return { ensure, release }
}

async function fill(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    // Not zeros: some file systems do not store them.
    const data = Buffer.alloc(Math.min(block, bytes), 'ballast ')
    for (let at = 0; at < bytes; at += data.length) await handle.write(data, 0, Math.min(data.length, bytes - at), at)
  } finally {
    await handle.close()
  }
}
