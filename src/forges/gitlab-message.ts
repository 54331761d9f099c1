const depthLimit = 4

/**
 * What an error of GitLab says in words: `message` as a text, a list or a map of lists, `error` and `error_description`; a
 * body that is no JSON is given as it is.
 */
export function readMessage(body: string): string {
  const value = parsed(body)
  if (typeof value !== 'object' || value === null) return body.trim()
  const { message, error, error_description: description } = value as Readonly<Record<string, unknown>>
  const said = [message, error, description].map((each) => flat(each, 0)).filter((each) => each !== '')
  return said.length === 0 ? body.trim() : [...new Set(said)].join('; ')
}

function flat(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object' || value === null || depth === depthLimit) return ''
  if (Array.isArray(value)) {
    return value
      .slice(0, 100)
      .map((each: unknown) => flat(each, depth + 1))
      .filter((each) => each !== '')
      .join(', ')
  }
  return Object.entries(value)
    .slice(0, 100)
    .map(([key, each]) => [key, flat(each, depth + 1)])
    .map(([key, said]) => (key === 'base' ? said : `${key}: ${said}`))
    .join('; ')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
