import type { Plan, PlannedEndpoint } from '../domain/plan.ts'
import { boundaryValues, type Boundary } from './boundaries.ts'
import { pathMatches } from './implied-endpoints.ts'
import type { DraftRow, DraftTest } from './offline-draft.ts'
import { placeholdersIn, type FilledRequest } from './offline-requests.ts'
import { isRecord, shapeOf } from './schema-shape.ts'
import { slugOf } from './slug.ts'

/** Statuses that say on valid data that the set-up is at fault, not the service. */
const setupStatuses = [401, 403, 404, 409, 429] as const

/** Drafts from the schemas of endpoints: valid data, edges, invalid data; at most `maxTestsPerEndpoint` rows each. */
export function draftEndpoints(plan: Plan, unique: (name: string) => string): DraftTest[] {
  if (plan.target.kind !== 'http') return []
  return plan.endpoints
    .filter((endpoint) => hasOwnTests(endpoint, plan))
    .flatMap((endpoint) => draft(endpoint, plan, unique))
}

/** An endpoint without schemas that a case requests is covered by that case. */
function hasOwnTests(endpoint: PlannedEndpoint, plan: Plan): boolean {
  if (plan.maxTestsPerEndpoint < 1) return false
  if (endpoint.request ?? endpoint.response ?? endpoint.exampleRequest) return true
  return !plan.cases.some(
    ({ request }) => request?.method === endpoint.method && pathMatches(endpoint.path, request.path),
  )
}

function draft(endpoint: PlannedEndpoint, plan: Plan, unique: (name: string) => string): DraftTest[] {
  const base = `${endpoint.method.toLowerCase()}_${slugOf(endpoint.path, 40) || 'root'}`
  const place = `${endpoint.method} ${endpoint.path}`
  const make = (words: string, title: string, rest: Pick<DraftTest, 'rows' | 'inconclusive'>): DraftTest => ({
    name: unique(`${base}_${words}`),
    caseId: undefined,
    title: `${place} ${title}`,
    doc: endpoint.summary === undefined ? [] : [endpoint.summary],
    labels: labelsOf(plan, place),
    preparations: [],
    call: undefined,
    construct: undefined,
    parametrised: rest.rows.length > 1,
    gap: gapOf(rest.rows),
    ...rest,
  })
  const success = {
    status: endpoint.status,
    ...(endpoint.response === undefined ? {} : { schema: endpoint.response }),
  }
  const edges = edgesOf(endpoint).slice(0, plan.maxTestsPerEndpoint - 1)
  const rows = (valid: boolean): DraftRow[] =>
    edges
      .filter((edge) => edge.valid === valid)
      .map((edge) =>
        rowOf(endpoint, edge.value, { id: edge.what, expected: valid ? success : { status: endpoint.invalidStatus } }),
      )
  const sample = rowOf(endpoint, endpoint.sampleRequest ?? undefined, { id: undefined, expected: success })
  const strict = endpoint.request === undefined || endpoint.exampleRequest !== undefined
  return [
    make('accepts_a_valid_request', 'accepts a valid request', {
      rows: [sample],
      inconclusive: strict ? [] : setupStatuses,
    }),
    ...(rows(true).length === 0
      ? []
      : [make('accepts_edges', 'accepts values at the edge', { rows: rows(true), inconclusive: setupStatuses })]),
    ...(rows(false).length === 0
      ? []
      : [make('rejects_invalid_data', 'rejects invalid data', { rows: rows(false), inconclusive: [] })]),
  ]
}

function labelsOf(plan: Plan, place: string): DraftTest['labels'] {
  return [
    ['feature', plan.feature],
    ['story', place],
    ['severity', 'normal'],
    ['tag', 'schema'],
    ...(plan.owner === '' ? [] : [['owner', plan.owner] as const]),
  ]
}

function edgesOf(endpoint: PlannedEndpoint): Boundary[] {
  if (endpoint.request === undefined) return []
  const inQuery = sendsQuery(endpoint)
  const inPath = placeholdersIn(endpoint.path)
  const properties = shapeOf(endpoint.request).schema['properties']
  return boundaryValues(endpoint.request).filter(({ what, value }) => {
    const field = what.split(' ', 1)[0] ?? ''
    if (!isRecord(value)) return !inQuery && inPath.length === 0
    if (inPath.includes(field)) return false
    // In a query everything is text, so a number is no wrong type for a text, and lists have no one form.
    const property = isRecord(properties) && isRecord(properties[field]) ? properties[field] : {}
    return (
      !inQuery || !what.endsWith('of wrong type') || !['string', 'array', 'object'].includes(shapeOf(property).type)
    )
  })
}

function sendsQuery({ method }: PlannedEndpoint): boolean {
  return ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method)
}

function rowOf(endpoint: PlannedEndpoint, data: unknown, rest: Pick<DraftRow, 'id' | 'expected'>): DraftRow {
  return { ...rest, args: [], inputs: {}, request: requestWith(endpoint, data) }
}

function requestWith(endpoint: PlannedEndpoint, data: unknown): FilledRequest {
  const names = placeholdersIn(endpoint.path)
  const fields = isRecord(data) ? data : {}
  const path = names.reduce(
    (text, name) =>
      Object.hasOwn(fields, name)
        ? text.replace(`{${name}}`, encodeURIComponent(String(fields[name]).toWellFormed()))
        : text,
    endpoint.path,
  )
  const rest = isRecord(data)
    ? Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)))
    : data
  const query = sendsQuery(endpoint)
  return {
    method: endpoint.method,
    path,
    headers: endpoint.headers,
    query: query && isRecord(rest) ? rest : {},
    body: query ? undefined : rest,
  }
}

function gapOf(rows: readonly DraftRow[]): string | undefined {
  const open = rows.flatMap((row) => placeholdersIn(row.request?.path ?? ''))
  return open.length === 0 ? undefined : `no value is known for the path parameter ${open[0]}`
}
