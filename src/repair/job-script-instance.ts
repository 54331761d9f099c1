import { extended } from './job-script-extends.ts'
import { isMapping, valueAt } from './job-script-read.ts'
import type { Mapping } from './job-script-read.ts'

/** A job of a pipeline, as the job of the description that it was made from, and what sets it apart. */
export interface JobInstance {
  /** Name in the description. */
  readonly name: string
  /** Its own combination of a matrix. */
  readonly matrix: Readonly<Record<string, string>>
  /** Its place among those that run side by side. */
  readonly node: Readonly<Record<string, string>>
}

const notJobs = [
  'default',
  'include',
  'stages',
  'variables',
  'workflow',
  'image',
  'services',
  'cache',
  'before_script',
  'after_script',
  'spec',
]
/** Combinations of one matrix, as on GitLab. */
const maxCombinations = 200

/** Finds the job `test`, `test 2/5` or `test: [3.12, linux]`; `undefined` where the description has no such job. */
export function instanceOf(root: Mapping, job: string): JobInstance | undefined {
  if (isJob(root, job)) return { name: job, matrix: {}, node: {} }
  const counted = numbered(root, job)
  if (counted !== undefined) return counted
  for (let at = job.indexOf(': ['); at > 0; at = job.indexOf(': [', at + 1)) {
    const name = job.slice(0, at)
    const found = isJob(root, name) ? combined(root, name, job.slice(at + 2)) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function isJob(root: Mapping, name: string): boolean {
  return !name.startsWith('.') && !notJobs.includes(name) && isMapping(valueAt(root, name))
}

function numbered(root: Mapping, job: string): JobInstance | undefined {
  const at = job.lastIndexOf(' ')
  const place = /^(\d{1,4})\/(\d{1,4})$/.exec(job.slice(at + 1))
  const name = job.slice(0, at)
  if (at < 1 || place === null || !isJob(root, name)) return undefined
  const [, index = '', total = ''] = place
  return { name, matrix: {}, node: { CI_NODE_INDEX: index, CI_NODE_TOTAL: total } }
}

function combined(root: Mapping, name: string, values: string): JobInstance | undefined {
  const combinations = combinationsOf(valueAt(extended(root, name)?.['parallel'], 'matrix'))
  const index = combinations.findIndex((one) => `[${Object.values(one).join(', ')}]` === values)
  const matrix = combinations[index]
  if (matrix === undefined) return undefined
  return { name, matrix, node: { CI_NODE_INDEX: `${index + 1}`, CI_NODE_TOTAL: `${combinations.length}` } }
}

function combinationsOf(matrix: unknown): readonly Readonly<Record<string, string>>[] {
  const rows: readonly unknown[] = Array.isArray(matrix) ? matrix : []
  return rows.filter(isMapping).flatMap((row) => {
    let combinations: Readonly<Record<string, string>>[] = [{}]
    for (const [key, value] of Object.entries(row)) {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value]
      if (combinations.length * values.length > maxCombinations) return []
      combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [key]: String(value) })))
    }
    return combinations
  })
}
