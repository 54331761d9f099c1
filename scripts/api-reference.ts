import { routes } from '../src/client/routes.ts'
import { openApiDocument } from '../src/server/openapi.ts'
import type { Json, Operation, Parameter } from '../src/server/openapi.ts'

/** The OpenAPI document as a file. */
export function openApiFile(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`
}

/** The table of operations that clients take along, as TypeScript. */
export function operationsFile(): string {
  const rows = Object.entries(routes).map(([id, { method, path }]) => `  ${id}: ['${method}', '${path}'],`)
  return `// Made from the table of operations by scripts/write-schemas.ts; do not edit.
import type { OperationId } from './routes.ts'

/** Method and path of every operation, without the schemas: small enough for a page. */
export const operations: Readonly<
  Record<OperationId, readonly [method: 'get' | 'post' | 'put' | 'delete', path: string]>
> = {
${rows.join('\n')}
}
`
}

/** The page with every operation, for people. */
export function apiPage(note: string): string {
  const document = openApiDocument()
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))]
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag)
    return `## ${tag.charAt(0).toUpperCase()}${tag.slice(1)}\n\n${own.map(operationText).join('\n')}`
  })
  return `# API

${note} Sources: \`src/client/routes-*.ts\`, \`src/domain/api-*.ts\`. For programs: [openapi.json](../openapi.json), which a
server gives at \`/v1/openapi.json\`.

Every call carries \`Authorization: Bearer TOKEN\`, or the cookie of the page. A token has a scope: \`read\` looks, \`run\` also
starts and ends runs, \`admin\` also changes settings, secrets and tokens. Changes send \`application/json\` of at most 10 MiB.

- **Errors** are \`application/problem+json\` with the codes of the command line (\`greenloop explain CODE\`), the id of the
  request, and where a body is wrong a JSON pointer to each place.
- **Lists** give \`items\`, and \`nextCursor\` where there is more: send it as \`cursor\`. The same stands in the \`Link\` header.
- **Starts** answer 202 with the run and its \`Location\`. \`Prefer: wait=10\` waits up to so many seconds (at most 30) for its end.
- **\`Idempotency-Key\`** on a POST: the same request under the same key is carried out once in 24 hours, and gets the first
  answer again with \`Idempotent-Replayed: true\`. Another body under the key is refused with 422; while the first is in flight
  the answer is 409. Answers above 256 KiB are not kept, and neither are refusals.
- **Limits**: 50 requests a second for each token with 200 at once; \`RateLimit-Remaining\` says what is left, 429 comes with
  \`Retry-After\`. Five failed logins a minute from one address.

${sections.join('\n')}`
}

function operationText({ title, operation }: { readonly title: string; readonly operation: Operation }): string {
  const { summary, operationId, parameters, requestBody } = operation
  const scope = operation['x-scope'] === 'none' ? 'no token needed' : `scope \`${operation['x-scope']}\``
  const shown = parameters.filter(({ in: place, name }) => place === 'query' || name === 'If-Match')
  const body = requestBody === undefined ? [] : bodyLines(schemaIn(requestBody, 'application/json'))
  const parts = [
    `### \`${title}\``,
    `${summary}. \`${operationId}\`, ${scope}.`,
    ...(shown.length === 0 ? [] : [shown.map(parameterLine).join('\n')]),
    ...(body.length === 0 ? [] : [`Body:\n\n${body.join('\n')}`]),
    `Answer: ${answerText(operation)}.`,
  ]
  return `${parts.join('\n\n')}\n`
}

function parameterLine({ name, in: place, description, schema, required }: Parameter): string {
  const where = place === 'header' ? 'header ' : ''
  return `- ${where}\`${name}\`${required ? ' (required)' : ''}: ${typeText(schema)}${description === undefined ? '' : `. ${description}`}`
}

function answerText({ responses }: Operation): string {
  const [status, answer] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? []
  const { content } = (answer ?? {}) as { readonly content?: Readonly<Record<string, Json>> }
  const type = Object.keys(content ?? {})[0]
  if (type === undefined) return `${status}, nothing`
  return type === 'application/json' ? `${status}, ${typeText(schemaIn({ content }, type))}` : `${status}, \`${type}\``
}

function schemaIn(part: Json, type: string): Json {
  const content = part['content'] as Readonly<Record<string, { readonly schema?: Json }>>
  return content[type]?.schema ?? {}
}

/** The keys of a body, one a line; alternatives one after the other. */
function bodyLines(schema: Json): readonly string[] {
  const node = resolved(schema)
  const branches = (node['anyOf'] ?? node['oneOf']) as readonly Json[] | undefined
  if (branches !== undefined) return branches.flatMap(bodyLines)
  const required = new Set((node['required'] ?? []) as readonly string[])
  return Object.entries((node['properties'] ?? {}) as Readonly<Record<string, Json>>).map(([key, part]) => {
    const { description, default: initial } = { ...resolved(part), ...part }
    const facts = [
      typeText(part),
      ...(required.has(key) ? ['required'] : []),
      ...(initial === undefined ? [] : [`\`${JSON.stringify(initial)}\` unless given`]),
    ]
    return `- \`${key}\`: ${facts.join(', ')}${typeof description === 'string' ? `. ${description}` : ''}`
  })
}

function resolved(schema: Json): Json {
  const name = typeof schema['$ref'] === 'string' ? schema['$ref'].split('/').at(-1) : undefined
  return name === undefined ? schema : (openApiDocument().components.schemas[name] ?? {})
}

function typeText(schema: Json): string {
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('/').at(-1) ?? ''
  const values = schema['enum'] as readonly unknown[] | undefined
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ')
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly Json[] | undefined
  if (branches !== undefined) return branches.map(typeText).join(' or ')
  if ('const' in schema) return `\`${String(schema['const'])}\``
  if (schema['type'] === 'array') return `list of ${typeText(schema['items'] as Json)}`
  const { properties } = schema as { readonly properties?: Readonly<Record<string, Json>> }
  if (properties?.['items'] !== undefined) {
    return `${'nextCursor' in properties ? 'page' : 'list'} of ${typeText((properties['items']['items'] ?? {}) as Json)}`
  }
  if (properties !== undefined)
    return `object with ${Object.keys(properties)
      .map((key) => `\`${key}\``)
      .join(', ')}`
  return typeof schema['type'] === 'string' ? schema['type'] : 'any JSON'
}
