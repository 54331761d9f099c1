import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CheckSpec } from '../domain/check.ts'
import type { Evaluation } from '../domain/experiment.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { createCompiled } from './check-compiled.ts'
import { nameOf } from './check-name.ts'
import type { Compiled } from './check-parts.ts'
import { isKnownSubject } from './check-subject.ts'

/** What checks may name. */
export interface CheckSurroundings {
  /** Names of models that judge, and of those that make embeddings. */
  readonly models: readonly string[]
  readonly embed: readonly string[]
  readonly evaluation: Pick<Evaluation, 'judge' | 'embeddings'>
  /** Folder that files of checks are relative to. */
  readonly folder: string
}

/**
 * What is wrong with checks before any trial runs: patterns, schemas and paths that cannot be read, files and models
 * that are not there. Texts with placeholders are left for the rows that fill them.
 */
export function checkProblems(checks: readonly CheckSpec[], around: CheckSurroundings): Problem[] {
  const compiled = createCompiled()
  return checks.flatMap((check) => {
    const faults = [...faultOf(() => compileAll(check, compiled)), ...namesMissing(check, around)]
    return faults.map((fault) => ({ message: `check \`${nameOf(check)}\`: ${fault}` }))
  })
}

function compileAll(check: CheckSpec, compiled: Compiled): void {
  if (check.type === 'regex' && isPlain(check.pattern)) compiled.regex(check.pattern, check.flags)
  if (check.type === 'json_schema' && isPlain(JSON.stringify(check.schema))) compiled.schema(check.schema)
  if (check.type === 'json_path' && check.regex !== undefined && isPlain(check.regex)) compiled.regex(check.regex, 'u')
  const path = check.type === 'json_path' || check.type === 'range' ? check.path : undefined
  if (path !== undefined && isPlain(path)) compiled.path(path)
}

function isPlain(text: string): boolean {
  return !text.includes('{{')
}

function faultOf(make: () => void): string[] {
  try {
    make()
    return []
  } catch (error) {
    if (error instanceof GreenloopError) return [error.message]
    throw error
  }
}

function namesMissing(check: CheckSpec, { models, embed, evaluation, folder }: CheckSurroundings): string[] {
  const faults = isKnownSubject(check.on)
    ? []
    : [`\`on: ${check.on}\` is none of text, outputs, outputs.KEY, node:NAME and conversation`]
  if (check.type === 'judge') faults.push(...missingModel(check.model ?? evaluation.judge, models, 'evaluation.judge'))
  if (check.type === 'similarity' && check.method === 'embedding') {
    faults.push(...missingModel(check.model ?? evaluation.embeddings, embed, 'evaluation.embeddings'))
  }
  const file = check.type === 'function' || check.type === 'python' ? check.file : undefined
  if (file !== undefined && !existsSync(resolve(folder, file))) faults.push(`there is no file ${resolve(folder, file)}`)
  return faults
}

function missingModel(name: string | undefined, known: readonly string[], setting: string): string[] {
  if (name === undefined) return [`no model is named; set \`model\` of the check or \`${setting}\``]
  const list = known.length === 0 ? 'none' : known.join(', ')
  return known.includes(name) ? [] : [`there is no model ${name} in the environment; there are: ${list}`]
}
