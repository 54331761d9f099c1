import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../lib/clock.ts'
import { killEach } from '../lib/process-tree.ts'

/** Folders in which control groups for boxes may be made; a controller that cannot be had is missing. */
export interface GroupParents {
  readonly version: 1 | 2
  readonly pids?: string
  readonly memory?: string
}

/** Control groups of one box. */
export interface ControlGroup {
  /** Files to which the launcher writes its own process id before anything else. */
  readonly join: readonly string[]
  /** Kills what is left in the groups and removes them. */
  close(): Promise<void>
}

const mountPoint = '/sys/fs/cgroup'
const maxCloseRounds = 100
const closeWaitMs = 10

/**
 * Finds the controllers that may be used here. A group that another program made (systemd, a container's launcher)
 * belongs to it, so groups are made only where this process stands at the root of the hierarchy it sees.
 */
export async function findGroupParents(): Promise<GroupParents> {
  const lines = (await readFile('/proc/self/cgroup', 'latin1').catch(() => '')).split('\n')
  const atRoot = new Set(lines.filter((line) => line.endsWith(':/')).flatMap((line) => line.split(':')[1]?.split(',')))
  const pids = atRoot.has('pids') ? await writable(join(mountPoint, 'pids')) : undefined
  const memory = atRoot.has('memory') ? await writable(join(mountPoint, 'memory')) : undefined
  if (pids !== undefined || memory !== undefined) {
    return { version: 1, ...(pids === undefined ? {} : { pids }), ...(memory === undefined ? {} : { memory }) }
  }
  const root = atRoot.has('') ? await writable(mountPoint) : undefined
  if (root === undefined) return { version: 2 }
  const given = (await readFile(join(root, 'cgroup.subtree_control'), 'latin1').catch(() => '')).trim().split(' ')
  return {
    version: 2,
    ...(given.includes('pids') ? { pids: root } : {}),
    ...(given.includes('memory') ? { memory: root } : {}),
  }
}

async function writable(folder: string): Promise<string | undefined> {
  return access(folder, constants.W_OK).then(
    () => folder,
    () => undefined,
  )
}

/** Makes the groups of one box; throws the file system's error where the kernel refuses. */
export async function openControlGroup(
  parents: GroupParents,
  box: { readonly name: string; readonly maxProcesses: number; readonly memoryBytes: number },
): Promise<ControlGroup> {
  const { name } = box
  const folders = [...new Set([parents.pids, parents.memory])]
    .filter((parent) => parent !== undefined)
    .map((parent) => join(parent, name))
  const group: ControlGroup = {
    join: folders.map((folder) => join(folder, 'cgroup.procs')),
    close: async () => void (await Promise.all(folders.map(remove))),
  }
  const memoryFile = parents.version === 1 ? 'memory.limit_in_bytes' : 'memory.max'
  try {
    for (const folder of folders) await mkdir(folder)
    if (parents.pids !== undefined) await writeFile(join(parents.pids, name, 'pids.max'), `${box.maxProcesses}`)
    if (parents.memory !== undefined) await writeFile(join(parents.memory, name, memoryFile), `${box.memoryBytes}`)
  } catch (error) {
    await group.close()
    throw error
  }
  return group
}

/** A group can be removed only when its last process is gone, which the kernel takes its time for. */
async function remove(folder: string): Promise<void> {
  const never = new AbortController().signal
  for (let round = 0; round < maxCloseRounds; round++) {
    const gone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    )
    if (gone) return
    const left = await readFile(join(folder, 'cgroup.procs'), 'latin1').catch(() => '')
    killEach(left.split('\n').filter(Boolean).map(Number))
    await sleep(closeWaitMs, never)
  }
}
