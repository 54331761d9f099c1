import { z } from 'zod'
import { modelChoiceSchema } from './api-start.ts'
import { problemEntrySchema, timeSchema } from './api-common.ts'
import { frameworks } from './suite.ts'

/** A suite file in the served folder. */
export const suiteEntrySchema = z.object({
  id: z.string(),
  path: z.string().describe('Relative to the served folder.'),
  name: z.string(),
  cases: z.int(),
  endpoints: z.int(),
  modifiedAt: timeSchema,
  /** Runs of it can be found with this title. */
  lastRun: z.object({ id: z.string(), status: z.string(), verdict: z.string().optional() }).optional(),
})

/** A suite file in the served folder. */
export type ApiSuite = z.output<typeof suiteEntrySchema>

/** A suite file with its text. */
export const suiteDetailSchema = suiteEntrySchema.extend({
  text: z.string(),
  etag: z.string(),
  problems: z.array(problemEntrySchema),
})

/** A suite file with its text. */
export type ApiSuiteDetail = z.output<typeof suiteDetailSchema>

/** `POST /v1/suites` and `PUT /v1/suites/{id}` */
export const suiteWriteSchema = z.strictObject({
  path: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*\.(?:json|ya?ml)$/)
    .max(200)
    .describe('Where the file is written, relative to the served folder; ends in .json, .yaml or .yml.'),
  text: z.string().max(10_000_000),
})

/** `POST /v1/suites/check`: as one types. */
export const suiteCheckBodySchema = z.strictObject({
  text: z.string().max(10_000_000),
  name: z.string().max(200).default('suite.json').describe('File name in messages; its ending tells JSON from YAML.'),
})

/** What is wrong with a text, and what would be made of it. */
export const suiteCheckSchema = z.object({
  ok: z.boolean(),
  problems: z.array(problemEntrySchema),
  warnings: z.array(problemEntrySchema),
  name: z.string().optional(),
  cases: z.int().optional(),
  endpoints: z.int().optional(),
})

/** What is wrong with a text, and what would be made of it. */
export type SuiteCheck = z.output<typeof suiteCheckSchema>

/** `POST /v1/plans/preview` */
export const previewBodySchema = z.strictObject({
  suite: z.unknown().optional(),
  suiteId: z.string().max(64).optional(),
  framework: z.enum(frameworks).optional(),
  model: modelChoiceSchema.optional(),
})

/** What a script would have to hold; no model is called. */
export const planPreviewSchema = z.object({
  name: z.string(),
  feature: z.string(),
  framework: z.string(),
  scriptName: z.string(),
  cases: z.array(z.object({ id: z.string(), title: z.string(), priority: z.string() })),
  endpoints: z.array(z.object({ method: z.string(), path: z.string(), tests: z.int().optional() })),
  warnings: z.array(z.string()),
  prompt: z.object({ system: z.string(), user: z.string(), estimatedTokens: z.int() }),
})

/** What a script would have to hold. */
export type PlanPreview = z.output<typeof planPreviewSchema>

/** A plan of an experiment in the served folder. */
export const planEntrySchema = z.object({
  id: z.string(),
  path: z.string(),
  name: z.string(),
  modifiedAt: timeSchema,
})

/** A plan of an experiment in the served folder. */
export type ApiPlan = z.output<typeof planEntrySchema>

/** A plan with what it would do. */
export const planDetailSchema = planEntrySchema.extend({
  text: z.string(),
  problems: z.array(problemEntrySchema),
  estimate: z
    .object({
      trials: z.int(),
      cases: z.int(),
      tokens: z.number().optional(),
      costUsd: z.number().optional(),
      seconds: z.number().optional(),
    })
    .optional(),
  manifests: z.array(
    z.object({ id: z.string(), workflowId: z.string(), variantId: z.string(), cases: z.int(), repeats: z.int() }),
  ),
  warnings: z.array(z.string()),
})

/** A plan with what it would do. */
export type ApiPlanDetail = z.output<typeof planDetailSchema>

/** `POST /v1/combinations` */
export const combineBodySchema = z.strictObject({
  model: z.string().min(1).max(1_000_000).describe('PICT text, or the JSON form as text.'),
  strength: z.int().min(1).max(6).optional(),
  engine: z.enum(['best', 'PICT', 'IPO', 'naive']).optional(),
  seed: z.int().min(0).optional(),
  timeLimitSeconds: z.number().positive().max(30).default(5),
})

/** Rows that cover a model. */
export const combinationSchema = z.object({
  parameters: z.array(z.object({ name: z.string(), values: z.array(z.string()) })),
  /** Values by parameter, as texts, in the order of `parameters`; at most 2,000 rows. */
  rows: z.array(z.array(z.string())),
  rowCount: z.int(),
  strength: z.int(),
  /** Combinations there are to cover. */
  tuples: z.int(),
  /** Covered combinations behind each row, as a share from 0 to 1. */
  growth: z.array(z.number()),
  lowerBound: z.int().optional(),
  engine: z.string(),
  durationMs: z.number(),
  warnings: z.array(problemEntrySchema),
  csv: z.string().describe('All rows as CSV.'),
})

/** Rows that cover a model. */
export type ApiCombination = z.output<typeof combinationSchema>
