import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { importPromptfoo } from '../config/promptfoo.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import type { Surroundings } from './surroundings.ts'
import { writeOut } from './write-out.ts'

/** A configuration of promptfoo, and where the plan that is made of it goes. */
export interface ImportInput {
  readonly path: string
  readonly out: string
  /** Whether files that are there are written over. */
  readonly force: boolean
}

/** What was made of a configuration. */
export interface ImportResult {
  readonly files: readonly string[]
  /** What was not taken over, each with its place. */
  readonly notes: readonly Problem[]
}

/** Makes plan, catalog and environment of a configuration of promptfoo. */
export async function importConfig({ path, out, force }: ImportInput, where: Surroundings): Promise<ImportResult> {
  const { files, notes } = await importPromptfoo(path, { cwd: where.cwd, folder: out })
  const folder = resolve(where.cwd, out)
  const targets = Object.entries(files).map(([name, text]) => ({ file: join(folder, name), text }))
  const taken = targets.filter(({ file }) => existsSync(file))
  if (taken.length > 0 && !force) {
    throw new GreenloopError('usage_invalid', `${taken.map(({ file }) => file).join(', ')} is there already`, {
      help: 'choose another folder with --out, or write over it with --force',
    })
  }
  for (const { file, text } of targets) await writeOut(file, text)
  return { files: targets.map(({ file }) => file), notes }
}
