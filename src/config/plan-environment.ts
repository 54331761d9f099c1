import { resolve } from 'node:path'
import type { Place } from '../domain/errors.ts'
import { environmentSchema, type Environment } from '../domain/workflow.ts'
import { readDocument } from './document.ts'
import { inlineEnvironment } from './plan-document.ts'
import { attempt, filesError, type Attempt } from './plan-problems.ts'
import { readPart, type ReadPart } from './plan-view.ts'

/** Reads an environment: a file of its own, or a plan that holds one under `env`. Never throws for what is in the file. */
export async function readEnvironment(
  path: string,
  name: string,
  namedAt?: Place,
): Promise<Attempt<ReadPart<Environment>>> {
  const read = await attempt(readDocument(path, name), namedAt)
  if (!read.ok) return read
  const source = { value: read.value.value, at: [] }
  return { ok: true, value: readPart(environmentSchema, read.value, inlineEnvironment(source) ?? source) }
}

/** The environment of a file, `path` relative to `cwd`. Throws `plan_invalid` with everything that is wrong with it. */
export async function loadEnvironment(path: string, cwd: string): Promise<Environment> {
  const read = await readEnvironment(resolve(cwd, path), path)
  if (!read.ok) throw filesError('plan_invalid', `\`${path}\``, read.problems)
  const { checked, problems } = read.value
  if (!checked.ok || problems.length > 0) throw filesError('plan_invalid', `\`${path}\``, problems)
  return checked.value
}
