import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { LoadedPlan } from '../domain/experiment.ts'
import { loadPlan } from './experiment-files.ts'

/** Files by path, of which texts are written as they are and values as JSON. */
export type Files = Readonly<Record<string, unknown>>

/** Does something in a folder that holds the files, and removes it. */
export async function inFolder<T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-plan-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content, null, 1))
    }
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Loads `test_plan.yaml` of the files. */
export async function planOf(files: Files, env: Readonly<Record<string, string>> = {}): Promise<LoadedPlan> {
  return inFolder(files, (cwd) => loadPlan('test_plan.yaml', { cwd, env }))
}

/** `file:line: message` of every problem of the plan. */
export async function problemsOf(files: Files): Promise<string[]> {
  const error: unknown = await planOf(files).catch((reason: unknown) => reason)
  return problemLines(error)
}

/** `file:line: message` of every problem of an error. */
export function problemLines(error: unknown): string[] {
  if (!(error instanceof GreenloopError)) throw new Error('a GreenloopError was expected', { cause: error })
  return error.problems.map(({ message, place }) => `${place?.file}:${place?.line}: ${message}`)
}
