import type { SchemaFragment } from '../domain/suite.ts'
import { isRecord, numberAt, propertiesOf, requiredOf, shapeOf, type Shape, type ShapeType } from './schema-shape.ts'

/** How a language writes one structural check. Each function gives whole lines without indent. */
export interface CheckDialect {
  isType(value: string, type: Exclude<ShapeType, 'any'>): string
  hasKeys(value: string, names: readonly string[]): string
  onlyKeys(value: string, names: readonly string[]): string
  equals(value: string, wanted: unknown): string
  oneOf(value: string, allowed: readonly unknown[]): string
  /** `operator` compares the number, or the length where `length` is set. */
  compare(value: string, bound: { operator: '<' | '<=' | '>' | '>='; than: number; length: boolean }): string
  member(value: string, name: string): string
  whenPresent(value: string, name: string, body: readonly string[]): string[]
  whenNotNull(value: string, body: readonly string[]): string[]
  each(value: string, item: string, body: readonly string[]): string[]
}

interface Checking {
  readonly root: SchemaFragment
  readonly dialect: CheckDialect
  readonly depth: number
}

/** Assertions, written out, that a value has the structure of a schema: at most four levels of it. */
export function schemaChecks(schema: SchemaFragment, value: string, dialect: CheckDialect): string[] {
  return checks(schema, value, { root: schema, dialect, depth: 0 })
}

function checks(schema: SchemaFragment, value: string, at: Checking): string[] {
  if (at.depth > 4) return []
  const shape = shapeOf(schema, at.root)
  const found = [...fixedChecks(shape, value, at.dialect), ...typeChecks(shape, value, at)]
  if (!shape.nullable || shape.type === 'null' || found.length === 0) return found
  return at.dialect.whenNotNull(value, found)
}

function fixedChecks(shape: Shape, value: string, dialect: CheckDialect): string[] {
  if ('const' in shape.schema) return [dialect.equals(value, shape.schema['const'])]
  if (Array.isArray(shape.schema['enum'])) return [dialect.oneOf(value, shape.schema['enum'])]
  return []
}

function typeChecks(shape: Shape, value: string, at: Checking): string[] {
  if (shape.type === 'any') return []
  const own = at.dialect.isType(value, shape.type)
  if (shape.type === 'object') return [own, ...objectChecks(shape, value, at)]
  const bounded = [own, ...boundChecks(shape, value, at.dialect)]
  return shape.type === 'array' ? [...bounded, ...itemChecks(shape, value, at)] : bounded
}

function objectChecks(shape: Shape, value: string, at: Checking): string[] {
  const { dialect } = at
  const required = requiredOf(shape.schema)
  const properties = propertiesOf(shape.schema)
  const lines = required.length > 0 ? [dialect.hasKeys(value, required)] : []
  if (shape.schema['additionalProperties'] === false) {
    lines.push(dialect.onlyKeys(value, [...new Set([...properties.map(([name]) => name), ...required])]))
  }
  for (const [name, property] of properties) {
    const inner = checks(property, dialect.member(value, name), { ...at, depth: at.depth + 1 })
    if (inner.length === 0) continue
    lines.push(...(required.includes(name) ? inner : dialect.whenPresent(value, name, inner)))
  }
  return lines
}

function itemChecks(shape: Shape, value: string, at: Checking): string[] {
  if (!isRecord(shape.schema['items'])) return []
  const item = at.depth === 0 ? 'item' : `item_${at.depth}`
  const inner = checks(shape.schema['items'], item, { ...at, depth: at.depth + 1 })
  return inner.length === 0 ? [] : at.dialect.each(value, item, inner)
}

const bounds = [
  { key: 'minimum', operator: '>=', length: false },
  { key: 'maximum', operator: '<=', length: false },
  { key: 'exclusiveMinimum', operator: '>', length: false },
  { key: 'exclusiveMaximum', operator: '<', length: false },
  { key: 'minLength', operator: '>=', length: true },
  { key: 'maxLength', operator: '<=', length: true },
  { key: 'minItems', operator: '>=', length: true },
  { key: 'maxItems', operator: '<=', length: true },
] as const

function boundChecks(shape: Shape, value: string, dialect: CheckDialect): string[] {
  return bounds.flatMap(({ key, operator, length }) => {
    const than = numberAt(shape.schema, key)
    return than === undefined ? [] : [dialect.compare(value, { operator, than, length })]
  })
}
