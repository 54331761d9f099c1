import type { SchemaFragment } from '../domain/suite.ts'
import { boundsOf, sampleOf, textOfLength } from './samples.ts'
import { isRecord, numberAt, propertiesOf, requiredOf, shapeOf, type Shape } from './schema-shape.ts'

/** One value at an edge of a schema. */
export interface Boundary {
  /** Short words for a test id, such as `age above maximum`. */
  readonly what: string
  readonly value: unknown
  /** Whether the schema allows the value. */
  readonly valid: boolean
}

/**
 * Values just inside and just outside the bounds of a schema, one fault in each. Invalid and valid ones take turns,
 * so that a limit keeps both. `pattern` is left alone: no wrong text can be told from it with certainty.
 */
export function boundaryValues(schema: SchemaFragment, options: { seed?: number; limit?: number } = {}): Boundary[] {
  const shape = shapeOf(schema)
  const seed = options.seed ?? 1
  const found = shape.type === 'object' ? objectEdges(shape, schema, seed) : scalarEdges(shape, schema)
  return takeTurns(found).slice(0, options.limit ?? found.length)
}

function takeTurns(found: readonly Boundary[]): Boundary[] {
  const invalid = found.filter((edge) => !edge.valid)
  const valid = found.filter((edge) => edge.valid)
  const mixed: Boundary[] = []
  for (let index = 0; index < Math.max(invalid.length, valid.length); index++) {
    mixed.push(...invalid.slice(index, index + 1), ...valid.slice(index, index + 1))
  }
  return mixed
}

function objectEdges(shape: Shape, root: SchemaFragment, seed: number): Boundary[] {
  const required = requiredOf(shape.schema)
  // Each valid body gets a seed of its own, so that a service which wants unique values accepts them all.
  let next = seed
  const base = (): Record<string, unknown> => {
    const made = sampleOf(root, { seed: next++ })
    return isRecord(made) ? made : {}
  }
  const edges: Boundary[] = required.map((name) => {
    const { [name]: _dropped, ...rest } = base()
    return { what: `${name} missing`, value: rest, valid: false }
  })
  for (const [name, property] of propertiesOf(shape.schema)) {
    for (const edge of scalarEdges(shapeOf(property, root), root)) {
      edges.push({ ...edge, what: `${name} ${edge.what}`, value: { ...base(), [name]: edge.value } })
    }
  }
  const optional = propertiesOf(shape.schema).filter(([name]) => !required.includes(name))
  if (optional.length > 0) {
    const body = base()
    const minimal = Object.fromEntries(required.filter((name) => name in body).map((name) => [name, body[name]]))
    edges.push({ what: 'required fields only', value: minimal, valid: true })
  }
  if (shape.schema['additionalProperties'] === false) {
    edges.push({ what: 'unknown field', value: { ...base(), greenloop_unknown: 1 }, valid: false })
  }
  return edges
}

function scalarEdges(shape: Shape, root: SchemaFragment): Boundary[] {
  const edges = [...enumEdges(shape), ...wrongType(shape)]
  const fixed = 'const' in shape.schema || Array.isArray(shape.schema['enum'])
  if (fixed) return edges
  if (shape.type === 'integer' || shape.type === 'number') edges.unshift(...numberEdges(shape))
  if (shape.type === 'string') edges.unshift(...lengthEdges(shape))
  if (shape.type === 'array') edges.unshift(...itemEdges(shape, root))
  return edges
}

function enumEdges(shape: Shape): Boundary[] {
  const values = shape.schema['enum']
  if (!Array.isArray(values)) return []
  const allowed = values.map((value: unknown) => ({ what: `is ${String(value)}`, value, valid: true }))
  const outside = values.every((value) => typeof value === 'number') ? Math.max(...values) + 1 : 'not-in-enum'
  return [...allowed, { what: 'outside enum', value: outside, valid: false }]
}

const wrongValue: Readonly<Record<Shape['type'], unknown>> = {
  object: 'not an object',
  array: 'not a list',
  string: 12_345,
  integer: 'not a number',
  number: 'not a number',
  boolean: 'not a boolean',
  null: 'not null',
  any: undefined,
}

function wrongType(shape: Shape): Boundary[] {
  const value = wrongValue[shape.type]
  return value === undefined ? [] : [{ what: 'of wrong type', value, valid: false }]
}

function numberEdges(shape: Shape): Boundary[] {
  const { least, most, step } = boundsOf(shape)
  const edges: Boundary[] = []
  const multiple = numberAt(shape.schema, 'multipleOf')
  const onGrid = (value: number): boolean => multiple === undefined || Number.isInteger(value / multiple)
  if (least !== undefined && onGrid(least)) {
    edges.push({ what: 'at minimum', value: least, valid: true })
    edges.push({ what: 'below minimum', value: least - step, valid: false })
  }
  if (most !== undefined && onGrid(most)) {
    edges.push({ what: 'at maximum', value: most, valid: true })
    edges.push({ what: 'above maximum', value: most + step, valid: false })
  }
  return edges
}

const longest = 10_000

function lengthEdges(shape: Shape): Boundary[] {
  // A text made to length would break these, so that the fault would not be the length alone.
  if ('pattern' in shape.schema || 'format' in shape.schema) return []
  const least = numberAt(shape.schema, 'minLength')
  const most = numberAt(shape.schema, 'maxLength')
  const edges: Boundary[] = []
  if (least !== undefined && least > 0 && least <= longest) {
    edges.push({ what: 'at minimum length', value: textOfLength(least), valid: true })
    edges.push({ what: 'too short', value: textOfLength(least - 1), valid: false })
  }
  if (most !== undefined && most < longest && most >= 0) {
    edges.push({ what: 'at maximum length', value: textOfLength(most), valid: true })
    edges.push({ what: 'too long', value: textOfLength(most + 1), valid: false })
  }
  return edges
}

function itemEdges(shape: Shape, root: SchemaFragment): Boundary[] {
  const least = numberAt(shape.schema, 'minItems')
  const most = numberAt(shape.schema, 'maxItems')
  const item = isRecord(shape.schema['items']) ? shapeOf(shape.schema['items'], root).schema : { type: 'string' }
  const list = (count: number): unknown[] => Array.from({ length: count }, (_, seed) => sampleOf(item, { seed }))
  const edges: Boundary[] = []
  if (least !== undefined && least > 0 && least <= 100) {
    edges.push({ what: 'with fewest items', value: list(least), valid: true })
    edges.push({ what: 'with too few items', value: list(least - 1), valid: false })
  }
  if (most !== undefined && most < 100) {
    edges.push({ what: 'with most items', value: list(most), valid: true })
    edges.push({ what: 'with too many items', value: list(most + 1), valid: false })
  }
  return edges
}
