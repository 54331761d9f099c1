import { z } from 'zod'
import type { Pointer } from './source-document.ts'

/** The keys that an object schema knows at `path`; empty where the schema there is not an object. */
export function knownKeys(schema: z.ZodType, path: Pointer): string[] {
  const keys = schemasAt([schema], path).flatMap((found) =>
    found instanceof z.ZodObject ? Object.keys(found.shape) : [],
  )
  return [...new Set(keys)].filter((key) => key !== '$schema')
}

/** The schemas that may stand at `path`: several where the way leads through a union. */
function schemasAt(schemas: readonly z.ZodType[], path: Pointer): z.ZodType[] {
  const open = schemas.flatMap(unwrap)
  const [step, ...rest] = path
  return step === undefined
    ? open
    : schemasAt(
        open.flatMap((schema) => childOf(schema, step)),
        rest,
      )
}

/** A schema without its default, optional and the like; the members of a union. */
function unwrap(schema: z.core.$ZodType): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.def.innerType)
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in)
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap(unwrap)
  return [schema as z.ZodType]
}

function childOf(schema: z.ZodType, step: string | number): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child: unknown = Object.hasOwn(schema.shape, step) ? schema.shape[step] : undefined
    return child instanceof z.ZodType ? [child] : []
  }
  if (schema instanceof z.ZodArray) return unwrap(schema.element)
  return schema instanceof z.ZodRecord ? unwrap(schema.valueType) : []
}
