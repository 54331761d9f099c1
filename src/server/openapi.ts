import { z } from 'zod'
import { routes } from '../client/routes.ts'
import type { RouteSpec } from '../client/route-spec.ts'
import * as admin from '../domain/api-admin.ts'
import { problemEntrySchema, problemSchema } from '../domain/api-common.ts'
import * as experiment from '../domain/api-experiment.ts'
import * as files from '../domain/api-files.ts'
import * as history from '../domain/api-history.ts'
import { patchCheckSchema } from '../domain/api-patch.ts'
import { repairViewSchema } from '../domain/api-repair.ts'
import * as run from '../domain/api-run.ts'
import * as start from '../domain/api-start.ts'

/** Shapes that stand once in the document, under a name. */
const named: Readonly<Record<string, z.ZodType>> = {
  Problem: problemSchema,
  ProblemEntry: problemEntrySchema,
  Run: run.runSchema,
  RunDetail: run.runDetailSchema,
  RunProgress: run.runProgressSchema,
  RunEvent: run.runEventSchema,
  Artifact: run.artifactSchema,
  GeneratedBy: run.generatedBySchema,
  Log: run.logSchema,
  Task: run.taskSchema,
  TaskDetail: run.taskDetailSchema,
  Attempt: run.attemptSchema,
  PastOutcome: run.pastOutcomeSchema,
  FailureHistory: history.failureHistorySchema,
  FlakyTest: history.flakyTestSchema,
  RunComparison: history.runComparisonSchema,
  ModelChoice: start.modelChoiceSchema,
  ExecutionChoice: start.executionChoiceSchema,
  GenerateBody: start.generateBodySchema,
  PipelineBody: start.pipelineBodySchema,
  ExecutionBody: start.executionBodySchema,
  ExperimentBody: start.experimentBodySchema,
  RepairBody: start.repairBodySchema,
  Suite: files.suiteEntrySchema,
  SuiteDetail: files.suiteDetailSchema,
  SuiteCheck: files.suiteCheckSchema,
  PlanPreview: files.planPreviewSchema,
  Plan: files.planEntrySchema,
  PlanDetail: files.planDetailSchema,
  Combination: files.combinationSchema,
  PatchCheck: patchCheckSchema,
  Matrix: experiment.matrixSchema,
  MatrixCell: experiment.matrixCellSchema,
  Comparison: experiment.comparisonSchema,
  Repair: repairViewSchema,
  Setting: admin.settingSchemaOfApi,
  Model: admin.modelSchema,
  Secret: admin.secretSchema,
  Token: admin.tokenSchema,
  NewToken: admin.newTokenSchema,
  Session: admin.sessionSchema,
  Webhook: admin.webhookSchema,
  NewWebhook: admin.newWebhookSchema,
  Delivery: admin.deliverySchema,
  AuditEntry: admin.auditSchema,
  System: admin.systemSchema,
}

/** A JSON Schema of draft 2020-12, or another part of the document. */
export type Json = Readonly<Record<string, unknown>>

/** The whole API as OpenAPI 3.1. The same table makes the routes, the checks and this. */
export function openApiDocument(): OpenApi {
  return (built ??= build())
}

let built: OpenApi | undefined

/** The parts of the document that others look into. */
export interface OpenApi {
  readonly openapi: string
  readonly info: Json
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly [part: string]: unknown }
  readonly [part: string]: unknown
}

