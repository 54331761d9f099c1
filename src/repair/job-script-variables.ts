import { broken, createFollow, isMapping, valueAt } from './job-script-read.ts'
import type { Mapping } from './job-script-read.ts'

/** A variable as it is written. */
export interface WrittenVariable {
  readonly text: string
  /** Whether names of other variables within it are filled in. */
  readonly expand: boolean
}

const name = /^[A-Za-z_][A-Za-z0-9_]*$/
const maxVariables = 500
const maxText = 32_768

/** Variables of the whole description and of a job; `undefined` where one is nothing that a variable can be. */
export function variablesOf(root: Mapping, job: Mapping): Readonly<Record<string, WrittenVariable>> | undefined {
  const inherit = valueAt(job['inherit'], 'variables') ?? true
  const isInherited = (key: string) => (Array.isArray(inherit) ? inherit.includes(key) : inherit !== false)
  const common = createFollow(root)(root['variables'] ?? {})
  const own = job['variables'] ?? {}
  if (common === broken || !isMapping(common) || !isMapping(own)) return undefined
  const all = [...Object.entries(common).filter(([key]) => isInherited(key)), ...Object.entries(own)]
  const read = all.filter(([key]) => name.test(key)).map(([key, value]) => [key, readVariable(value)] as const)
  const known = read.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))
  return known.length < read.length || known.length > maxVariables ? undefined : Object.fromEntries(known)
}

function readVariable(value: unknown): WrittenVariable | undefined {
  if (isMapping(value)) {
    const inner = readVariable(value['value'] ?? '')
    return inner === undefined ? undefined : { ...inner, expand: value['expand'] !== false }
  }
  if (value === null) return { text: '', expand: true }
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  const text = isPlain ? String(value) : undefined
  return text === undefined || text.length > maxText ? undefined : { text, expand: true }
}

/** Variables that stay as they are written, because only the place where the job runs gives them a value. */
const later = ['CI_PROJECT_DIR', 'CI_BUILDS_DIR', 'PATH', 'HOME', 'PWD']

/**
 * Fills `$NAME` and `${NAME}` within variables as a runner does: `$$` is a dollar, what is not known is empty. A value that
 * leads to itself, or grows beyond 32,768 characters, stays as it is written.
 */
export function expandAll(variables: Readonly<Record<string, WrittenVariable>>): Readonly<Record<string, string>> {
  const done = new Map<string, string>()
  const open = new Set<string>()
  const valueOf = (key: string): string => {
    const written = Object.hasOwn(variables, key) ? variables[key] : undefined
    if (written === undefined) return later.includes(key) ? `\${${key}}` : ''
    const known = done.get(key)
    if (known !== undefined || !written.expand || open.has(key)) return known ?? written.text
    open.add(key)
    let room = maxText
    const text = written.text.replaceAll(
      /\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g,
      (_whole, plain: string | undefined, braced: string | undefined) => {
        const other = plain ?? braced
        const value = other === undefined ? '$' : room < 0 ? '' : valueOf(other)
        room -= value.length
        return value
      },
    )
    open.delete(key)
    const value = room < 0 ? written.text : text
    done.set(key, value)
    return value
  }
  return Object.fromEntries(Object.keys(variables).map((key) => [key, valueOf(key)]))
}
