import { snakeKeys } from '../src/lib/snake-keys.ts'

/** Members of a JSON schema that hold data, not schemas. */
const data = new Set(['default', 'const', 'enum', 'examples', 'required', 'description', 'title'])

/** A JSON schema with its properties in snake_case, as the files of experiments have them. */
export function snakeSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(snakeSchema)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]: [string, unknown]) => {
      if (key === 'properties') return [key, renamed(value)]
      if (key === 'required' && Array.isArray(value)) return [key, value.map((name) => snake(String(name)))]
      if (key === 'default') return [key, snakeKeys(value)]
      return [key, data.has(key) ? value : snakeSchema(value)]
    }),
  )
}

function renamed(properties: unknown): unknown {
  if (typeof properties !== 'object' || properties === null) return properties
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [snake(name), snakeSchema(schema)]))
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)
}
