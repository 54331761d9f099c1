import { z } from 'zod'
import { scalarSchema } from './case.ts'

const text = z.string()
const seconds = z.number().gt(0).max(86_400)
const headers = z.record(z.string(), text)

/** What a parameter may be. */
const parameterSchema = z.strictObject({
  name: text.min(1),
  type: z.enum(['string', 'number', 'boolean', 'select', 'file', 'json']).default('string'),
  required: z.boolean().default(false),
  values: z.array(scalarSchema).min(1).optional().describe('Values to try; the first is the usual one.'),
  default: scalarSchema.optional(),
  description: text.optional(),
})

/** A parameter of a workflow. */
export type WorkflowParameter = z.output<typeof parameterSchema>

/** A model behind an OpenAI-compatible server: a judge, embeddings, a target. */
export const modelSchema = z.strictObject({
  baseUrl: text.min(1).describe('Base URL, ending in /v1.'),
  model: text.min(1),
  apiKey: text.optional().describe('Key; write `${NAME}` and keep the key in the environment.'),
  headers: headers.default({}),
  temperature: z.number().min(0).max(2).optional(),
  maxTokens: z.int().min(1).optional(),
  timeoutSeconds: seconds.default(120),
  seed: z.int().optional(),
})

/** A model behind an OpenAI-compatible server. */
export type ModelConfig = z.output<typeof modelSchema>

/** How one patched workflow per variant gets onto a Dify server. */
const publishSchema = z.strictObject({
  route: z
    .enum(['none', 'console', 'openapi', 'files'])
    .default('none')
    .describe(
      '`console`: by the web console with a login; `openapi`: by /openapi/v1 with a token; `files`: patched files are written for a person to import, and `versions` names what came of them; `none`: variants differ by inputs only.',
    ),
  email: text.optional(),
  password: text.optional().describe('Write `${NAME}` and keep the password in the environment.'),
  token: text.optional().describe('Write `${NAME}` and keep the token in the environment.'),
  workspace: text.optional(),
  consoleUrl: text.optional().describe('Address of the web console; the server without /v1 unless set.'),
  keep: z.boolean().default(false).describe('Whether the clone is left behind for a look at it.'),
})

/** How one patched workflow per variant gets onto a Dify server. */
export type PublishConfig = z.output<typeof publishSchema>

/** A server that workflows run on. */
export const serverSchema = z.strictObject({
  baseUrl: text.min(1).describe('For Dify with /v1: `https://dify.example/v1`.'),
  apiKey: text.optional().describe('Key of the app; a workflow may have its own. Write `${NAME}`.'),
  headers: headers.default({}),
  concurrency: z.int().min(1).max(10_000).optional().describe('Calls at a time, whatever the plan says.'),
  rateLimit: z
    .strictObject({ perMinute: z.number().gt(0), burst: z.int().min(1).optional() })
    .optional()
    .describe('Shared by all workflows and variants of the server.'),
  timeoutSeconds: seconds.optional().describe('Limit of one call.'),
  caFile: text.optional().describe('Certificate authority of a server with a certificate of its own.'),
  publish: publishSchema.prefault({}),
  start: z
    .strictObject({
      command: text.min(1).describe('Command line, run in the folder of the environment file.'),
      ready: text.optional().describe('Address that is asked until it answers; `base_url` unless set.'),
      timeoutSeconds: seconds.default(30),
    })
    .optional()
    .describe('Starts the server for the time of a run, unless it answers already.'),
})

/** A server that workflows run on. */
export type ServerConfig = z.output<typeof serverSchema>

const priceSchema = z.strictObject({
  input: z.number().min(0).describe('Price of a million input tokens.'),
  output: z.number().min(0).describe('Price of a million output tokens.'),
})

/** `env.yaml`: where workflows run and what they cost. Texts may hold `${NAME}` and `${NAME:-default}`. */
export const environmentSchema = z
  .strictObject({
    $schema: text.optional(),
    servers: z.record(z.string(), serverSchema).default({}).describe('Servers by name; `default` is the usual one.'),
    models: z.record(z.string(), modelSchema).default({}).describe('Models for judges and embeddings, by name.'),
    prices: z
      .strictObject({ currency: text.min(1).default('USD'), models: z.record(z.string(), priceSchema).default({}) })
      .prefault({})
      .describe('Prices for answers that name tokens but no price.'),
  })
  .describe('Where workflows run, and what they cost.')

