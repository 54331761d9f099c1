import { chmod, lstat, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMarker, isAlive, reap } from '../lib/process-tree.ts'

/** A folder for the files of one process, readable from a box. */
export interface Scratch {
  readonly folder: string
  /** What the process and all that it starts carry in their environment; the name of the folder holds it too. */
  readonly marker: string
  add(files: Readonly<Record<string, string>>): Promise<void>
  discard(): Promise<void>
}

/** Makes a {@link Scratch}. */
export async function openScratch(): Promise<Scratch> {
  const marker = createMarker()
  const folder = await mkdtemp(join(tmpdir(), `${await stem()}${process.pid}-${marker}-`))
  await chmod(folder, 0o755)
  const addOne = async ([name, text]: readonly [string, string]): Promise<void> => {
    await writeFile(join(folder, name), text)
    await chmod(join(folder, name), 0o644)
  }
  return {
    folder,
    marker,
    add: async (files) => void (await Promise.all(Object.entries(files).map(addOne))),
    discard: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Ends the jobs of processes that were killed before they could end them, and removes their folders. */
export async function sweepScratch(): Promise<void> {
  const start = await stem()
  const names = await readdir(tmpdir()).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(start))) {
    const [, pid, marker] = /^(\d{1,10})-([0-9a-f]{24})-/.exec(name.slice(start.length)) ?? []
    if (pid === undefined || marker === undefined || isAlive(Number(pid))) continue
    const path = join(tmpdir(), name)
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isDirectory() !== true || stats.uid !== process.getuid?.()) continue
    await reap(marker)
    // What another process sweeps at the same time is gone as well.
    await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

/** Process ids mean something only within one namespace, and containers may share the folder. */
async function stem(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return `greenloop-ci-${/\d+/.exec(namespace)?.[0] ?? 0}-`
}
