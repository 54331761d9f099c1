import type { Case, Endpoint } from '../domain/suite.ts'

/** Whether a concrete or templated path falls under an endpoint's path, where `{name}` stands for one segment. */
export function pathMatches(template: string, path: string): boolean {
  const wanted = segments(template)
  const given = segments(path)
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith('{') && part.endsWith('}')))
  )
}

function segments(path: string): string[] {
  return (path.split('?', 1)[0] ?? '').split('/').filter((part) => part !== '')
}

/** Endpoints that cases use and the suite does not list, without schemas, in the order of the cases. */
export function impliedEndpoints(cases: readonly Case[], declared: readonly Endpoint[]): Endpoint[] {
  const known: Endpoint[] = [...declared]
  for (const { request } of cases) {
    if (request === undefined) continue
    const { method } = request
    const path = request.path.split('?', 1)[0] ?? request.path
    if (known.some((endpoint) => endpoint.method === method && pathMatches(endpoint.path, path))) continue
    known.push({ method, path, status: 200, invalidStatus: [400, 422], headers: {} })
  }
  return known.slice(declared.length)
}