/** One operation as the document has it. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly 'x-scope': string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: Json | undefined
  readonly responses: Json
  readonly [part: string]: unknown
}

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string | undefined
  readonly schema: Json
}

function build(): OpenApi {
  for (const [id, schema] of Object.entries(named)) z.globalRegistry.add(schema, { ...schema.meta(), id })
  const schemas: Record<string, Json> = {}
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => reference(schema, { io, schemas })
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [id, spec] of Object.entries(routes as Readonly<Record<string, RouteSpec>>)) {
    paths[spec.path] = { ...paths[spec.path], [spec.method]: operationOf(id, spec, schemaOf) }
  }
  schemaOf(problemSchema, 'output')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Greenloop',
      version: '1',
      description:
        'From a test specification to a green pipeline. Every call but those of `/v1/session` needs a bearer token or the cookie of the page. A start answers 202 at once; the run is followed at its `Location` and by its events.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { cookie: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([one], [other]) => (one < other ? -1 : 1))),
      responses: Object.fromEntries(problems.map(({ status, when }) => [`Problem${status}`, problemAnswer(when)])),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: '__Host-greenloop' },
      },
    },
  }
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json

function operationOf(id: string, spec: RouteSpec, schemaOf: SchemaOf): Operation {
  const scope = spec.scope === 'none' ? 'No caller is needed.' : `Needs the scope \`${spec.scope}\`.`
  return {
    operationId: id,
    summary: spec.summary,
    description: scope,
    tags: [spec.tag],
    'x-scope': spec.scope,
    ...(spec.scope === 'none' ? { security: [] } : {}),
    parameters: [
      ...parametersOf(spec.params, 'path', schemaOf),
      ...parametersOf(spec.query, 'query', schemaOf),
      ...headersOf(id, spec),
    ],
    ...(spec.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(spec.body, 'input') } } } }),
    responses: responsesOf(spec, schemaOf),
  }
}

function parametersOf(schema: z.ZodObject | undefined, place: string, schemaOf: SchemaOf): Parameter[] {
  if (schema === undefined) return []
  return Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>).map(([name, part]) => {
    const { description, ...rest } = schemaOf(part, 'input')
    const required = place === 'path' || !part.safeParse(undefined).success
    return { name, in: place, required, ...(typeof description === 'string' ? { description } : {}), schema: rest }
  })
}

function headersOf(id: string, { method, path }: RouteSpec): Parameter[] {
  const header = (name: string, description: string, schema: Json): Parameter => ({
    name,
    in: 'header',
    required: false,
    description,
    schema,
  })
  const isStart = id.startsWith('start') && id !== 'startSession'
  return [
    ...(method === 'post' && path !== '/v1/session'
      ? [
          header(
            'Idempotency-Key',
            'The same request under the same key gets the first answer again, for 24 hours, and is not carried out twice.',
            { type: 'string', minLength: 1, maxLength: 255 },
          ),
        ]
      : []),
    ...(isStart
      ? [
          header('Prefer', '`wait=N` answers when the run is over, or after N seconds (at most 30).', {
            type: 'string',
            examples: ['wait=10'],
          }),
        ]
      : []),
    ...(id === 'writeSuite' ? [header('If-Match', 'ETag of the text that is changed.', { type: 'string' })] : []),
  ]
}

const problems = [
  { status: 400, when: 'The request is not as the API wants it.' },
  { status: 401, when: 'There is no token, or one that is not known.' },
  { status: 403, when: 'The token does not allow it, or the request comes from another site.' },
  { status: 404, when: 'There is no such thing.' },
  { status: 409, when: 'It cannot be done as things stand.' },
  { status: 412, when: 'Somebody else has changed it meanwhile.' },
  { status: 413, when: 'The body is larger or deeper nested than allowed.' },
  { status: 415, when: 'The body is not application/json.' },
  { status: 421, when: 'The server is not known by this name.' },
  { status: 422, when: 'The request is well-formed, and what it says cannot be done.' },
  { status: 429, when: 'There were too many requests; `Retry-After` says how long to wait.' },
  { status: 500, when: 'The server failed.' },
  { status: 503, when: 'Something that is needed is not there at the moment.' },
] as const

function problemAnswer(when: string): Json {
  return {
    description: when,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

function responsesOf(spec: RouteSpec, schemaOf: SchemaOf): Json {
  const { answer, media, status } = spec
  const content =
    answer === undefined
      ? media === undefined
        ? {}
        : { content: { [media]: { schema: { type: 'string' } } } }
      : { content: { 'application/json': { schema: schemaOf(answer, 'output') } } }
  const changes = spec.method !== 'get'
  const applies: Readonly<Record<number, boolean>> = {
    401: spec.scope !== 'none',
    404: spec.params !== undefined || spec.query !== undefined || changes,
    409: changes,
    412: spec.method === 'put',
    413: changes,
    415: changes,
    422: changes,
  }
  const refused = problems
    .filter((problem) => applies[problem.status] ?? true)
    .map((problem) => [problem.status, { $ref: `#/components/responses/Problem${problem.status}` }] as const)
  return { [status]: { description: spec.summary, ...content }, ...Object.fromEntries(refused) }
}

/** The schema of a shape; what has a name becomes a reference, and stands among the others. */
function reference(
  schema: z.ZodType,
  { io, schemas }: { readonly io: 'input' | 'output'; readonly schemas: Record<string, Json> },
): Json {
  const made = z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as Json
  const { $defs = {}, ...node } = made as { readonly $defs?: Readonly<Record<string, Json>> } & Json
  for (const [name, part] of Object.entries($defs)) schemas[name] = tidied(part)
  return tidied(node)
}

/** References as OpenAPI has them; the bounds of safe integers say nothing. */
function tidied(node: Json): Json {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => {
      if (key === '$ref' && typeof value === 'string') return value.replace('#/$defs/', '#/components/schemas/')
      if (key === '$schema' || (key === 'id' && typeof value === 'string' && value in named)) return undefined
      return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER && /imum$/iu.test(key) ? undefined : value
    }),
  ) as Json
}
