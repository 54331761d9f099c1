/** A JSON Schema, as far as suggestions need it. */
export interface Schema {
  readonly type?: string | readonly string[] | undefined
  readonly description?: string | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly additionalProperties?: Schema | boolean | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: Schema | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown
  readonly default?: unknown
  readonly anyOf?: readonly Schema[] | undefined
  readonly oneOf?: readonly Schema[] | undefined
  readonly allOf?: readonly Schema[] | undefined
}

/** The way to a value: keys, and `0` for any item of a list. */
export type Way = readonly (string | 0)[]

/** Something that may stand at a place. */
export interface Suggestion {
  /** What is shown and searched. */
  readonly label: string
  /** JSON that is put there; `#{}` marks where the cursor goes on. */
  readonly snippet: string
  readonly detail: string
  readonly info: string | undefined
  readonly isRequired: boolean
}

/** Every schema that holds for the value on a way; several where the schema leaves a choice. */
export function schemasAt(root: Schema, way: Way): readonly Schema[] {
  return way.reduce<readonly Schema[]>(
    (schemas, step) => schemas.flatMap((schema) => below(schema, step)).flatMap(choices),
    choices(root),
  )
}

/** Keys that an object may have besides those it has, the required ones first. */
export function keySuggestions(root: Schema, way: Way, present: readonly string[]): readonly Suggestion[] {
  const found = new Map<string, Suggestion>()
  for (const schema of schemasAt(root, way)) {
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      if (present.includes(key) || found.has(key)) continue
      const isRequired = schema.required?.includes(key) === true
      const snippet = `${JSON.stringify(key)}: ${valueSnippet(value)}`
      found.set(key, { label: key, snippet, detail: typeText(value), info: value.description, isRequired })
    }
  }
  return [...found.values()].toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired))
}

/** Values that may stand at a place: words of a choice, `true` and `false`, or an object or list to begin with. */
export function valueSuggestions(root: Schema, way: Way): readonly Suggestion[] {
  const found = new Map<string, Suggestion>()
  const add = (label: string, snippet: string, schema: Schema): void => {
    const suggestion = { label, snippet, detail: typeText(schema), info: schema.description, isRequired: false }
    if (!found.has(snippet)) found.set(snippet, suggestion)
  }
  for (const schema of schemasAt(root, way)) {
    const words = schema.enum ?? (schema.const === undefined ? [] : [schema.const])
    for (const word of words) add(JSON.stringify(word), JSON.stringify(word), schema)
    const types = typesOf(schema)
    if (types.includes('boolean')) for (const word of ['true', 'false']) add(word, word, schema)
    if (words.length === 0 && (types.includes('object') || types.includes('array'))) {
      add(types.includes('object') ? '{ … }' : '[ … ]', valueSnippet(schema), schema)
    }
    if (isPlain(schema.default)) add(JSON.stringify(schema.default), JSON.stringify(schema.default), schema)
  }
  return [...found.values()]
}

function below(schema: Schema, step: string | 0): readonly Schema[] {
  if (step === 0) return schema.items === undefined ? [] : [schema.items]
  const named =
    schema.properties !== undefined && Object.hasOwn(schema.properties, step) ? schema.properties[step] : undefined
  if (named !== undefined) return [named]
  return typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
}

function choices(schema: Schema): readonly Schema[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return parts.length === 0 ? [schema] : [schema, ...parts.flatMap(choices)]
}

/** A value to begin with: what is required stands there already. */
function valueSnippet(schema: Schema): string {
  const first = schema.const ?? schema.enum?.[0]
  if (typeof first === 'string') return `"#{${first}}"`
  const [type] = typesOf(schema)
  if (type === 'object') {
    const members = (schema.required ?? []).map((key) => {
      const value = schema.properties?.[key]
      return `${JSON.stringify(key)}: ${value === undefined ? '#{}' : valueSnippet(value)}`
    })
    return members.length === 0 ? '{#{}}' : `{ ${members.join(', ')} }`
  }
  if (type === 'array') return '[#{}]'
  return type === 'string' ? '"#{}"' : '#{}'
}

function typesOf(schema: Schema): readonly string[] {
  if (typeof schema.type === 'string') return [schema.type]
  return schema.type ?? [...new Set(choices(schema).slice(1).flatMap(typesOf))]
}

function typeText(schema: Schema): string {
  const words = schema.enum ?? []
  return words.length > 0 ? words.map(String).join(' | ') : typesOf(schema).join(' | ')
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}
