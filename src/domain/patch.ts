import { z } from 'zod'

const text = z.string()

/** Which places of a workflow's description a patch means. */
export const selectorSchema = z
  .strictObject({
    node: text.min(1).optional().describe('Id of the node.'),
    title: text.min(1).optional().describe('Title of the node.'),
    type: text.min(1).optional().describe('Type of the node: `llm`, `agent`, `question-classifier` …'),
    app: z
      .literal(true)
      .optional()
      .describe('The model configuration of a chat or completion app, which has no nodes.'),
    message: z
      .union([z.int().min(0), z.enum(['system', 'user', 'assistant']), z.strictObject({ id: text.min(1) })])
      .optional()
      .describe('Message of a prompt: its role, its id, or its number from 0. The first of a role.'),
    field: text
      .min(1)
      .optional()
      .describe(
        'Place in the node: `prompt` (what the node calls its prompt) unless set; `instruction`, `query`, `template`, `answer`, `memory`, `class:NAME`, `model.name`, `model.provider`, `completion_params.KEY`, `top_k`, `score_threshold` …',
      ),
    where: text.min(1).optional().describe('Only places whose text holds this.'),
  })
  .refine((value) => Object.keys(value).length > 0, { message: 'a selector says what it selects' })

/** Which places of a workflow's description a patch means. */
export type Selector = z.output<typeof selectorSchema>

const common = {
  select: selectorSchema,
  times: z
    .union([z.int().min(1), z.literal('all')])
    .default(1)
    .describe('Places that have to be hit; `all`: one or more. Anything else is an error.'),
}

/** One change of a workflow's description. */
export const patchSchema = z.discriminatedUnion('op', [
  z.strictObject({ ...common, op: z.literal('replace'), text: text.describe('The whole new text.') }),
  z.strictObject({ ...common, op: z.literal('append'), text, separator: text.default('\n') }),
  z.strictObject({ ...common, op: z.literal('prepend'), text, separator: text.default('\n') }),
  z.strictObject({
    ...common,
    op: z.literal('regex'),
    pattern: text.min(1),
    flags: z
      .string()
      .regex(/^[gimsu]*$/u)
      .default('gu'),
    with: text.describe('What comes in place of each match; `$1`, `$<name>` as in JavaScript.'),
  }),
  z.strictObject({
    ...common,
    op: z.literal('template'),
    text: text.describe('Jinja template of the new text; `original` is the text that stands there.'),
    variables: z.record(z.string(), z.unknown()).default({}),
  }),
  z.strictObject({
    ...common,
    op: z.literal('set'),
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe('New value of a model or parameter.'),
  }),
])

/** One change of a workflow's description, with every default filled. */
export type Patch = z.output<typeof patchSchema>

/** One change as people write it. */
export type PatchInput = z.input<typeof patchSchema>

/** A place that a patch has changed. */
export interface PatchedPlace {
  /** Index of the patch. */
  readonly patch: number
  readonly nodeId?: string | undefined
  readonly title?: string | undefined
  readonly nodeType?: string | undefined
  /** Way to the value from the root of the description. */
  readonly path: readonly (string | number)[]
  readonly before: string
  readonly after: string
}

/** A description with its patches applied. */
export interface PatchedDsl {
  readonly text: string
  /** SHA-256 of the description's meaning: comments, order of keys and style are no part of it. */
  readonly hash: string
  readonly places: readonly PatchedPlace[]
  /** What may surprise: retries of a node that multiply with ours, a model that is not there. */
  readonly warnings: readonly string[]
}
