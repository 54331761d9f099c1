import { z } from 'zod'

/** Frameworks that Greenloop writes for and runs. */
export const frameworks = ['pytest', 'vitest', 'node'] as const
/** A test framework: pytest, vitest, or Node's own runner. */
export type Framework = (typeof frameworks)[number]

/** Languages that scripts are written in. */
export type Language = 'python' | 'typescript' | 'javascript'

/** Priorities, most important first. */
export const priorities = ['critical', 'high', 'medium', 'low'] as const
/** How much a case matters. */
export type Priority = (typeof priorities)[number]

const json: z.ZodType = z.unknown()
/** A JSON Schema fragment; the keywords that the planner understands are read from it, others are kept. */
const schemaFragment = z
  .record(z.string(), json)
  .describe(
    'A JSON Schema (type, properties, required, enum, minimum, maximum, minLength, maxLength, format, example).',
  )

const text = z.string().trim().min(1)
const method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])

/** An HTTP request that a case sends. */
export const requestSchema = z
  .strictObject({
    method: method.default('GET'),
    path: text.describe('Path below the base URL; may hold {placeholders} filled from `inputs`.'),
    headers: z.record(z.string(), z.string()).default({}),
    query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    body: json.optional().describe('JSON body, or a string that is sent as it is.'),
  })
  .describe('The HTTP request of a case.')

/** What a case expects. At least one key is wanted for a test that asserts something. */
export const expectedSchema = z
  .strictObject({
    returns: json.optional().describe('Value that the call returns.'),
    raises: text.optional().describe('Name of the exception that the call raises.'),
    match: text.optional().describe('Regular expression that the message of the exception matches.'),
    approx: z.number().positive().optional().describe('Absolute tolerance for `returns`.'),
    status: z
      .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
      .optional()
      .describe('HTTP status, or the allowed ones.'),
    body: json.optional().describe('Exact JSON body of the response.'),
    contains: z
      .union([z.record(z.string(), json), text, z.array(json)])
      .optional()
      .describe('Keys and values, text or items that the result holds among others.'),
    schema: schemaFragment.optional().describe('JSON Schema of the response body or result.'),
    text: text.optional().describe('Expectation in words, for the model; the offline generator leaves a marked gap.'),
  })
  .describe('What is expected.')

const stepSchema = z
  .strictObject({
    action: text,
    data: json.optional(),
    expected: z.string().optional(),
  })
  .describe('One step.')

/** One test case. */
export const caseSchema = z
  .strictObject({
    id: text.describe('Unique in the suite; printed in reports.'),
    title: text,
    objective: text.optional(),
    suite: z.array(text).default([]).describe('Path of groups this case stands in.'),
    preconditions: z.array(text).default([]),
    call: text.optional().describe('Function or method under test, such as `add` or `Calculator.add`.'),
    inputs: z.record(z.string(), json).default({}).describe('Named arguments.'),
    args: z.array(json).default([]).describe('Positional arguments, before the named ones.'),
    request: requestSchema.optional(),
    steps: z.array(stepSchema).default([]),
    expected: expectedSchema.default({}),
    parameters: z
      .array(
        z.strictObject({
          name: text.optional(),
          inputs: z.record(z.string(), json).default({}),
          args: z.array(json).optional(),
          expected: expectedSchema.optional(),
        }),
      )
      .default([])
      .describe('Rows of a parametrised case: each overrides inputs and expectation.'),
    postconditions: z.array(text).default([]),
    priority: z.enum(priorities).default('medium'),
    severity: text.optional(),
    type: text.optional(),
    layer: text.optional(),
    behavior: text.optional(),
    owner: text.optional(),
    tags: z.array(text).default([]),
    refs: z.array(text).default([]),
    automation: text.optional(),
    custom: z.record(z.string(), json).default({}),
  })
  .describe('One test case.')

/** One HTTP endpoint with its schemas, from which tests can be planned without written cases. */
export const endpointSchema = z
  .strictObject({
    method,
    path: text,
    summary: text.optional(),
    request: schemaFragment.optional().describe('JSON Schema of the request body (or of the query for GET).'),
    response: schemaFragment.optional().describe('JSON Schema of the successful response body.'),
    status: z.int().min(100).max(599).default(200).describe('Status of success.'),
    invalidStatus: z
      .array(z.int().min(400).max(499))
      .default([400, 422])
      .describe('Statuses allowed for invalid data.'),
    headers: z.record(z.string(), z.string()).default({}),
    exampleRequest: json.optional(),
    exampleResponse: json.optional(),
  })
  .describe('One endpoint.')

/** What is tested. */
export const targetSchema = z
  .strictObject({
    kind: z.enum(['python', 'node', 'http']),
    module: text.optional().describe('Import name (python) or path of the module (node), relative to `root`.'),
    root: text.default('.').describe('Folder of the system under test, relative to the suite file.'),
    baseUrl: text.optional().describe('Base URL of an HTTP service; the environment variable BASE_URL overrides it.'),
    start: text
      .optional()
      .describe('Shell-free command that starts the HTTP service in `root`; {port} is replaced by a free port.'),
    ready: text.default('/').describe('Path that answers when the service is up.'),
    openapi: text.optional(),
  })
  .describe('The system under test.')

/** A whole suite, as written in a file and as used inside, with every default filled. */
export const suiteSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal('greenloop.suite/v1').default('greenloop.suite/v1'),
    name: text,
    description: text.optional(),
    feature: text.optional().describe('Allure feature; the name of the suite where it is missing.'),
    owner: text.optional(),
    priority: z.enum(priorities).default('medium'),
    target: targetSchema,
    script: text.optional().describe('File name of the generated script, such as tests/test_calc_api.py.'),
    defaults: z
      .strictObject({
        timeoutMs: z.int().positive().optional(),
        retries: z.int().min(0).max(20).optional(),
        tags: z.array(text).default([]),
      })
      .prefault({}),
    endpoints: z.array(endpointSchema).default([]),
    cases: z.array(caseSchema).default([]),
    custom: z.record(z.string(), json).default({}),
  })
  .describe('A Greenloop test suite.')

/** A suite with every default filled. */
export type Suite = z.output<typeof suiteSchema>
/** One case of a suite. */
export type Case = z.output<typeof caseSchema>
/** One endpoint of a suite. */
export type Endpoint = z.output<typeof endpointSchema>
/** The system under test. */
export type Target = z.output<typeof targetSchema>
/** What a case expects. */
export type Expected = z.output<typeof expectedSchema>
/** The HTTP request of a case. */
export type CaseRequest = z.output<typeof requestSchema>
/** A JSON Schema fragment. */
export type SchemaFragment = z.output<typeof schemaFragment>
