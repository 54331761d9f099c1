/** An object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The field of an object, where it is an object with fields itself. */
export function fieldsOf(value: unknown, name: string): Fields | undefined {
  const field = isRecord(value) ? value[name] : undefined
  return isRecord(field) ? field : undefined
}

/** The texts of a list, or of a single text. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.flat(10).filter((item) => typeof item === 'string') : []
}

/** The whole numbers of a list, or of a single number. */
export function numbersOf(value: unknown): readonly number[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => Number.isInteger(item))
}
