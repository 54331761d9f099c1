import { z } from 'zod'

/** `POST /v1/patches/check`: says whether a patch could be taken; nothing is written. */
export const patchCheckBodySchema = z.strictObject({
  diff: z
    .string()
    .min(1)
    .max(1_000_000)
    .describe('Unified diff as `git diff` prints it; paths count from the served folder.'),
})

/** What would become of a patch. */
export const patchCheckSchema = z.object({
  applies: z.boolean().describe('Every hunk fits the files as they are now.'),
  allowed: z.boolean().describe('It applies, and no guard blocks it.'),
  /** Why it does not apply, in words. */
  complaint: z.string().optional(),
  files: z.array(
    z.object({
      path: z.string(),
      change: z.enum(['modified', 'added', 'removed', 'renamed']),
      added: z.int(),
      removed: z.int(),
    }),
  ),
  findings: z
    .array(z.object({ code: z.string(), path: z.string().optional(), message: z.string(), blocks: z.boolean() }))
    .describe('What the guards of repairs say; one that blocks refuses the patch.'),
})

/** What would become of a patch. */
export type PatchCheck = z.output<typeof patchCheckSchema>
