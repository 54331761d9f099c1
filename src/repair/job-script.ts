import { extended } from './job-script-extends.ts'
import { instanceOf } from './job-script-instance.ts'
import { createFollow, readDescription, valueAt } from './job-script-read.ts'
import type { Mapping } from './job-script-read.ts'
import { expandAll, variablesOf } from './job-script-variables.ts'

/** What a job runs, and with which variables of its own. */
export interface JobScript {
  readonly script: string
  readonly variables: Readonly<Record<string, string>>
}

const maxScript = 100_000
const maxLines = 2000

/**
 * Script of a job as the (merged) description of its pipeline has it: `before_script` and `script` in one. `undefined` where
 * that cannot be told: the job is not there, starts a pipeline instead, or rests on something that is not there.
 */
export function jobScript(merged: string, job: string): JobScript | undefined {
  const root = readDescription(merged)
  // What is included may change defaults and variables of every job.
  if (root === undefined || isFilled(root['include'])) return undefined
  const instance = instanceOf(root, job)
  const found = instance === undefined ? undefined : extended(root, instance.name)
  if (instance === undefined || found === undefined || 'trigger' in found || 'run' in found) return undefined
  const before = linesOf('before_script' in found ? found['before_script'] : defaultOf(root, found, 'before_script'))
  const own = linesOf(found['script'])
  const variables = variablesOf(root, found)
  if (before === undefined || own === undefined || own.length === 0 || variables === undefined) return undefined
  const script = [...before, ...own].join('\n')
  if (script.length > maxScript) return undefined
  const stage = typeof found['stage'] === 'string' ? found['stage'] : 'test'
  const given = { CI: 'true', GITLAB_CI: 'true', CI_JOB_NAME: job, CI_JOB_STAGE: stage, ...instance.node }
  return { script, variables: expandAll({ ...asWritten(given), ...variables, ...asWritten(instance.matrix) }) }
}

function asWritten(values: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, { text, expand: false }]))
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

/** A key that the job takes from `default:`, or from the top as in old descriptions, unless it says that it does not. */
function defaultOf(root: Mapping, job: Mapping, key: string): unknown {
  const inherit = valueAt(job['inherit'], 'default') ?? true
  const isInherited = Array.isArray(inherit) ? inherit.includes(key) : inherit !== false
  if (!isInherited) return undefined
  return createFollow(root)(valueAt(root['default'], key) ?? root[key])
}

/** Commands of a script: a text, or lists of texts in each other. `undefined` where there is anything else. */
function linesOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return []
  const flat: readonly unknown[] = (Array.isArray(value) ? value : [value]).flat(10)
  const lines = flat.filter((line) => typeof line === 'string')
  return lines.length === flat.length && lines.length <= maxLines ? lines : undefined
}
