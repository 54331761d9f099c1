import { z } from 'zod'

const common = {
  name: z.string().min(1).optional().describe('What reports call the check; made from the rest where it is left out.'),
  metric: z.string().min(1).optional().describe('Metric that the score counts into besides the pass rate.'),
  weight: z.number().min(0).max(1000).default(1).describe('Share in the score of the trial; 0 only informs.'),
  not: z.boolean().default(false).describe('Turns the check round.'),
  on: z
    .string()
    .min(1)
    .default('text')
    .describe(
      'What is looked at: `text`, `outputs`, `outputs.KEY.KEY`, `node:ID` or `node:TITLE` (with `.outputs.KEY`, `.inputs.KEY`, `.error`, `.status`), `conversation` (all turns as text).',
    ),
  turn: z
    .union([z.int().min(1), z.enum(['last', 'each', 'any'])])
    .default('last')
    .describe('Turn of a conversation, from 1; `each` has to hold in every turn, `any` in one.'),
}

const text = z.string()
const texts = z.union([text, z.array(text).min(1)])
const path = z.string().min(1).describe('JSONPath (RFC 9535) into the JSON that is looked at.')
const bound = z.number()
const share = z.number().min(0).max(1)

/** Texts of a check may hold `{{name}}`: a column of the row, an input or a parameter of the case. */
const members = [
  z.strictObject({ ...common, type: z.literal('equals'), value: z.unknown(), ignoreCase: z.boolean().default(false) }),
  z.strictObject({
    ...common,
    type: z.literal('contains'),
    value: texts.describe('One text or several.'),
    mode: z.enum(['all', 'any']).default('all').describe('Whether all of several texts are wanted, or any.'),
    ignoreCase: z.boolean().default(false),
  }),
  z.strictObject({ ...common, type: z.literal('starts_with'), value: text, ignoreCase: z.boolean().default(false) }),
  z.strictObject({
    ...common,
    type: z.literal('regex'),
    pattern: text,
    flags: z
      .string()
      .regex(/^[imsu]*$/u)
      .default('u'),
  }),
  z.strictObject({ ...common, type: z.literal('is_json') }),
  z.strictObject({
    ...common,
    type: z.literal('json_schema'),
    schema: z.union([z.record(z.string(), z.unknown()), z.boolean()]).describe('JSON Schema (draft 2020-12 or 07).'),
  }),
  z
    .strictObject({
      ...common,
      type: z.literal('json_path'),
      path,
      equals: z.unknown().optional(),
      contains: text.optional(),
      regex: text.optional(),
      min: bound.optional(),
      max: bound.optional(),
      count: z.int().min(0).optional().describe('Number of values that the path finds.'),
    })
    .describe('Without a condition, the path has to find something.'),
  z.strictObject({
    ...common,
    type: z.literal('range'),
    min: bound.optional(),
    max: bound.optional(),
    path: path.optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('latency'),
    maxMs: bound.gt(0),
    of: z.enum(['total', 'ttft', 'server']).default('total').describe('`ttft`: until the first piece of the answer.'),
  }),
  z.strictObject({ ...common, type: z.literal('cost'), max: bound.min(0).describe('In the currency of the trial.') }),
  z.strictObject({ ...common, type: z.literal('tokens'), max: bound.min(0) }),
  z.strictObject({
    ...common,
    type: z.literal('similarity'),
    value: text,
    method: z.enum(['levenshtein', 'embedding']).default('levenshtein'),
    threshold: share.default(0.8).describe('From which similarity on the check passes.'),
    model: text.optional().describe('Model of `env.yaml` that makes the embeddings.'),
    ignoreCase: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    type: z.literal('function'),
    file: text.describe('JavaScript or TypeScript module, relative to the plan.'),
    export: text.default('check').describe('Name of the function; it gets the answer and the case.'),
    timeoutSeconds: z
      .number()
      .gt(0)
      .max(600)
      .default(30)
      .describe('For functions that wait; one that never lets go stops everything.'),
    options: z.record(z.string(), z.unknown()).default({}),
  }),
  z
    .strictObject({
      ...common,
      type: z.literal('python'),
      file: text.optional().describe('Python file with a function `check(output, context)`, relative to the plan.'),
      code: text.optional().describe('Body of such a function, or one expression.'),
      function: text.default('check'),
      timeoutSeconds: z.number().gt(0).max(600).default(30),
    })
    .refine(({ file, code }) => (file === undefined) !== (code === undefined), {
      message: 'a python check has either a `file` or `code`',
    }),
  z.strictObject({
    ...common,
    type: z.literal('judge'),
    rubric: text.describe('What a good answer is; binary criteria are the most reliable.'),
    model: text.optional().describe('Model of `env.yaml` that judges; `evaluation.judge` unless set.'),
    scale: z
      .union([z.literal('binary'), z.int().min(2).max(10)])
      .default('binary')
      .describe('Binary, or points from 1.'),
    threshold: share.default(0.5).describe('From which score (0 to 1) on the check passes.'),
    samples: z.int().min(1).max(15).default(1).describe('Judgements of the same answer; the median counts.'),
    reference: text.optional().describe('An answer known to be good.'),
  }),
] as const

/** One assertion or scorer on an answer. */
export const checkSchema = z.discriminatedUnion('type', members)

/** One assertion or scorer on an answer, with every default filled. */
export type CheckSpec = z.output<typeof checkSchema>

/** One check as people write it. */
export type CheckInput = z.input<typeof checkSchema>

/** What a check said of one trial. */
export interface Score {
  readonly name: string
  readonly type: CheckSpec['type']
  readonly metric?: string | undefined
  readonly weight: number
  /** From 0 to 1; assertions give 0 or 1. Absent where the check itself broke down, which is not a failure. */
  readonly score?: number | undefined
  readonly passed?: boolean | undefined
  /** Why it did not pass, or what the judge said. */
  readonly reason?: string | undefined
  /** Turn of a conversation, from 1, where the check looked at one. */
  readonly turn?: number | undefined
  /** Why there is no score: a judge without a verdict, a function that threw. */
  readonly error?: string | undefined
  /** What is needed to judge again: prompt hash, model, single verdicts, agreement. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}
