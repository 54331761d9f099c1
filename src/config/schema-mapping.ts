import { z } from 'zod'
import { foldName, nearest } from '../lib/nearest.ts'
import { isObject, type Mapper, type Mapping, type Members, type Sourced } from './aliases.ts'
import { itemsOf, partsOf } from './placed-values.ts'

/** How people write objects of one schema besides the way that the schema has them. */
export interface Shape {
  /** Other names to keys. A key that the schema lacks has to be taken away by `reshape`. */
  readonly aliases?: Readonly<Record<string, string>> | undefined
  /** What stands for an object, such as a bare text, as an object. */
  shorthand?(source: Sourced): Sourced
  /** Changes members before they are mapped themselves: moves, splits, renames them. */
  reshape?(members: Members, tools: ShapeTools): void
  /** Does all the mapping in place of the schema. */
  readonly mapping?: Mapping | undefined
}

/** What a shape may use. */
export interface ShapeTools {
  readonly mapper: Mapper
  /** The key that a name of a document stands for; the name itself where it stands for none. */
  readonly canonical: (name: string) => string
  /** Whether the schema has the key. */
  readonly has: (key: string) => boolean
}

/** Shapes by the schema that they belong to. */
export type Shapes = ReadonlyMap<z.core.$ZodType, Shape>

/**
 * A mapping of whatever a schema describes: keys in snake_case, camelCase or kebab-case, at any depth, and what the shapes
 * add to that. What the schema leaves open (records of unknown values) is passed on untouched.
 */
export function schemaMapping(schema: z.core.$ZodType, shapes: Shapes): Mapping {
  const inner = unwrap(schema)
  const shape = shapes.get(inner) ?? {}
  if (shape.mapping !== undefined) return shape.mapping
  if (inner instanceof z.ZodDiscriminatedUnion) return unionMapping(inner, shapes)
  if (inner instanceof z.ZodObject) return objectShape({ options: [inner], shape, shapes })
  if (inner instanceof z.ZodArray) return listOf(schemaMapping(inner.element, shapes))
  if (inner instanceof z.ZodRecord) return recordOf(schemaMapping(inner.valueType, shapes))
  return asItIs
}

const asItIs: Mapping = ({ value }) => value

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapper = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
  return isWrapper ? unwrap(schema.def.innerType) : schema
}

/** The schema of an object without what makes it optional; of a list, that of its items. */
export function innerSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrap(schema)
  return inner instanceof z.ZodArray ? innerSchema(inner.element) : inner
}

function listOf(item: Mapping): Mapping {
  if (item === asItIs) return asItIs
  return (source, mapper) =>
    Array.isArray(source.value) ? itemsOf(source).map((part) => item(part, mapper)) : source.value
}

function recordOf(member: Mapping): Mapping {
  if (member === asItIs) return asItIs
  return (source, mapper) => {
    if (!isObject(source.value)) return source.value
    return mapper.object(partsOf(source).map(([name, part]) => [name, { ...part, value: member(part, mapper) }]))
  }
}

function unionMapping(union: z.ZodDiscriminatedUnion, shapes: Shapes): Mapping {
  const options = union.def.options.filter((option) => option instanceof z.ZodObject)
  const shape = shapes.get(union) ?? {}
  return objectShape({ options, shape, shapes, discriminator: union.def.discriminator })
}

interface ObjectParts {
  readonly options: readonly z.ZodObject[]
  readonly shape: Shape
  readonly shapes: Shapes
  readonly discriminator?: string
}

type Fields = ReadonlyMap<string, Mapping>

