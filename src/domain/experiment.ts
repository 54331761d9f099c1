import type { Place, Problem } from './errors.ts'
import { z } from 'zod'
import { fileSchema, scalarSchema, turnSchema } from './case.ts'
import { checkSchema } from './check.ts'
import { patchSchema } from './patch.ts'
import { policySchema } from './policy.ts'
import type { Catalog, Environment } from './workflow.ts'

const text = z.string()
const values = z.record(z.string(), z.unknown())
const share = z.number().min(0).max(1)

/** Modes of making cases. */
const caseModes = ['scenario_only', 'pairwise', 'cartesian'] as const

/** A row as it is written: what is sent, what is expected. */
export const scenarioSchema = z.strictObject({
  name: text.min(1).optional(),
  inputs: values.default({}),
  vars: values.default({}).describe('Values for checks that are not sent.'),
  query: text.optional(),
  files: z.array(fileSchema).default([]),
  checks: z.array(checkSchema).default([]),
  metadata: values.default({}),
})

/** A row as it is written. */
export type Scenario = z.output<typeof scenarioSchema>

/** A conversation that is led turn by turn. */
export const flowSchema = z.strictObject({
  name: text.min(1).optional(),
  inputs: values.default({}).describe('Inputs of every turn.'),
  vars: values.default({}),
  turns: z.array(turnSchema).min(1),
  checks: z.array(checkSchema).default([]).describe('Checks on the whole conversation; a `turn` picks one.'),
  metadata: values.default({}),
})

/** A conversation that is led turn by turn. */
export type Flow = z.output<typeof flowSchema>

/** How the parameters of a dataset are combined. */
const combining = {
  mode: z
    .enum(caseModes)
    .optional()
    .describe(
      '`scenario_only`: the first value of each parameter; `pairwise`: a covering array over `pairwise_dimensions`; `cartesian`: all combinations, up to `max_cases`.',
    ),
  parameters: z
    .record(z.string(), z.array(scalarSchema).min(1))
    .default({})
    .describe('Values by parameter; they go before those of the catalog. The first is the usual one.'),
  pairwiseDimensions: z
    .array(text.min(1))
    .optional()
    .describe(
      'Parameters that are combined; all with two values or more unless set. The others keep their first value.',
    ),
  constraints: z.array(z.unknown()).default([]).describe('As in combination models: `IF [a] = 1 THEN [b] <> 2`.'),
  maxCases: z.int().min(1).max(10_000_000).optional().describe('Most cases of `cartesian`; 1,000 unless set.'),
  strength: z.int().min(1).max(6).optional().describe('Values that meet in every combination; 2 unless set.'),
  engine: z.enum(['best', 'PICT', 'IPO', 'naive']).optional().describe('Maker of the covering array (`engine_type`).'),
  seed: z.int().min(0).optional(),
}

/** Rows and parameters that belong together. */
export const datasetSchema = z.strictObject({
  name: text.min(1),
  ...combining,
  file: text.optional().describe('CSV, TSV, JSON, JSONL or YAML with a row for each scenario, relative to the plan.'),
  scenarios: z.array(scenarioSchema).default([]),
  conversationFlows: z.array(flowSchema).default([]).describe('Conversations; they come before the scenarios.'),
  checks: z.array(checkSchema).default([]).describe('Checks of every case of the dataset.'),
})

/** Rows and parameters that belong together. */
export type Dataset = z.output<typeof datasetSchema>

/** One version of what is compared. */
export const variantSchema = z.strictObject({
  id: text
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,99}$/u, 'letters, digits, `.`, `_` and `-` make an id')
    .describe('Name in results.'),
  description: text.optional(),
  patches: z.array(patchSchema).default([]).describe('Changes of the description of the workflow (its DSL).'),
  inputs: values.default({}).describe('Inputs that every case of the variant is sent with.'),
  prompt: text.optional().describe('Prompt, for targets that take one as `{{prompt}}`.'),
  model: text.optional().describe('Model, for targets that take one as `{{model}}`.'),
  sampling: values.default({}).describe('temperature and the like, for targets that take them.'),
  versions: z
    .record(z.string(), text)
    .default({})
    .describe('Published version (workflow_id) by workflow, where a person has put the variant there.'),
  keys: z.record(z.string(), text).default({}).describe('Key of an app of its own by workflow. Write `${NAME}`.'),
})

