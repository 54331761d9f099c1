import { z } from 'zod'
import { checkSchema } from './check.ts'

/** A value of a parameter. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** A value of a parameter. */
export type Scalar = z.output<typeof scalarSchema>

const inputs = z.record(z.string(), z.unknown())

/** A file that goes along with a call: a path of this machine, or an address that the server fetches. */
export const fileSchema = z
  .strictObject({
    path: z.string().min(1).optional().describe('File of this machine, relative to the file that names it.'),
    url: z.string().min(1).optional().describe('Address that the server fetches.'),
    type: z.enum(['image', 'document', 'audio', 'video', 'custom']).default('document'),
    input: z
      .string()
      .min(1)
      .optional()
      .describe('Input variable that takes the file; without it, a file of the message.'),
  })
  .refine(({ path, url }) => (path === undefined) !== (url === undefined), {
    message: 'a file has either a `path` or a `url`',
  })

/** A file that goes along with a call. */
export type FileSpec = z.output<typeof fileSchema>

/** One turn of a conversation. */
export const turnSchema = z.strictObject({
  query: z.string().describe('What the user says.'),
  inputs: inputs.default({}).describe('Further inputs of this turn.'),
  files: z.array(fileSchema).default([]),
  checks: z.array(checkSchema).default([]).describe('Checks on the answer of this turn.'),
})

/** One turn of a conversation. */
export type Turn = z.output<typeof turnSchema>

/** One case: a row of a dataset together with one combination of parameters. */
export const caseSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-f]{16}$/u, 'an id is 16 hexadecimal digits')
    .describe('Hash of what the case holds. The variant is no part of it, so that variants pair by themselves.'),
  name: z.string().min(1),
  dataset: z.string().min(1),
  parameters: z.record(z.string(), scalarSchema).default({}).describe('The combination of parameters.'),
  inputs: inputs.describe('What is sent: the inputs of the row and the parameters.'),
  vars: inputs.default({}).describe('Columns of the row that are not sent: expected values for the checks.'),
  query: z.string().optional().describe('What the user says, for chat.'),
  files: z.array(fileSchema).default([]),
  turns: z.array(turnSchema).min(1).optional().describe('A conversation, in place of the single query.'),
  checks: z.array(checkSchema).default([]).describe('Checks of this case, behind those of the plan.'),
  metadata: inputs.default({}),
})

/** One case: a row of a dataset together with one combination of parameters. */
export type CaseSpec = z.output<typeof caseSchema>
