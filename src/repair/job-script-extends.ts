import { broken, createFollow, isMapping, valueAt } from './job-script-read.ts'
import type { Mapping } from './job-script-read.ts'

/** What matters of a job here; a broken reference elsewhere in it does no harm. */
const keys = ['script', 'before_script', 'variables', 'parallel', 'inherit', 'stage', 'extends', 'trigger', 'run']
/** Levels of `extends`, as on GitLab. */
const maxLevels = 11
const maxParents = 100

/** A job with all that it extends; `undefined` where something of it is not there, goes in a circle, or nests too deep. */
export function extended(root: Mapping, name: string): Mapping | undefined {
  const follow = createFollow(root)
  let left = maxParents
  const of = (job: string, level: number): Mapping | undefined => {
    const raw = valueAt(root, job)
    if (!isMapping(raw) || level > maxLevels || --left < 0) return undefined
    const own = follow(Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(raw, key) ? [[key, raw[key]]] : []))))
    if (own === broken || !isMapping(own)) return undefined
    let whole: Mapping = {}
    for (const parent of parentsOf(own['extends'])) {
      const above = typeof parent === 'string' ? of(parent, level + 1) : undefined
      if (above === undefined) return undefined
      whole = merged(whole, above)
    }
    return merged(whole, own)
  }
  return of(name, 0)
}

function parentsOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

/** Mappings go into each other, everything else takes the place of what was there. */
function merged(below: Mapping, above: Mapping): Mapping {
  const both = Object.entries(above).map(([key, value]) => {
    const other = valueAt(below, key)
    return [key, isMapping(other) && isMapping(value) ? merged(other, value) : value] as const
  })
  return { ...below, ...Object.fromEntries(both) }
}
