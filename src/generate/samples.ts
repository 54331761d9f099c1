import type { SchemaFragment } from '../domain/suite.ts'
import { isRecord, numberAt, propertiesOf, requiredOf, shapeOf, type Shape, type ShapeType } from './schema-shape.ts'

/** How {@link sampleOf} chooses where the schema leaves it free. */
interface SampleOptions {
  /** Same seed, same sample; another seed gives other texts and numbers where none are declared. */
  readonly seed?: number
}

interface Sampling {
  readonly root: SchemaFragment
  readonly seed: number
  readonly depth: number
}

/** A value that satisfies a JSON Schema fragment: examples, defaults and enums first, then types and bounds. */
export function sampleOf(schema: SchemaFragment, options: SampleOptions = {}): unknown {
  return sample(schema, { root: schema, seed: options.seed ?? 0, depth: 0 })
}

function sample(schema: SchemaFragment, at: Sampling): unknown {
  const shape = shapeOf(schema, at.root)
  const declared = declaredSample(shape.schema)
  return declared === undefined ? samplers[shape.type](shape, at) : declared.value
}

const samplers: Readonly<Record<ShapeType, (shape: Shape, at: Sampling) => unknown>> = {
  object: sampleObject,
  array: sampleArray,
  string: (shape, at) => sampleText(shape.schema, at.seed),
  integer: (shape, at) => sampleNumber(shape, at.seed),
  number: (shape, at) => sampleNumber(shape, at.seed),
  boolean: () => true,
  null: () => null,
  any: (shape) => (shape.nullable ? null : {}),
}

/** Value that the schema itself names, wrapped so that null and false count. */
function declaredSample(schema: SchemaFragment): { value: unknown } | undefined {
  if ('const' in schema) return { value: schema['const'] }
  if ('example' in schema) return { value: schema['example'] }
  if (Array.isArray(schema['examples']) && schema['examples'].length > 0) return { value: schema['examples'][0] }
  if ('default' in schema) return { value: schema['default'] }
  if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return { value: schema['enum'][0] }
  return undefined
}

const maxDepth = 6

function sampleObject(shape: Shape, at: Sampling): Record<string, unknown> {
  const required = requiredOf(shape.schema)
  const entries: [string, unknown][] = []
  for (const [name, property] of propertiesOf(shape.schema)) {
    const needed = required.includes(name)
    if (at.depth >= maxDepth && !needed) continue
    if (at.depth >= maxDepth * 2) continue
    entries.push([name, sample(property, { ...at, depth: at.depth + 1 })])
  }
  const named = new Set(entries.map(([name]) => name))
  for (const name of required) {
    if (!named.has(name)) entries.push([name, `sample-${at.seed}`])
  }
  return Object.fromEntries(entries)
}

function sampleArray(shape: Shape, at: Sampling): unknown[] {
  const least = numberAt(shape.schema, 'minItems') ?? 1
  const most = numberAt(shape.schema, 'maxItems') ?? Math.max(least, 1)
  const count = at.depth >= maxDepth ? Math.min(least, 1) : Math.min(Math.max(least, 1), most, 50)
  const item = isRecord(shape.schema['items']) ? shape.schema['items'] : { type: 'string' }
  const step = shape.schema['uniqueItems'] === true ? 1 : 0
  return Array.from({ length: count }, (_, index) =>
    sample(item, { ...at, seed: at.seed + index * step, depth: at.depth + 1 }),
  )
}

const byFormat: Readonly<Record<string, (seed: number) => string>> = {
  email: (seed) => `user${seed}@example.com`,
  uuid: (seed) => `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`,
  uri: (seed) => `https://example.com/${seed}`,
  url: (seed) => `https://example.com/${seed}`,
  hostname: (seed) => `host${seed}.example.com`,
  ipv4: (seed) => `192.0.2.${seed % 256}`,
  ipv6: (seed) => `2001:db8::${(seed % 65_536).toString(16)}`,
  date: (seed) => `2024-01-${String((seed % 28) + 1).padStart(2, '0')}`,
  time: () => '12:00:00Z',
  'date-time': (seed) => `2024-01-${String((seed % 28) + 1).padStart(2, '0')}T12:00:00Z`,
  duration: () => 'PT1H',
  byte: () => 'c2FtcGxl',
}

function sampleText(schema: SchemaFragment, seed: number): string {
  const format = schema['format']
  const known = typeof format === 'string' && Object.hasOwn(byFormat, format) ? byFormat[format] : undefined
  if (known !== undefined) return known(seed)
  return textOfLength(boundedLength(schema, 8), seed)
}

/** Text of exactly `length` characters: letters of both cases and digits, different for each seed where there is room. */
export function textOfLength(length: number, seed = 0): string {
  const tail = seed.toString(36)
  const word = 'SampleText'
  const filled = word.repeat(Math.ceil(length / word.length) + 1).slice(0, Math.max(0, length - tail.length))
  return (filled + tail).slice(0, length)
}

function boundedLength(schema: SchemaFragment, wanted: number): number {
  const least = numberAt(schema, 'minLength') ?? 0
  const most = numberAt(schema, 'maxLength') ?? Math.max(least, wanted)
  return Math.min(Math.max(least, wanted), most, 10_000)
}

/** Smallest and largest allowed number, with exclusive bounds moved by one step. */
export function boundsOf(shape: Shape): { least: number | undefined; most: number | undefined; step: number } {
  const multiple = numberAt(shape.schema, 'multipleOf')
  const above = numberAt(shape.schema, 'exclusiveMinimum')
  const below = numberAt(shape.schema, 'exclusiveMaximum')
  const minimum = numberAt(shape.schema, 'minimum')
  const maximum = numberAt(shape.schema, 'maximum')
  const room = ((below ?? maximum ?? Infinity) - (above ?? minimum ?? -Infinity)) / 4
  const step = multiple ?? (shape.type === 'integer' ? 1 : room > 0 ? Math.min(0.5, room) : 0.5)
  // OpenAPI 3.0 writes `exclusiveMinimum: true` beside `minimum`.
  const least =
    above !== undefined ? above + step : shift(minimum, shape.schema['exclusiveMinimum'] === true ? step : 0)
  const most =
    below !== undefined ? below - step : shift(maximum, shape.schema['exclusiveMaximum'] === true ? -step : 0)
  return { least, most, step }
}

function shift(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value + by
}

function sampleNumber(shape: Shape, seed: number): number {
  const { least, most, step } = boundsOf(shape)
  const start = least ?? (most !== undefined && most < 1 ? most : 1)
  const onGrid = numberAt(shape.schema, 'multipleOf') === undefined ? start : Math.ceil(start / step) * step
  const grown = onGrid + (seed % 100) * (step === 0.5 ? 1 : step)
  if (most !== undefined && grown > most) return onGrid
  return shape.type === 'integer' && !Number.isInteger(grown) ? Math.ceil(grown) : grown
}
