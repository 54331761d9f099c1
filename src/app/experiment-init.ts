import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { firstFiles } from './experiment-init-files.ts'
import type { InitTarget } from './experiment-init-files.ts'
import { writeOut } from './write-out.ts'

/**
 * Writes the files of a first experiment into a folder, relative to the working folder, and gives their paths from there.
 * Throws `usage_invalid` where one of them is there already; nothing is written over.
 */
export async function initExperiment(cwd: string, folder: string, target: InitTarget): Promise<readonly string[]> {
  const files = firstFiles(target)
  const taken = Object.keys(files).filter((name) => existsSync(resolve(cwd, folder, name)))
  if (taken.length > 0) {
    throw new GreenloopError('usage_invalid', `${folder} holds ${taken.join(', ')} already`, {
      help: 'name another folder',
    })
  }
  for (const [name, text] of Object.entries(files)) await writeOut(resolve(cwd, folder, name), text)
  return Object.keys(files).map((name) => relative(cwd, join(resolve(cwd, folder), name)))
}
