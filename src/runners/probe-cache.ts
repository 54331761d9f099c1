import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { RunnerInfo } from '../domain/ports.ts'
import { writeAtomic } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { packageRoot } from './job-file.ts'

const entrySchema = z.object({
  key: z.string(),
  /** Folders of packages with the time of their last change: installing or removing a package changes it. */
  stamps: z.record(z.string(), z.number()),
  info: z.object({
    framework: z.enum(['pytest', 'vitest', 'node']),
    version: z.string(),
    executable: z.string(),
    interpreter: z.string(),
    plugins: z.record(z.string(), z.string()),
    readOnlyPaths: z.array(z.string()),
  }),
})

/** What was found by asking an interpreter, kept from one command to the next as long as nothing was installed. */
export interface ProbeCache {
  /** `undefined` where nothing is known or something has changed since. */
  recall(key: string): Promise<RunnerInfo | undefined>
  /** Keeps what was found; a cache that cannot be written is no failure. */
  keep(key: string, info: RunnerInfo): Promise<void>
}

/** Opens the cache in Greenloop's own package, or in the given folder. */
export function openProbeCache(
  folder = join(packageRoot, 'node_modules', '.cache', 'greenloop', 'probes'),
): ProbeCache {
  const fileOf = (key: string): string => join(folder, `${sha256(key).slice(0, 24)}.json`)
  return {
    recall: async (key) => {
      const text = await readFile(fileOf(key), 'utf8').catch(() => undefined)
      const entry = text === undefined ? undefined : entrySchema.safeParse(parsed(text)).data
      if (entry?.key !== key) return undefined
      const now = await stampsOf(Object.keys(entry.stamps))
      return Object.entries(entry.stamps).every(([path, time]) => now[path] === time) ? entry.info : undefined
    },
    keep: async (key, info) => {
      const stamps = await stampsOf(info.readOnlyPaths)
      try {
        await mkdir(dirname(fileOf(key)), { recursive: true })
        await writeAtomic(fileOf(key), JSON.stringify({ key, stamps, info }))
      } catch {
        // Installed read-only: then the next command asks again.
      }
    },
  }
}

async function stampsOf(paths: readonly string[]): Promise<Record<string, number>> {
  const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)))
  return Object.fromEntries(paths.flatMap((path, index) => [[path, stats[index]?.mtimeMs ?? 0]]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
