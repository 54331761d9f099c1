import { parse, stringify } from 'yaml'
import { readSafely } from '../lib/files.ts'
import { isRecord } from './ci-values.ts'
import type { Fields } from './ci-values.ts'

/** A pipeline's description with includes, extends and references filled in. */
export interface CiDocument {
  readonly root: Fields
  /** Jobs by the name in the description; one with `parallel` stands for several. */
  readonly jobs: ReadonlyMap<string, Fields>
  readonly stages: readonly string[]
}

const maxBytes = 4 * 1024 * 1024
const maxAliases = 5000
/** Names at the top that are no jobs. */
const keywords = new Set([
  'default',
  'include',
  'spec',
  'stages',
  'types',
  'variables',
  'workflow',
  'image',
  'services',
  'cache',
  'before_script',
  'after_script',
])

/** Reads what gitlab-ci-local wrote; `undefined` where it is not there, too large, or no description. */
export async function readExpanded(path: string): Promise<CiDocument | undefined> {
  const read = await readSafely(path, maxBytes)
  if (read.kind !== 'file') return undefined
  const root: unknown = parse(read.data.toString('utf8'), { maxAliasCount: maxAliases })
  if (!isRecord(root)) return undefined
  const jobs = Object.entries(root).filter(
    ([name, job]) => !keywords.has(name) && !name.startsWith('.') && isRecord(job),
  )
  const stages = Array.isArray(root['stages']) ? root['stages'].map(String) : []
  return { root, jobs: new Map(jobs as [string, Fields][]), stages }
}

/** A description with these jobs in place of those that were read, as YAML that every reader takes alike. */
export function writeDocument(document: CiDocument, jobs: ReadonlyMap<string, unknown>): string {
  const head = { stages: document.stages, variables: document.root['variables'] ?? {} }
  return stringify({ ...head, ...Object.fromEntries(jobs) }, { defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 })
}

/** The whole description, as GitLab shows it merged. */
export function mergedText({ root, jobs, stages }: CiDocument): string {
  const kept = Object.entries(root).filter(([name]) => ['variables', 'workflow'].includes(name))
  return stringify({ stages, ...Object.fromEntries(kept), ...Object.fromEntries(jobs) }, { lineWidth: 0 })
}

/** The entry that a job comes from; those of `parallel` are named `base: [1/2]` or `base: [a,b]`. */
export function baseOf(document: CiDocument, name: string): string | undefined {
  if (document.jobs.has(name)) return name
  const base = name.slice(0, Math.max(0, name.lastIndexOf(': [')))
  return document.jobs.has(base) ? base : undefined
}
