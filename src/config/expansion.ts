import { isObject } from './aliases.ts'

/** The variables that texts are filled from. */
export type Variables = Readonly<Record<string, string | undefined>>

/** A value with its variables filled in. */
export interface Expanded<T> {
  readonly value: T
  /** Texts that must not be shown or stored: what variables brought to keys, passwords and headers. */
  readonly secrets: readonly string[]
  /** Names of variables that are not set and have no default; their places stay as they are. */
  readonly missing: readonly string[]
}

/** `$${` stands for `${`; a default runs up to the next brace. */
const reference = /\$\$\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/gu

const secretWords: ReadonlySet<string> = new Set([
  'key',
  'apikey',
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  'credential',
  'credentials',
])
const secretGroup = /^(?:headers|keys)$/u
const secretVariable = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/iu

/** Members of workflows that hold texts of the user: what looks like a variable there is none. */
export const workflowTexts: ReadonlySet<string> = new Set([
  'system',
  'prompt',
  'description',
  'parameters',
  'sampling',
  'stub',
])

/** Whether the value of a key is a secret by the words of its name: `apiKey`, `X-Auth-Token`, `Authorization`. */
export function isSecretKey(key: string): boolean {
  const words = key.split(/[-_.\s]+|(?<=[a-z])(?=[A-Z])/u).map((word) => word.toLowerCase())
  return words[0] !== 'idempotency' && words.some((word) => secretWords.has(word))
}

/** Names of the variables that a text refers to without a default, in their order. */
export function variablesOf(text: string): string[] {
  return [...text.matchAll(reference)].flatMap(([, name, fallback]) =>
    name === undefined || fallback !== undefined ? [] : [name],
  )
}

/** Whether a text refers to any variable, so that it is no secret by itself. */
export function isReference(text: string): boolean {
  return [...text.matchAll(reference)].some(([, name]) => name !== undefined)
}

/**
 * Fills `${NAME}` and `${NAME:-default}` in every text of a value; keys of objects stay as they are. A variable that is
 * empty counts as not set. `$${NAME}` is the way to write `${NAME}` itself.
 */
export function expand<T>(value: T, env: Variables): Expanded<T> {
  const secrets = new Set<string>()
  const missing = new Set<string>()
  const fill = (text: string, isSecret: boolean) => {
    let fromVariables = false
    const filled = text.replaceAll(reference, (found: string, name?: string, fallback?: string) => {
      if (name === undefined) return '${'
      const set = valueOf(env, name)
      if (set === undefined && fallback === undefined) missing.add(name)
      if (set === undefined) return fallback ?? found
      fromVariables = true
      if (isSecret || secretVariable.test(name)) secrets.add(set)
      return set
    })
    if (isSecret && fromVariables) secrets.add(filled)
    return filled
  }
  return { value: walk(value, { fill, isSecret: false }) as T, secrets: [...secrets], missing: [...missing] }
}

function valueOf(env: Variables, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return value === '' ? undefined : value
}

interface Walk {
  readonly fill: (text: string, isSecret: boolean) => string
  readonly isSecret: boolean
}

function walk(value: unknown, { fill, isSecret }: Walk): unknown {
  if (typeof value === 'string') return value.includes('$') ? fill(value, isSecret) : value
  if (Array.isArray(value)) return value.map((item: unknown) => walk(item, { fill, isSecret }))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const inner = isSecret || isSecretKey(key) || secretGroup.test(key)
      return [key, walk(member, { fill, isSecret: inner })]
    }),
  )
}
