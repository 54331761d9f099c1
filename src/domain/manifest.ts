import { z } from 'zod'
import { caseSchema } from './case.ts'
import { evaluationSchema, variantSchema } from './experiment.ts'
import { policySchema } from './policy.ts'
import { modelSchema, serverSchema, workflowSchema } from './workflow.ts'

const text = z.string()

/** Version of the file format. */
const manifestVersion = 1

/**
 * `run_manifest.yaml`: everything that one variant of one workflow needs to be run, and no secret: keys stand as
 * `${NAME}`, or in the environment file that `envFile` names.
 */
export const manifestSchema = z
  .strictObject({
    $schema: text.optional(),
    version: z.literal(manifestVersion).default(manifestVersion),
    id: text.min(1).describe('Workflow and variant: `support-bot/polite`.'),
    experiment: text.min(1).describe('Name of the plan.'),
    workflowId: text.min(1),
    variantId: text.min(1),
    workflow: workflowSchema,
    variant: variantSchema,
    server: serverSchema.optional(),
    envFile: text
      .optional()
      .describe('Environment file that keys are read from, where they are not written as `${NAME}`.'),
    baseFolder: text
      .optional()
      .describe('Absolute folder that relative paths start from; that of the manifest unless set.'),
    keyRef: text.optional().describe('Where the key comes from; never the key.'),
    dsl: z
      .strictObject({
        hash: text.describe('SHA-256 of the meaning of the patched description.'),
        text: text.optional().describe('The patched description.'),
        published: text.optional().describe('Published version (workflow_id) that holds it.'),
      })
      .optional(),
    models: z.record(z.string(), modelSchema).default({}).describe('Judges and embeddings that checks name.'),
    prices: z
      .strictObject({
        currency: text.default('USD'),
        models: z.record(z.string(), z.strictObject({ input: z.number(), output: z.number() })).default({}),
      })
      .prefault({}),
    cases: z.array(caseSchema),
    repeats: z.int().min(1).default(1),
    seed: z.int().min(0).default(1).describe('Seed of the order.'),
    execution: policySchema.prefault({}),
    evaluation: evaluationSchema.prefault({}),
    gates: z.array(text).default([]),
    metadata: z.record(z.string(), z.unknown()).default({}),
  })
  .describe('One variant of one workflow with its cases, ready to be run.')

/** One variant of one workflow with its cases, ready to be run. */
export type RunManifest = z.output<typeof manifestSchema>

/** A manifest without its cases: what a trial needs to know beside its case. */
export type ManifestHead = Omit<RunManifest, 'cases'>

/** One trial: one case of one manifest, once. The payload of a task. */
export interface TrialSpec {
  /** Index of the manifest. */
  readonly manifest: number
  /** From 1. */
  readonly repeat: number
  /** Number of the block of the same case; a block holds one trial of every variant. */
  readonly block: number
  readonly case: z.output<typeof caseSchema>
}