/** One version of what is compared. */
export type Variant = z.output<typeof variantSchema>

/** How answers are judged and variants compared. */
export const evaluationSchema = z.strictObject({
  checks: z.array(checkSchema).default([]).describe('Checks of every case.'),
  judge: text.optional().describe('Model of `env.yaml` for checks of the type `judge`.'),
  embeddings: text.optional().describe('Model of `env.yaml` for similarity by embeddings.'),
  primary: text
    .default('pass_rate')
    .describe('Metric that decides: `pass_rate`, `score`, `latency`, `cost`, `tokens`, or the `metric` of a check.'),
  metrics: z
    .array(text)
    .optional()
    .describe('Metrics that are compared; the primary, score, latency and cost unless set.'),
  baseline: text.optional().describe('Variant that the others are compared with; the first unless set.'),
  alpha: z.number().gt(0).lt(0.5).default(0.05).describe('Level of significance over all comparisons together.'),
  power: z.number().gt(0.5).lt(1).default(0.8).describe('For the number of cases that a difference needs.'),
  margin: share.default(0.02).describe('Loss of the primary metric that does not matter.'),
  passShare: share.default(1).describe('Weighted share of the checks from which a trial counts as passed.'),
  maxMissing: share
    .default(0.05)
    .describe('Share of trials without a score from which on the run proves nothing (exit code 5).'),
  preference: z
    .strictObject({
      rubric: text,
      model: text.optional(),
    })
    .optional()
    .describe('A judge picks the better of two answers to the same case, in both orders.'),
  draws: z.int().min(100).max(100_000).default(10_000).describe('Draws of the bootstrap.'),
})

/** How answers are judged and variants compared. */
export type Evaluation = z.output<typeof evaluationSchema>

/** `test_plan.yaml`: what is tried on what, and how it is judged. */
export const experimentSchema = z
  .strictObject({
    $schema: text.optional(),
    name: text.min(1).max(200).default('experiment'),
    description: text.optional(),
    env: text.optional().describe('Environment file; `env.yaml` beside the plan unless set.'),
    catalog: text.optional().describe('Catalog file; `workflows.yaml` beside the plan unless set.'),
    workflows: z
      .array(
        z.strictObject({ id: text.min(1), datasets: z.array(text).optional(), variants: z.array(text).optional() }),
      )
      .optional()
      .describe('Workflows of the catalog that are tried, with their datasets and variants; all with all unless set.'),
    ...combining,
    repeats: z.int().min(1).max(1000).default(1).describe('Trials of each case and variant.'),
    datasets: z.array(datasetSchema).default([]),
    variants: z
      .array(variantSchema)
      .min(1)
      .default([{ id: 'baseline', patches: [], inputs: {}, sampling: {}, versions: {}, keys: {} }]),
    execution: policySchema.prefault({}),
    evaluation: evaluationSchema.prefault({}),
    gates: z.array(text).default([]).describe('What has to hold for exit code 0: `B >= A - 0.02`.'),
    metadata: values.default({}),
  })
  .describe('What is tried on what, and how it is judged.')

/** What is tried on what, every default filled. */
export type Experiment = z.output<typeof experimentSchema>

/** A plan as callers write it. */
export type ExperimentInput = z.input<typeof experimentSchema>

/** A plan with everything it names read and checked. Texts still hold `${NAME}` where they did. */
export interface LoadedPlan {
  readonly experiment: Experiment
  readonly environment: Environment
  readonly catalog: Catalog
  /** Rows of dataset files are among the scenarios already. */
  readonly descriptions: Readonly<Record<string, string>>
  /** Absolute folder that relative paths of the plan start from, and of the catalog. */
  readonly folders: { readonly plan: string; readonly catalog: string; readonly environment: string }
  readonly files: {
    readonly plan: string
    readonly catalog?: string | undefined
    readonly environment?: string | undefined
  }
  /** Where parts of the plan stand that can only be judged once they are used; absent for a plan without a file. */
  readonly places?: PlanPlaces | undefined
  readonly warnings: readonly Problem[]
}

/** Places of parts of a plan, in the order of the parts. */
export interface PlanPlaces {
  readonly gates: readonly Place[]
  readonly constraints: readonly Place[]
  /** By the name of the dataset. */
  readonly datasets: Readonly<Record<string, { readonly at: Place; readonly constraints: readonly Place[] }>>
}
