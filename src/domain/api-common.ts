import { z } from 'zod'

/** A time as the API tells it: RFC 3339, UTC. */
export const timeSchema = z.iso.datetime().describe('RFC 3339, UTC.')

/** Id of a run. */
export const runIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .describe('Id of a run.')

/** Name that people give to something: a model, a secret, a token. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .describe('Up to 64 letters, digits, dots, dashes and underscores, a letter or digit first.')

/** What every list takes: a page of it. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Entries of a page.'),
  cursor: z.string().max(512).optional().describe('`nextCursor` of the page before.'),
})

/** A list in pages. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().optional().describe('Absent on the last page.'),
  })
}

/** A list in pages. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string | undefined
}

/** A place in a text that was sent or is on disk. */
const placeSchema = z.object({
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  length: z.int().optional(),
  text: z.string().optional().describe('The line itself.'),
})

/** One of several things that are wrong. */
export const problemEntrySchema = z.object({
  message: z.string(),
  pointer: z.string().optional().describe('JSON pointer into the body, such as `/suite/cases/0`.'),
  place: placeSchema.optional(),
  why: z.string().optional(),
  help: z.string().optional(),
})

/** One of several things that are wrong. */
export type ProblemEntry = z.output<typeof problemEntrySchema>

/** An error, RFC 9457, with the codes of the command line. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe('The same code as the command line prints: `GL0101`. `greenloop explain CODE` tells more.'),
  name: z.string().describe('The same in words: `suite_invalid`.'),
  help: z.string().optional(),
  why: z.string().optional(),
  place: placeSchema.optional(),
  errors: z.array(problemEntrySchema).optional(),
  requestId: z.string(),
  retryable: z.boolean(),
})

/** An error as the API tells it. */
export type ApiProblem = z.output<typeof problemSchema>

/** What a caller may do; each holds the ones before. */
export const scopes = ['read', 'run', 'admin'] as const
/** What a caller may do. */
export type Scope = (typeof scopes)[number]
