import { z } from 'zod'
import { nameSchema, runIdSchema } from './api-common.ts'
import { frameworks, priorities } from './suite.ts'

const path = z
  .string()
  .min(1)
  .max(1024)
  .describe('Relative to the folder that the server serves; never leads out of it.')

/** Where scripts come from, as a caller chooses it. Commands and addresses are the server's to set. */
export const modelChoiceSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('offline') }),
  z.strictObject({
    mode: z.literal('mock'),
    response: z.string().min(1).max(2_000_000).describe('The answer itself.'),
  }),
  z.strictObject({ mode: z.literal('local') }),
  z.strictObject({
    mode: z.literal('http'),
    model: nameSchema.optional().describe('One of `/v1/models`; that of the settings unless given.'),
  }),
])

/** Where scripts come from, as a caller chooses it. */
export type ModelChoice = z.output<typeof modelChoiceSchema>

/** The suite: its text, or one of `/v1/suites`. */
const suiteChoice = {
  suite: z.unknown().optional().describe('A suite as JSON, or its text (JSON or YAML) as a string.'),
  suiteId: z.string().max(64).optional().describe('One of `/v1/suites`, in place of `suite`.'),
}

/** How tests are run. */
export const executionChoiceSchema = z.strictObject({
  retries: z.int().min(0).max(20).optional(),
  workers: z.union([z.int().min(1).max(64), z.literal('auto')]).optional(),
  timeoutSeconds: z.number().positive().max(86_400).optional(),
  testTimeoutSeconds: z.number().positive().max(86_400).optional(),
  coverage: z.boolean().optional(),
  benchmark: z.boolean().optional(),
})

/** `POST /v1/generate` */
export const generateBodySchema = z.strictObject({
  ...suiteChoice,
  model: modelChoiceSchema.default({ mode: 'offline' }),
  framework: z.enum(frameworks).optional(),
  tags: z.array(z.string().max(200)).max(100).optional(),
  priorities: z.array(z.enum(priorities)).optional(),
  context: z.record(z.string().max(100), z.string().max(10_000)).optional(),
  maxTestsPerEndpoint: z.int().min(1).max(1000).optional(),
  runId: runIdSchema.optional(),
})

/** `POST /v1/generate` */
export type GenerateBody = z.output<typeof generateBodySchema>

/** `POST /v1/pipelines` */
export const pipelineBodySchema = generateBodySchema.extend({ execution: executionChoiceSchema.optional() })

/** `POST /v1/pipelines` */
export type PipelineBody = z.output<typeof pipelineBodySchema>

/** `POST /v1/executions` */
export const executionBodySchema = z.strictObject({
  request: z.record(z.string(), z.unknown()).optional().describe('An execution request as in exec_request.json.'),
  requestPath: path.optional().describe('Such a file in the served folder, in place of `request`.'),
  execution: executionChoiceSchema.optional(),
  runId: runIdSchema.optional(),
})

/** `POST /v1/executions` */
export type ExecutionBody = z.output<typeof executionBodySchema>

/** `POST /v1/experiments` */
export const experimentBodySchema = z.strictObject({
  planId: z.string().max(64).optional().describe('One of `/v1/plans`.'),
  planPath: path.optional(),
  workflows: z.array(z.string().max(200)).max(100).optional(),
  variants: z.array(z.string().max(200)).max(100).optional(),
  repeats: z.int().min(1).max(1000).optional(),
  maxCases: z.int().min(1).max(100_000).optional(),
  seed: z.int().optional(),
  concurrency: z.int().min(1).max(1000).optional(),
  runId: runIdSchema.optional(),
})

/** `POST /v1/experiments` */
type ExperimentBody = z.output<typeof experimentBodySchema>

/** `POST /v1/repairs` */
export const repairBodySchema = z.strictObject({
  config: path.default('config.yaml').describe('Configuration of the repair.'),
  project: z.string().max(255).optional(),
  ref: z.string().max(255).optional().describe('Branch that is repaired.'),
  mergeRequest: z.int().min(1).optional(),
  rounds: z.int().min(0).max(50).optional(),
  timeoutSeconds: z.number().positive().max(604_800).optional(),
  runId: runIdSchema.optional(),
})

/** `POST /v1/repairs` */
type RepairBody = z.output<typeof repairBodySchema>

/** Something that starts a run, with its kind. */
export type StartOrder =
  | { readonly kind: 'generate'; readonly body: GenerateBody }
  | { readonly kind: 'pipeline'; readonly body: PipelineBody }
  | { readonly kind: 'execute'; readonly body: ExecutionBody }
  | { readonly kind: 'experiment'; readonly body: ExperimentBody }
  | { readonly kind: 'repair'; readonly body: RepairBody }
