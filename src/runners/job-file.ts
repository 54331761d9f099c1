import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunnerJob } from '../domain/ports.ts'

/** Folder of what runs inside the frameworks' own processes. */
export const pluginsFolder = fileURLToPath(new URL('plugins/', import.meta.url)).replace(/\/$/, '')

/** Root of Greenloop's own package, where its own copies of the frameworks lie. */
export const packageRoot = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

/**
 * Writes what a plugin has to know into the scratch folder and returns the environment of its process: the job's own,
 * with GREENLOOP_JOB and GREENLOOP_CHANNEL_FD.
 */
export async function writeJobFile(
  job: RunnerJob,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, string>> {
  const path = join(job.scratchDir, 'greenloop-job.json')
  const { args: _, env, ...told } = job
  await writeFile(path, JSON.stringify({ ...told, ...more }))
  return { ...env, GREENLOOP_JOB: path, GREENLOOP_CHANNEL_FD: '3' }
}

/** Files that ids stand in, each once, in the order of the ids; `separator` ends the file's name in an id. */
export function filesOfIds(ids: readonly string[], separator: string): string[] {
  return [...new Set(ids.map((id) => id.split(separator, 1)[0] ?? id))]
}

/** Paths as arguments that no parser takes for options. */
export function pathArguments(paths: readonly string[]): string[] {
  return paths.map((path) => (path.startsWith('-') ? `./${path}` : path))
}
