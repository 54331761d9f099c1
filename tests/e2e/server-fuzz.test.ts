import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApiDocument } from '../../src/server/openapi.ts'
import type { Json, Operation, Parameter } from '../../src/server/openapi.ts'
import { openServiceLab } from '../support/service-lab.ts'
import type { ServiceLab } from '../support/service-lab.ts'

const document = openApiDocument()
const { schemas } = document.components
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
/** Requests of each operation. */
const tries = 6
const seed = 20_261_121

let lab: ServiceLab
beforeAll(async () => {
  lab = await openServiceLab({}, { isUnchecked: true })
  await lab.ask('POST', '/v1/generate', { json: { suite: {}, runId: 'known' } })
})
afterAll(() => lab[Symbol.asyncDispose]())

const nasty = fc.constantFrom<unknown>(
  '\0',
  '\ud800',
  '__proto__',
  'constructor',
  '../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '%E0%A4%A',
  '/etc/passwd',
  "'; DROP TABLE run; --",
  '<script>alert(1)</script>',
  'x'.repeat(20_000),
  '\u202e\u200b',
  '',
  ' ',
  0,
  -1,
  1e308,
  2 ** 53,
  -0.5,
  null,
  true,
  [],
  {},
  [[[[]]]],
  JSON.parse('{"__proto__":{"x":1},"toString":1}'),
)

/** Something that the schema allows, mostly; now and then something that nobody expects. */
function valueOf(schema: Json, depth = 0): fc.Arbitrary<unknown> {
  const good = goodValue(schema, depth)
  return fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: nasty })
}

function goodValue(schema: Json, depth: number): fc.Arbitrary<unknown> {
  const ref = schema['$ref']
  if (typeof ref === 'string') return goodValue(schemas[ref.split('/').at(-1) ?? ''] ?? {}, depth)
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly Json[] | undefined
  if (branches !== undefined) return fc.oneof(...branches.map((branch) => goodValue(branch, depth + 1)))
  if (Array.isArray(schema['enum'])) return fc.constantFrom<unknown>(...(schema['enum'] as unknown[]))
  if ('const' in schema) return fc.constant(schema['const'])
  if (schema['type'] === 'string') return stringOf(schema)
  if (schema['type'] === 'integer') return fc.integer({ min: Number(schema['minimum'] ?? 0), max: 1000 })
  if (schema['type'] === 'number') return fc.double({ min: 0.001, max: 100, noNaN: true })
  if (schema['type'] === 'boolean') return fc.boolean()
  if (schema['type'] === 'array') return fc.array(valueOf((schema['items'] ?? {}) as Json, depth + 1), { maxLength: 3 })
  if (schema['type'] === 'object' && depth < 6) return objectOf(schema, depth)
  return fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant('name: x\ncases: []'))
}

function stringOf(schema: Json): fc.Arbitrary<unknown> {
  const pattern = schema['pattern']
  if (schema['format'] === 'uri') return fc.constantFrom('http://127.0.0.1:1/x', 'https://example.invalid/hook')
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'xsmall' })
  return fc.string({ unit: 'binary', minLength: Number(schema['minLength'] ?? 0), maxLength: 60 })
}

function objectOf(schema: Json, depth: number): fc.Arbitrary<unknown> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Json>>
  const required = (schema['required'] ?? []) as string[]
  const record = fc.record(
    Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, valueOf(part, depth + 1)])),
    { requiredKeys: required },
  )
  const odd = fc.tuple(record, nasty).map(([good, value]) => ({ ...good, [textOf(value).slice(0, 50)]: value }))
  return fc.oneof({ weight: 5, arbitrary: record }, { weight: 1, arbitrary: odd })
}

function parametersOf({ parameters }: Operation, place: string): fc.Arbitrary<Record<string, string>> {
  const own = parameters.filter((parameter) => parameter.in === place)
  const one = ({ name, schema }: Parameter): fc.Arbitrary<unknown> =>
    place === 'path' && name === 'id' ? fc.oneof(fc.constant('known'), valueOf(schema)) : valueOf(schema)
  return fc
    .record(Object.fromEntries(own.map((each) => [each.name, one(each)])), place === 'path' ? {} : { requiredKeys: [] })
    .map((values) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, textOf(value).toWellFormed()])),
    )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

interface Try {
  readonly path: string
  readonly text: string | undefined
}

function requestOf(path: string, operation: Operation): fc.Arbitrary<Try> {
  const content = operation.requestBody?.['content'] as Record<string, { schema: Json }> | undefined
  const body = content === undefined ? fc.constant(undefined) : valueOf(content['application/json']?.schema ?? {})
  return fc
    .record({ path: parametersOf(operation, 'path'), query: parametersOf(operation, 'query'), body })
    .map((made) => {
      const filled = path.replaceAll(
        /\{(\w+)\}/gu,
        (_, name: string) => encodeURIComponent(made.path[name] ?? '') || '%20',
      )
      const query = new URLSearchParams(made.query).toString()
      return { path: query === '' ? filled : `${filled}?${query}`, text: JSON.stringify(made.body) }
    })
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
const withRefs = (schema: unknown): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', 'schema:')) as object
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema({ ...withRefs(schema), $id: `schema:${name}` })

/** What is wrong with an answer, in words. */
async function complaint(response: Response, operation: Operation): Promise<string | undefined> {
  const { status, headers } = response
  const type = headers.get('content-type') ?? ''
  const known = Object.keys(operation.responses)
  // The address itself is too long for HTTP.
  if (status === 431) return undefined
  if (!known.includes(String(status))) return `${status} is not in the document`
  if (status >= 500) return `${status}: ${await response.text()}`
  if (type.startsWith('text/event-stream') || status === 204) {
    await response.body?.cancel()
    return undefined
  }
  const text = await response.text()
  if (/node_modules|\.ts:\d+/u.test(text) && status >= 400) return `tells of its inside: ${text.slice(0, 300)}`
  const isProblem = status >= 400
  if (isProblem !== (type === 'application/problem+json')) return `${status} is ${type}`
  const content = (operation.responses[String(status)] as { content?: Record<string, { schema: object }> }).content
  const schema = isProblem ? { $ref: 'schema:Problem' } : content?.['application/json']?.schema
  if (schema === undefined || (!isProblem && !type.startsWith('application/json'))) return undefined
  const isValid = ajv.validate(withRefs(schema), JSON.parse(text))
  return isValid ? undefined : `${status} does not fit its schema: ${ajv.errorsText()} in ${text.slice(0, 300)}`
}

it('answers every operation as the document says, whatever comes', async () => {
  const complaints: string[] = []
  const seen = new Set<number>()
  for (const { path, method, operation } of operations) {
    for (const request of fc.sample(requestOf(path, operation), { numRuns: tries, seed })) {
      const name = `${method} ${request.path.slice(0, 120)} ${request.text?.slice(0, 200) ?? ''}`
      const response = await lab.ask(method.toUpperCase(), request.path, {
        ...(request.text === undefined ? {} : { text: request.text }),
        signal: AbortSignal.timeout(20_000),
      })
      seen.add(response.status)
      const wrong = await complaint(response, operation)
      if (wrong !== undefined) complaints.push(`${name}\n  ${wrong}`)
    }
  }
  expect(complaints).toEqual([])
  expect(lab.failures).toEqual([])
  expect([...seen]).toEqual(expect.arrayContaining([200, 202, 400, 404]))
  expect((await lab.ask('GET', '/v1/runs')).status).toBe(200)
})