function objectShape({ options, shape, shapes, discriminator }: ObjectParts): Mapping {
  const fields = options.map((option) => fieldsOf(option, shapes))
  const all: Fields = new Map(fields.flatMap((own) => [...own]))
  const names = new Map(Object.entries(shape.aliases ?? {}).map(([alias, key]) => [foldName(alias), key]))
  for (const key of all.keys()) names.set(foldName(key), key)
  const canonical = (name: string) => (all.has(name) ? name : (names.get(foldName(name)) ?? name))
  return (written, mapper) => {
    const source = isObject(written.value) ? written : (shape.shorthand?.(written) ?? written)
    if (!isObject(source.value)) return source.value
    const members = readMembers(source, mapper, canonical)
    shape.reshape?.(members, { mapper, canonical, has: (key) => all.has(key) })
    const kind = discriminator === undefined ? undefined : members.get(discriminator)
    if (discriminator !== undefined) reportKind(kind ?? source, options, { discriminator, mapper })
    const chosen = kind?.value
    const own = fields[options.findIndex((option) => isKind(option, discriminator, chosen))] ?? all
    const mapped = [...members].map(([key, member]): [string, Sourced] => [
      key,
      { ...member, value: own.get(key)?.(member, mapper) ?? member.value },
    ])
    return mapper.object(mapped)
  }
}

/** The schema only tells that a kind is none of its own; here the names and the nearest of them are told. */
function reportKind(
  kind: Sourced,
  options: readonly z.ZodObject[],
  { discriminator, mapper }: { discriminator: string; mapper: Mapper },
): void {
  const isMissing = isObject(kind.value)
  if (!isMissing && typeof kind.value !== 'string') return
  if (options.some((option) => isKind(option, discriminator, kind.value))) return
  const known = options.flatMap((option) => {
    const literal: unknown = option.shape[discriminator]
    return literal instanceof z.ZodLiteral ? [String(literal.value)] : []
  })
  const near = typeof kind.value === 'string' ? nearest(kind.value, known) : undefined
  const list = `known: ${known.map((name) => `\`${name}\``).join(', ')}`
  mapper.problems.push({
    message: isMissing ? `\`${discriminator}\` is missing` : `there is no ${discriminator} \`${kind.value}\``,
    place: mapper.document.locate(kind.at),
    help: near === undefined ? list : `did you mean \`${near}\`?`,
  })
}

function fieldsOf(option: z.ZodObject, shapes: Shapes): Fields {
  return new Map(Object.entries(option.shape).map(([key, schema]) => [key, schemaMapping(schema, shapes)]))
}

function isKind(option: z.ZodObject, discriminator: string | undefined, kind: unknown): boolean {
  if (discriminator === undefined) return true
  const literal: unknown = option.shape[discriminator]
  return literal instanceof z.ZodLiteral && literal.value === kind
}

function readMembers(source: Sourced, mapper: Mapper, canonical: (name: string) => string): Members {
  const members: Members = new Map()
  const named = new Map<string, string>()
  for (const [name, part] of partsOf(source)) {
    const key = canonical(name)
    const other = named.get(key)
    if (other === undefined) members.set(key, part)
    else {
      mapper.problems.push({
        message: `\`${name}\` and \`${other}\` both mean \`${key}\``,
        place: mapper.document.locate(part.at, 'key'),
        help: 'keep one of them',
      })
    }
    named.set(key, name)
  }
  return members
}

/** Takes a member away and gives it back. */
export function take(members: Members, key: string): Sourced | undefined {
  const member = members.get(key)
  members.delete(key)
  return member
}

/** Takes an object away and puts its members beside the others, under the keys they stand for; none may be there already. */
export function lift(members: Members, key: string, { canonical, mapper }: ShapeTools): void {
  const group = members.get(key)
  if (group === undefined || !isObject(group.value)) return
  members.delete(key)
  for (const [name, part] of partsOf(group)) {
    const own = canonical(name)
    const other = members.get(own)
    if (other === undefined) {
      members.set(own, part)
      continue
    }
    const { line } = mapper.document.locate(other.at, 'key')
    mapper.problems.push({
      message: `\`${name}\` is said here and on line ${line ?? '?'} as well`,
      place: mapper.document.locate(part.at, 'key'),
      help: 'keep one of them',
    })
  }
}

/** Gives a member another key, unless that one is there already. */
export function rename(members: Members, from: string, to: string): void {
  const member = members.get(from)
  if (member === undefined || members.has(to)) return
  members.delete(from)
  members.set(to, member)
}
