/** Keys whose content belongs to the user and stays as it is. A list under one of them holds objects of ours. */
const opaque = new Set([
  'inputs',
  'vars',
  'parameters',
  'outputs',
  'headers',
  'metadata',
  'value',
  'equals',
  'schema',
  'body',
  'options',
  'variables',
  'sampling',
  'versions',
  'keys',
  'details',
  'stub',
  'default',
])
/** Keys whose members bear names that users chose, with objects of ours behind them. */
const named = new Set(['servers', 'models'])

/**
 * A value with its keys in snake_case, as the files of experiments have them. What users named themselves (inputs,
 * parameters, headers, servers …) keeps its name. `undefined` members are left out.
 */
export function snakeKeys(value: unknown): unknown {
  return renamed(value, snake)
}

/** The way back: a value that {@link snakeKeys} has made, with its keys in camelCase. */
export function camelKeys(value: unknown): unknown {
  return renamed(value, camel)
}

type Rename = (key: string) => string

function renamed(value: unknown, rename: Rename): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => renamed(item, rename))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    entries.map(([key, member]: [string, unknown]) => [rename(key), inner(key, member, rename)]),
  )
}

function inner(key: string, value: unknown, rename: Rename): unknown {
  if (opaque.has(key) && !isListOfOurs(key, value)) return value
  if (named.has(key) && typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, renamed(member, rename)]))
  }
  return renamed(value, rename)
}

/** The parameters of a workflow are a list; those of a case are an object of the user. */
function isListOfOurs(key: string, value: unknown): boolean {
  return key === 'parameters' && Array.isArray(value)
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The same names come again with every result. */
const snaked = new Map<string, string>()
const mostSnaked = 1000

function snake(key: string): string {
  const known = snaked.get(key)
  if (known !== undefined) return known
  const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  if (snaked.size < mostSnaked) snaked.set(key, name)
  return name
}
