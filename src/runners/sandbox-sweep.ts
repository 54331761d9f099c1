import { existsSync } from 'node:fs'
import { lstat, readdir, readlink, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { GroupParents } from './sandbox-cgroup.ts'

/** Where the files of boxes lie. A fixed place: users other than root must be able to walk there. */
export const boxParent = '/tmp'

const prefix = 'greenloop-box'

/** Beginning of the names of all that this process makes for boxes; says who owns it, for {@link sweepBoxes}. */
export async function boxStem(): Promise<string> {
  return `${await namespaceStem()}${process.pid}-`
}

/** Process ids mean something only within one namespace, and containers may share /tmp. */
async function namespaceStem(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return `${prefix}-${/\d+/.exec(namespace)?.[0] ?? 0}-`
}

/** Removes the folders and control groups of boxes whose owner was killed before it could. */
export async function sweepBoxes(groups: GroupParents): Promise<void> {
  const stem = await namespaceStem()
  await removeDead(boxParent, stem, async (path) => {
    const stats = await lstat(path)
    if (stats.isDirectory() && stats.uid === process.getuid?.()) await rm(path, { recursive: true, force: true })
  })
  // The kernel refuses to remove a group that still holds a process.
  for (const parent of [groups.pids, groups.memory]) {
    if (parent !== undefined) await removeDead(parent, stem, rmdir)
  }
}

async function removeDead(parent: string, stem: string, remove: (path: string) => Promise<void>): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  const dead = names.filter((name) => name.startsWith(stem) && !isAlive(name.slice(stem.length)))
  // What another process sweeps at the same time is gone as well.
  await Promise.all(dead.map((name) => remove(join(parent, name)).catch(() => {})))
}

function isAlive(ownerAndRest: string): boolean {
  const pid = Number.parseInt(ownerAndRest, 10)
  return Number.isNaN(pid) || existsSync(`/proc/${pid}`)
}
