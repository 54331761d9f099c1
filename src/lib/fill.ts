/** Values by name; a dot leads into objects and lists: `order.items.0`. */
export type Variables = Readonly<Record<string, unknown>>

const placeholder = /\{\{\s*([\p{L}_][\p{L}\p{N}_.-]*)\s*\}\}/gu
const placeholderOnly = /^\s*\{\{\s*([\p{L}_][\p{L}\p{N}_.-]*)\s*\}\}\s*$/u

/**
 * Fills `{{name}}` in every text of a value, keys of objects left alone. A text that is nothing but one placeholder
 * becomes the value itself, with its type; inside a longer text, objects and lists stand as JSON. Names that are not
 * there stay as they are and are given to `onMissing`.
 */
export function fill(template: unknown, variables: Variables, onMissing?: (name: string) => void): unknown {
  if (typeof template === 'string') return fillValue(template, variables, onMissing)
  if (Array.isArray(template)) return template.map((item: unknown) => fill(item, variables, onMissing))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, variables, onMissing)]))
}

function fillValue(template: string, variables: Variables, onMissing?: (name: string) => void): unknown {
  const only = placeholderOnly.exec(template)?.[1]
  if (only === undefined) return fillText(template, variables, onMissing)
  const found = lookUp(only, variables)
  if (found === undefined) onMissing?.(only)
  return found === undefined ? template : found
}

/** Like {@link fill} for one text, which stays a text. */
export function fillText(template: string, variables: Variables, onMissing?: (name: string) => void): string {
  return template.replaceAll(placeholder, (whole, name: string) => {
    const value = lookUp(name, variables)
    if (value === undefined) onMissing?.(name)
    if (value === undefined) return whole
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}

/** The whole name goes before the way into objects, for columns are called what they are called. */
function lookUp(name: string, variables: Variables): unknown {
  if (Object.hasOwn(variables, name)) return variables[name]
  let value: unknown = variables
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}