/** Where workflows run and what they cost, every default filled. */
export type Environment = z.output<typeof environmentSchema>

const mapping = text.min(1).describe('JSONPath (RFC 9535) into the JSON of the answer.')

/** What is read from an answer of a plain HTTP workflow. */
const httpSchema = z.strictObject({
  url: text.min(1).describe('Address; relative to the server where there is one. `{{input}}` is filled in.'),
  method: z.enum(['POST', 'GET', 'PUT', 'PATCH']).default('POST'),
  headers: headers.default({}),
  body: z
    .unknown()
    .optional()
    .describe(
      'JSON or text with `{{input}}`; a value that is nothing but `{{input}}` keeps its type. All inputs unless set.',
    ),
  answer: z.enum(['json', 'sse', 'text']).optional().describe('What comes back; by the content type unless set.'),
  text: mapping.optional().describe('Where the text of the answer is; the whole answer unless set.'),
  outputs: mapping.optional().describe('Where the outputs are; the whole JSON unless set.'),
  delta: mapping.optional().describe('In each event of a stream: the piece of text that it adds.'),
  error: mapping.optional().describe('Where an answer with a good status says that it failed.'),
  usage: z
    .strictObject({ input: mapping.optional(), output: mapping.optional(), total: mapping.optional() })
    .optional(),
  cost: mapping.optional(),
  runId: mapping.optional(),
  conversationId: mapping.optional().describe('Where a conversation is named; `{{conversation_id}}` gives it back.'),
  idempotent: z.boolean().default(false).describe('Whether a call may be sent twice without being done twice.'),
})

/** How a plain HTTP workflow is called. */
export type HttpConfig = z.output<typeof httpSchema>

const workflowCommon = {
  id: text.min(1).max(200).describe('Name in plans and results.'),
  name: text.optional(),
  description: text.optional(),
  server: text.default('default').describe('Server of `env.yaml`.'),
  apiKey: text.optional().describe('Key of this app, in place of the server’s. Write `${NAME}`.'),
  parameters: z.array(parameterSchema).default([]),
  dsl: text
    .optional()
    .describe('Exported description of the app (YAML), relative to the catalog; what patches change.'),
  timeoutSeconds: seconds.optional(),
}

/** A workflow of the catalog, by what it is. */
export const workflowSchema = z.discriminatedUnion('target', [
  z.strictObject({
    ...workflowCommon,
    target: z.literal('dify'),
    app: z
      .enum(['workflow', 'chatflow', 'chat', 'agent', 'completion'])
      .optional()
      .describe('Asked of the server unless set.'),
    version: text.optional().describe('Published version that is run (workflow_id).'),
    appId: text.optional().describe('Id of the app, for export and publishing.'),
  }),
  z.strictObject({ ...workflowCommon, target: z.literal('http'), http: httpSchema }),
  z.strictObject({
    ...workflowCommon,
    target: z.literal('openai'),
    model: text.min(1),
    system: text.optional().describe('System prompt; `{{input}}` is filled in. A variant’s `prompt` takes its place.'),
    prompt: text.optional().describe('Message of the user, with `{{input}}`; the query of the case unless set.'),
    sampling: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Further members of the request: temperature, seed …'),
  }),
  z.strictObject({
    ...workflowCommon,
    target: z.literal('module'),
    file: text.min(1).describe('JavaScript or TypeScript module, relative to the catalog.'),
    export: text.default('execute').describe('Name of the function.'),
  }),
  z.strictObject({
    ...workflowCommon,
    target: z.literal('stub'),
    stub: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('As in a trial: delaySeconds, failureRate, errorRate …'),
  }),
])

/** A workflow of the catalog. */
export type Workflow = z.output<typeof workflowSchema>

/** `workflows.yaml`: what can be tried. */
export const catalogSchema = z
  .strictObject({ $schema: text.optional(), workflows: z.array(workflowSchema).min(1) })
  .describe('Workflows that plans name.')

/** What can be tried. */
export type Catalog = z.output<typeof catalogSchema>
