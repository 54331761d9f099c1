import type { SchemaFragment } from '../domain/suite.ts'

/** JSON types that a shape can have; `any` where the schema does not say. */
export type ShapeType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'any'

/** A JSON Schema fragment with references, `allOf` and the first of `anyOf`/`oneOf` folded in. */
export interface Shape {
  readonly type: ShapeType
  /** Whether null is allowed beside {@link type}. */
  readonly nullable: boolean
  /** The folded keywords themselves. */
  readonly schema: SchemaFragment
}

/** Whether a value is a plain JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Number under a keyword, or `undefined` where it is none. */
export function numberAt(schema: SchemaFragment, key: string): number | undefined {
  const value = schema[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Properties of an object schema, in their order; an unreadable one counts as `{}`. */
export function propertiesOf(schema: SchemaFragment): readonly (readonly [string, SchemaFragment])[] {
  if (!isRecord(schema['properties'])) return []
  return Object.entries(schema['properties']).map(([name, value]) => [name, isRecord(value) ? value : {}] as const)
}

/** Names of the required properties that the schema lists. */
export function requiredOf(schema: SchemaFragment): readonly string[] {
  const names = schema['required']
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : []
}

/** Folds a schema into one {@link Shape}. `root` is where `#/...` references lead; a cycle ends in `any`. */
export function shapeOf(schema: SchemaFragment, root: SchemaFragment = schema): Shape {
  const folded = fold(schema, { root, seen: [], depth: 0 })
  const { type, nullable } = typeOf(folded)
  return { type, nullable: nullable || folded['nullable'] === true, schema: folded }
}

interface Folding {
  readonly root: SchemaFragment
  readonly seen: readonly string[]
  readonly depth: number
}

function fold(schema: SchemaFragment, at: Folding): SchemaFragment {
  if (at.depth > 20) return {}
  const deeper = { ...at, depth: at.depth + 1 }
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    if (at.seen.includes(reference)) return {}
    const found = resolve(reference, at.root)
    return { ...fold(found, { ...deeper, seen: [...at.seen, reference] }), ...without(schema, ['$ref']) }
  }
  const choice = [schema['oneOf'], schema['anyOf']].find((list) => Array.isArray(list) && list.length > 0)
  const all = Array.isArray(schema['allOf']) ? schema['allOf'] : []
  const options = Array.isArray(choice) ? choice : []
  const nullOption = options.some((option) => isRecord(option) && option['type'] === 'null')
  const first: unknown = options.find((option) => !(isRecord(option) && option['type'] === 'null'))
  const parts = [...all, first].filter(isRecord).map((part) => fold(part, deeper))
  if (parts.length === 0) return schema
  const folded = [without(schema, ['allOf', 'anyOf', 'oneOf']), ...parts].reduce(merge)
  return nullOption ? { ...folded, nullable: true } : folded
}

function merge(left: SchemaFragment, right: SchemaFragment): SchemaFragment {
  const merged: SchemaFragment = { ...left, ...right }
  if (isRecord(left['properties']) && isRecord(right['properties'])) {
    merged['properties'] = { ...left['properties'], ...right['properties'] }
  }
  const required = [...new Set([...requiredOf(left), ...requiredOf(right)])]
  if (required.length > 0) merged['required'] = required
  return merged
}

function resolve(reference: string, root: SchemaFragment): SchemaFragment {
  if (!reference.startsWith('#')) return {}
  let node: unknown = root
  for (const step of reference.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    node = isRecord(node) && Object.hasOwn(node, key) ? node[key] : undefined
  }
  return isRecord(node) ? node : {}
}

function without(schema: SchemaFragment, keys: readonly string[]): SchemaFragment {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}

const types: readonly string[] = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']

function typeOf(schema: SchemaFragment): { type: ShapeType; nullable: boolean } {
  const declared: readonly unknown[] = Array.isArray(schema['type']) ? schema['type'] : [schema['type']]
  const known = declared.filter((type): type is ShapeType => typeof type === 'string' && types.includes(type))
  const type = known.find((name) => name !== 'null') ?? known[0] ?? impliedType(schema)
  return { type, nullable: known.includes('null') }
}

function impliedType(schema: SchemaFragment): ShapeType {
  if (isRecord(schema['properties']) || Array.isArray(schema['required'])) return 'object'
  if (isRecord(schema['items'])) return 'array'
  if (['minLength', 'maxLength', 'pattern', 'format'].some((key) => key in schema)) return 'string'
  if (['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].some((key) => key in schema)) {
    return 'number'
  }
  return 'any'
}
