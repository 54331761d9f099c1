import { z } from 'zod'
import type { Pointer } from './source-document.ts'

/**
 * The keys that an object schema knows at `path`; empty where the schema there is not an object. With the value that is
 * checked, of kinds of object only the one that it says it is.
 */
export function knownKeys(schema: z.ZodType, path: Pointer, value?: unknown): string[] {
  const keys = schemasAt([schema], path, value).flatMap((found) =>
    found instanceof z.ZodObject ? Object.keys(found.shape) : [],
  )
  return [...new Set(keys)].filter((key) => key !== '$schema')
}

/** The schemas that may stand at `path`: several where the way leads through a union. */
function schemasAt(schemas: readonly z.ZodType[], path: Pointer, value: unknown): z.ZodType[] {
  const open = schemas.flatMap((schema) => unwrap(schema, value))
  const [step, ...rest] = path
  if (step === undefined) return open
  const children = open.flatMap((schema) => childOf(schema, step))
  return schemasAt(children, rest, memberOf(value, step))
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Record<string | number, unknown>)[step]
}

/** A schema without its default, optional and the like; the members of a union. */
function unwrap(schema: z.core.$ZodType, value?: unknown): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.def.innerType, value)
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in, value)
  if (schema instanceof z.ZodDiscriminatedUnion) return optionsFor(schema, value)
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap((option) => unwrap(option, value))
  return [schema as z.ZodType]
}

/** The kind that an object says it is; all of them where it says none that is known. */
function optionsFor(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodType[] {
  const options = union.def.options.flatMap((option) => unwrap(option))
  const kind = memberOf(value, union.def.discriminator)
  const own = options.filter((option) => {
    const literal: unknown = option instanceof z.ZodObject ? option.shape[union.def.discriminator] : undefined
    return literal instanceof z.ZodLiteral && literal.value === kind
  })
  return own.length === 0 ? options : own
}

function childOf(schema: z.ZodType, step: string | number): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child: unknown = Object.hasOwn(schema.shape, step) ? schema.shape[step] : undefined
    return child instanceof z.ZodType ? [child] : []
  }
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType]
  return schema instanceof z.ZodRecord ? [schema.valueType as z.ZodType] : []
}
